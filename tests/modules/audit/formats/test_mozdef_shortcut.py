"""The shortcut gives MozDef's events byte for byte as the long way does, or declines."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest
from corpus import DATA, read_log
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import block_of, bundles_of

from mig_audit.modules.audit.events import (
    Actor,
    Bundle,
    Correlator,
    Decoder,
    Ledger,
    Origin,
    RunStream,
    TableNames,
)
from mig_audit.modules.audit.events.usual import UsualRun
from mig_audit.modules.audit.formats.mozdef import MozdefFormat
from mig_audit.modules.audit.formats.mozdef_shortcut import memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mig_audit.modules.audit.events import Names
    from mig_audit.modules.audit.events.usual import Complete
    from mig_audit.modules.audit.formats.interface import Short, Shortcut

NAMES = TableNames({0: "root", 1000: "alice"}, {0: "root"})
FORMAT = MozdefFormat(Origin("audit-host.example.com", NAMES))
EVENT = [
    (
        "type=SYSCALL msg=audit(1700000000.123:77): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7f0 a2=241"
        " a3=1b6 items=2 ppid=10 pid=11 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3"
        ' comm="vi" exe="/usr/bin/vi" key="k"'
    ),
    'type=CWD msg=audit(1700000000.123:77): cwd="/root"',
    (
        'type=PATH msg=audit(1700000000.123:77): item=0 name="." inode=1 dev=fe:00 mode=040700 ouid=0 ogid=0 rdev=00:00'
        " nametype=PARENT cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0"
    ),
    (
        'type=PATH msg=audit(1700000000.123:77): item=1 name="notes" inode=2 dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00'
        " nametype=CREATE cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0"
    ),
    "type=PROCTITLE msg=audit(1700000000.123:77): proctitle=7669006E6F746573",
    "type=EOE msg=audit(1700000000.123:77): ",
]
EXEC = [
    (
        "type=SYSCALL msg=audit(1700000000.123:78): arch=c000003e syscall=59 success=yes exit=0 a0=7f0 a1=7f1 a2=7f2 a3=8"
        " items=1 ppid=10 pid=11 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=3"
        ' comm="vi" exe="/usr/bin/vi" subj=unconfined key="k"'
    ),
    'type=EXECVE msg=audit(1700000000.123:78): argc=2 a0="vi" a1="notes"',
    'type=CWD msg=audit(1700000000.123:78): cwd="/root"',
    EVENT[3].replace(":77)", ":78)"),
    EVENT[4].replace(":77)", ":78)"),
    "type=EOE msg=audit(1700000000.123:78): ",
]
CONNECT = [
    EXEC[0].replace("syscall=59", "syscall=42").replace("items=1", "items=0").replace(":78)", ":79)"),
    "type=SOCKADDR msg=audit(1700000000.123:79): saddr=020001BB7F0000010000000000000000",
    "type=EOE msg=audit(1700000000.123:79): ",
]
KILL = [
    EXEC[0].replace("syscall=59", "syscall=62").replace("items=1", "items=0").replace("a1=7f1", "a1=9"),
    'type=OBJ_PID msg=audit(1700000000.123:78): opid=12 oauid=1000 ouid=0 oses=3 obj=unconfined ocomm="sleep"',
    EXEC[-1],
]
OPEN = [
    EVENT[0].replace("items=2", "items=1").replace(":77)", ":80)"),
    EVENT[1].replace(":77)", ":80)"),
    EVENT[3].replace("item=1", "item=0").replace('"notes"', '"/etc/notes"').replace(":77)", ":80)"),
    *[line.replace(":77)", ":80)") for line in EVENT[4:]],
]
SETUID = [
    EXEC[0],
    (
        "type=BPRM_FCAPS msg=audit(1700000000.123:78): fver=0 fp=0 fi=0 fe=0 old_pp=0 old_pi=0 old_pe=0 old_pa=0"
        " pp=000001fffeffffff pi=0 pe=3 pa=0 frootid=0"
    ),
    *EXEC[1:],
]
LINK = [
    EVENT[0].replace("syscall=257", "syscall=88").replace("items=2", "items=3").replace(":77)", ":81)"),
    EVENT[1].replace(":77)", ":81)"),
    'type=PATH msg=audit(1700000000.123:81): item=0 name="notes" nametype=UNKNOWN',
    EVENT[2].replace("item=0", "item=1").replace(":77)", ":81)"),
    EVENT[3].replace("item=1", "item=2").replace(":77)", ":81)"),
    *[line.replace(":77)", ":81)") for line in EVENT[4:]],
]
EVENTS = (EVENT, EXEC, CONNECT, KILL, SETUID, OPEN, LINK)


def _compare(lines: Iterable[bytes], names: Names = NAMES) -> tuple[int, int]:
    """Hold the two ways against each other; return how many events went which way."""
    short, long = 0, 0
    shortcut = FORMAT.shortcut(Decoder(names))
    decoder = Decoder(names)
    stream = RunStream(Ledger(), Correlator())
    for complete in (*stream.feed(block_of(lines)), *stream.flush()):
        for bundle, found in _told(shortcut, complete):
            if found is None:
                long += 1
                continue
            event = decoder.decode(bundle.group())
            assert found == (FORMAT.encode(event), event.category, Actor.of(event))
            assert event.complete == (bundle.ending in {"eoe", "single"})
            short += 1
    return short, long


def _told(shortcut: Shortcut, complete: Complete) -> Iterator[tuple[Bundle, Short | None]]:
    """Give each event with what it is told as, which is the same whether it was cut out as a whole or in lines."""
    if isinstance(complete, Bundle):
        yield complete, shortcut.encode(complete)
        return
    for usual in complete.events:
        bundle = usual.bundle(complete.node)
        told, actors = shortcut.encode_usuals([usual], (), complete.node)
        found = (told[0], *actors[0]) if told else None
        assert found == shortcut.encode(bundle)
        yield bundle, found


@pytest.mark.parametrize("event", EVENTS)
def test_a_usual_event_takes_the_shortcut(event: list[str]) -> None:
    """And is what it is."""
    assert _compare([line.encode() for line in event]) == (1, 0)


_TAIL = (
    "ARCH=x86_64 SYSCALL=openat"
    ' AUID="eve" UID="root" GID="wheel" EUID="unset" SUID="unknown(7)" FSUID="root" EGID="root" SGID="root" FSGID="root"'
)


def _enriched(event: list[str], tail: str = _TAIL) -> list[bytes]:
    """Return an event as auditd writes it: something is added to its call and to its paths."""
    added = {"SYSCALL": f"\x1d{tail}", "PATH": '\x1dOUID="root" OGID="root"', "SOCKADDR": "\x1dSADDR={ x }"}
    return [(line + added.get(line.split(" ")[0][len("type=") :], "")).encode() for line in event]


@pytest.mark.parametrize("event", EVENTS)
def test_an_enriched_event_takes_it_too(event: list[str]) -> None:
    """With the names that its log has."""
    lines = _enriched(event)
    shortcut = FORMAT.shortcut(Decoder(NAMES))
    (complete,) = RunStream(Ledger(), Correlator()).feed(block_of(lines))
    ((_, found),) = _told(shortcut, complete)

    assert _compare(lines) == (1, 0)
    assert found is not None
    assert b'"originaluser":"eve"' in found[0]
    assert b'"group":"wheel"' in found[0]
    assert found[2].user == "eve"


_LOGIN = (
    'type=USER_START msg=audit(1700000000.123:78): pid=9 uid=0 auid=1000 ses=3 msg=\'op=PAM:session_open acct="root"'
    ' exe="/usr/bin/su" hostname=? addr=? terminal=pts/0 res=success\''
)


@pytest.mark.parametrize("event", [*EVENTS, [_LOGIN]])
def test_an_event_is_of_the_host_that_its_records_name(event: list[str]) -> None:
    """By turns of several, whose names are what they are, and of the one that is known without."""
    nodes = ["web", "web", "", 'd"b', "", "\u202e", "web"]
    lines = [
        f"{f'node={node} ' if node else ''}{line}".replace("):", f"{number}):").encode()
        for number, node in enumerate(nodes, 1)
        for line in event
    ]

    assert _compare(lines) == (7, 0)


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "ARCH=x86_64 SYSCALL=openat",
        'AUID="eve"',
        'ARCH=x86_64 SYSCALL=unknown-syscall(999) AUID="eve"',
        'ARCH=x86_64 SYSCALL=AUID="eve" AUID="mallory"',
        'ARCH=x86_64 SYSCALL="openat AUID="eve" ',
        'ARCH=x86_64 SYSCALL=openat AUID="eve" AUID="mallory"',
        'ARCH=x86_64 SYSCALL=openat AUID="a b"',
        "ARCH=x86_64 SYSCALL=openat AUID=eve",
        "ARCH=x86_64 SYSCALL=openat AUID='eve'",
        'ARCH=x86_64 SYSCALL=openat AUID="eve" msg=\'AUID="mallory"\'',
        'AUID="eve" SYSCALL=openat ARCH=x86_64',
        f'ARCH=x86_64 SYSCALL=openat AUID="{"e" * 600}"',
    ],
)
def test_whatever_was_added_is_told_the_same_both_ways(tail: str) -> None:
    """Names in any shape, and what only looks like some."""
    assert sum(_compare([*_enriched(EVENT, tail), *_enriched(EXEC)])) == 2


def test_names_of_a_log_are_its_own_and_no_other_ones() -> None:
    """The same ids have other names in another record, or none."""
    events = [
        line.replace(b":77)", b":%d)" % (77 + number))
        for number, name in enumerate(("eve", "mallory", "", "eve", "unset", "", "eve"))
        for line in (_enriched(EVENT, f'AUID="{name}"') if name else [line.encode() for line in EVENT])
    ]

    assert _compare(events) == (7, 0)


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.log*")))
def test_captured_events_are_the_same_both_ways(name: str) -> None:
    """Whatever kind of log."""
    assert sum(_compare(read_log(name))) > 0


def test_nearly_all_system_calls_of_a_busy_host_take_the_shortcut() -> None:
    """Else it would be none."""
    lines = [line for line in read_log("busy-host.log.xz") if b"type=USER" not in line]
    short, _ = _compare(lines)

    assert short > 17_000


def test_events_without_an_end_take_it_too() -> None:
    """They end by time, and say so."""
    lines = [line for line in read_log("busy-host.log.xz")[:20_000] if not line.startswith(b"type=EOE")]
    short, _ = _compare(lines)

    assert short > 3000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("items=2", "items=3"),
        ("items=2", "items=02"),
        ("pid=11", "pid=011"),
        ("exit=3", "exit=-0"),
        ("exit=3", "exit=03"),
        ("success=yes exit=3 ", ""),
        ("syscall=257", "syscall=0257"),
        ("arch=c000003e", "arch=40000003"),
        ("auid=1000", "auid=alice"),
        ("key=", "subj=unconfined key="),
        ("ses=3", "ses=03"),
        ("key=", "new=1 key="),
        ('key="k"', "key=(null)"),
        ('key="k"', "key=6B016C"),
        ('comm="vi"', "comm=7669"),
        ('comm="vi"', 'comm="v\\x41i"'),
        ('name="notes"', "name=(null)"),
        ('name="notes"', 'name=""'),
        ('name="notes"', 'name="/etc/x"'),
        ('name="notes"', "name=6E6F20746573"),
        ("item=1", "item=01"),
        ("nametype=CREATE", "nametype=DELETE more=1"),
        (" inode=2", ""),
        ("dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=CREATE", "nametype=UNKNOWN"),
        ("inode=2 dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=CREATE", "nametype=UNKNOWN"),
        ("inode=2 dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=CREATE", "nametype=unknown"),
        (" cap_fp=0 cap_fi=0", " cap_fp=7 cap_fi=0"),
        ('name="/etc/notes"', 'name="/"'),
        ('name="/etc/notes"', 'name="/etc/n\\otes"'),
        ('name="/etc/notes"', 'name="/etc/n\x7f"'),
        ('name="/etc/notes"', 'name="/etc/é"'),
        ('name="/etc/notes"', f'name="/{"x" * 199}"'),
        ('name="/etc/notes"', f'name="/{"x" * 200}"'),
        ('name="/etc/notes"', "name=2F657463206E"),
        ('name="/etc/notes"', "name=2F657463206"),
        ('name="/etc/notes"', "name=2F6574632FC3A9"),
        ('name="/etc/notes"', "name=2F" + "FF" * 49),
        ('name="/etc/notes"', "name=2F" + "FF" * 50),
        ('name="/etc/notes"', "name=2F" + "5C" * 150),
        ('name="notes"', "name=" + "FF" * 48),
        ('name="notes"', "name=" + "FF" * 49),
        ('name="notes"', 'name="./notes"'),
        ('name="notes"', 'name=".notes"'),
        ('name="notes"', 'name=".."'),
        ('name="notes"', f'name="{"x" * 194}"'),
        ('name="notes"', f'name="{"x" * 195}"'),
        ("inode=2 ", "inode=02 "),
        ("inode=2 ", "inode= "),
        ("dev=fe:00", "more=1 dev=fe:00"),
        ("nametype=CREATE", "nametype=PARENT"),
        ("nametype=CREATE", "nametype=CREATE more=1"),
        ("inode=2 dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype", "inode=2 nametype"),
        ('cwd="/root"', "cwd=2F72C3B6"),
        ('cwd="/root"', 'cwd="/root (deleted)"'),
        ('cwd="/root"', "cwd=(null)"),
        ('cwd="/root"', 'cwd="/"'),
        ('cwd="/root"', 'cwd="/root" x=1'),
        ("a0=ffffff9c", "a0=ffffffffffffff9c"),
        ("a0=ffffff9c", "a0=5"),
        ("proctitle=7669006E6F746573", 'proctitle="vi"'),
        ("proctitle=7669006E6F746573", "proctitle=(null)"),
        ("proctitle=7669006E6F746573", "proctitle=7669006E6F74657300"),
        ("proctitle=7669006E6F746573", "proctitle=76690000"),
        ("proctitle=7669006E6F746573", "proctitle=00"),
        ("proctitle=7669006E6F746573", "proctitle="),
        ("tty=pts0", "tty=(null)"),
        ("key=", "subj=? key="),
        ('exe="/usr/bin/vi"', "exe=(null)"),
        ('name="notes"', "name=?"),
        ('name="notes"', "name=(none)"),
        (' a1="notes"', ' a2="notes"'),
        (' a1="notes"', ' a0="notes"'),
        (' a1="notes"', ' a01="notes"'),
        (' a1="notes"', ""),
        (' a1="notes"', ' a1="no tes"'),
        (' a1="notes"', ' a1="notes" '),
        (' a1="notes"', ' a1=""'),
        (' a1="notes"', ' a1="it\'s"'),
        (' a1="notes"', ' a1="(missing)"'),
        (' a1="notes"', " a1=6E6F20746573"),
        (' a1="notes"', " a1=C3BC1B5C7834"),
        ('argc=2 a0="vi" a1="notes"', 'argc=1 a0=""'),
        (' a1="notes"', ' a1="no"tes"'),
        (' a1="notes"', " a1=(null)"),
        (' a1="notes"', " a1=?"),
        (' a1="notes"', " a1=notes"),
        (' a1="notes"', " a1='notes'"),
        (' a1="notes"', ' a1_len=5 a1[0]="notes"'),
        (' a1="notes"', ' a1="notes" key="x"'),
        ('a0="vi" a1="notes"', 'a1="vi" a0="notes"'),
        ("argc=2", "argc=3"),
        ("argc=2", "argc=02"),
        ("argc=2 ", ""),
        ("saddr=020001BB7F0000010000000000000000", "saddr=0A0001BB00000000" + "0" * 31 + "100000000"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=01002F746D702F2022"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=01000061FF00"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=01002F72756E00FF00"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=01002F72C3A9"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=01002F72C3A"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=0100" + "2F" * 200 + "00"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=0100" + "2F" * 201 + "00"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=0100"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=01002f72756e"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=000A01BB" + "0" * 40 + "00000002"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=0A0001BB0000000A" + "0" * 31 + "102000000"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=0A0001BB00000000" + "0" * 20 + "FFFF7F000001"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=0A0001BB00000000" + "0" * 20 + "FFFF7F0000"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=020001BB7F000001"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=020001BB7F0000"),
        ("saddr=020001BB7F0000010000000000000000", "saddr=(null)"),
        ("saddr=020001BB7F0000010000000000000000", "saddr="),
        ("syscall=42", "syscall=43"),
        ("type=EOE msg=audit(1700000000.123:77): ", "type=EOE msg=audit(1700000000.123:77): x=1"),
        (".123:77)", ".123:077)"),
        ("(1700000000.", "(01700000000."),
        ("type=PROCTITLE", "type=MMAP"),
        ("type=PROCTITLE", "type=SYSCALL"),
    ],
)
def test_an_unusual_record_changes_nothing_but_the_way(old: str, new: str) -> None:
    """Each is told the same, by whichever way it goes."""
    changed = [[line.replace(old, new) for line in event] for event in EVENTS]

    assert changed != list(EVENTS)
    assert sum(_compare([line.encode() for event in changed for line in event])) >= 3


def test_an_address_that_is_empty_is_told_the_same_both_ways() -> None:
    """The summary says that it is not known."""
    lines = [line.replace("saddr=020001BB7F0000010000000000000000", "saddr=").encode() for line in CONNECT]

    assert _compare(lines) == (1, 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("opid=12", "opid=012"),
        ("opid=12 ", ""),
        ("opid=12", "opid=12 opid=13"),
        ("oauid=1000", "oauid=-1"),
        ("oauid=1000", "oauid=4294967295"),
        ("obj=unconfined", "pid=7"),
        ("obj=unconfined", "exe=7669"),
        ("obj=unconfined", "a0=7"),
        ('ocomm="sleep"', "ocomm=736C6565701B"),
        ('ocomm="sleep"', "ocomm=(null)"),
        ('ocomm="sleep"', 'ocomm="' + "x" * 600 + '"'),
        ("a1=9", "a1=99"),
        ("syscall=62", "syscall=1"),
        ("syscall=62", "syscall=41"),
        ("type=OBJ_PID", "type=BPRM_FCAPS"),
        ("fver=0", "fver=x"),
        ("pa=0 ", ""),
        ("pp=000001fffeffffff", "pp=zz"),
        ("pe=3", "pe=3 pe=3"),
        ("frootid=0", "frootid=0 apparmor=1"),
        ("type=BPRM_FCAPS", "type=OBJ_PID"),
        ("type=EXECVE", "type=BPRM_FCAPS"),
    ],
)
def test_an_unusual_second_record_changes_nothing_but_the_way(old: str, new: str) -> None:
    """Neither what was signalled nor what a program may."""
    for event in (KILL, SETUID):
        assert sum(_compare([line.replace(old, new).encode() for line in event])) >= 1


LOGIN = (
    'type=USER_LOGIN msg=audit(1700000000.123:%d): pid=9 uid=0 auid=1000 ses=3 msg=\'op=login id=%s exe="/usr/sbin/sshd"'
    " hostname=? addr=10.1.2.3 terminal=ssh res=success'"
)


@pytest.mark.parametrize(
    "number", ["0", "25", "1000", "025", "4294967295", "4294967296", "-1", "?", '"25"', "unset"]
)
def test_an_id_is_told_with_its_name_if_it_has_one(number: str) -> None:
    """Also when others without a name were told before."""
    assert _compare([(LOGIN % line).encode() for line in ((1, "26"), (2, number), (3, number))]) == (3, 0)


@pytest.mark.parametrize(
    "value", ["o'neil", '"o\'neil"', "'", "' exe=/bin/false", "x'", '"a', 'a"b"', '""', "a\\x41"]
)
def test_a_text_with_quotes_in_it_is_told_the_same_both_ways(value: str) -> None:
    """They may be what ends it."""
    lines = [(LOGIN % (number, "26")).replace("hostname=?", f"hostname={value}") for number in range(1, 4)]
    lines += [line.replace("id=26", f"acct={value}") for line in lines]

    assert sum(_compare([line.encode() for line in lines])) == 6


def test_an_id_of_a_group_is_told_with_the_groups_name() -> None:
    """Which no user needs to have."""
    lines = [LOGIN.replace("USER_LOGIN", "ADD_GROUP") % line for line in ((1, "0"), (2, "7"), (3, "26"))]
    names = TableNames({0: "root"}, {7: "lp"})

    assert sum(_compare([line.encode() for line in lines], names)) == 3


def test_long_events_go_the_long_way() -> None:
    """What is cut there is not cut here."""
    long = ["".join(f" a{index}=" + '"' + "x" * 4000 + '"' for index in range(1, 10))]
    line = f'type=EXECVE msg=audit(1700000000.123:77): argc=10 a0="vi"{long[0]}'

    assert _compare([text.encode() for text in [EVENT[0], line, *EVENT[1:]]]) == (0, 1)


def test_names_hold_for_a_minute_of_the_stream() -> None:
    """An account that is renamed has its new name soon."""

    class Changing(TableNames):
        """Has another name each time it is asked."""

        asked = 0

        def user(self, uid: int) -> str:
            """Return a new name."""
            self.asked += 1
            return f"user{uid}-{self.asked}"

    shortcut = FORMAT.shortcut(Decoder(Changing({}, {})))
    lines = [line.replace("1700000000.", f"{seconds}.") for seconds in (60, 119, 120) for line in EVENT]
    bundles = bundles_of(RunStream(Ledger(), Correlator()), [line.encode() for line in lines])
    found = [shortcut.encode(bundle) for bundle in bundles]
    users = [encoded[2].user for encoded in found if encoded]

    assert users[0] == users[1] != users[2]


@pytest.mark.parametrize("more", ["", " suid=1000", " uid=1000", " id=0"])
def test_senders_of_one_kind_of_message_are_told_apart(more: str) -> None:
    """By number and name, for which nothing else of the message need be made again."""
    ids = [(0, 0), (0, 1000), (1000, 0), (5, 6), (1000, 4294967295), (0, 0), (5, 6)]
    text = f'op=login acct="bob" exe="/usr/bin/su" hostname=? addr=? terminal=? res=success{more}'
    lines = [
        f"type=USER_LOGIN msg=audit(1700000000.123:{serial}): pid=7 uid={uid} auid={auid} ses=3 msg='{text}'"
        for serial, (uid, auid) in enumerate(ids, start=1)
    ]

    assert sum(_compare([line.encode() for line in lines])) == len(lines)


@pytest.mark.parametrize("unit", ["unit", "unit=", "=unit", "unit=?", "hostname", "exe", "id"])
def test_a_word_that_is_no_field_is_not_taken_for_one(unit: str) -> None:
    """Nor for a field whose value is left open."""
    text = f'{unit} comm="systemd" exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success'
    line = f"type=SERVICE_START msg=audit(1700000000.123:1): pid=1 uid=0 auid=0 ses=3 msg='{text}'"

    _compare([line.encode(), line.replace(":1)", ":2)").encode()])


class Doubled(memory.Memory[bytes, bytes]):
    """Remembers twice the key."""

    made = 0

    def make(self, key: bytes) -> bytes:
        """Return it."""
        self.made += 1
        return key * 2


def test_what_comes_again_is_remembered() -> None:
    """What came once is not: most of it never comes again."""
    doubled = Doubled()
    for times, made in enumerate((1, 2, 2, 2), start=1):
        assert doubled[b"x"] == b"xx"
        assert (doubled.made, b"x" in doubled) == (made, times > 1)


def test_what_is_remembered_is_bounded() -> None:
    """Strings that never come again make it slower, not larger."""
    doubled = Doubled()
    for number in range(3 * memory.ENTRIES):
        for _ in range(2):
            assert doubled[b"%d" % number] == b"%d" % number * 2
        assert len(doubled) <= memory.ENTRIES
    for _ in range(2):
        assert doubled[b"x" * 1000] == b"x" * 2000
    assert b"x" * 1000 not in doubled


def test_usual_events_are_told_up_to_the_first_that_is_not_so_usual() -> None:
    """Which is for the long way, and the rest after it."""
    odd = [line.replace("items=2", "items=3").replace(":77)", ":78)") for line in EVENT]
    after = [line.replace(":77)", ":79)") for line in EVENT]
    stream = RunStream(Ledger(), Correlator())
    (run,) = stream.feed(block_of(line.encode() for line in [*EVENT, *odd, *after]))
    assert isinstance(run, UsualRun)

    shortcut = FORMAT.shortcut(Decoder(NAMES))
    told, actors = shortcut.encode_usuals(run.events)
    first, declined, rest = run.split(len(told))

    assert len(told) == len(actors) == len(first.events) == 1
    assert [usual.serial for usual in (*declined.events, *rest.events)] == [b"78", b"79"]
    assert [first.records, declined.records, rest.records] == [6, 6, 6]


def test_what_came_once_leaves_a_trace_that_others_wear_away() -> None:
    """Its size never changes."""
    traces = bytearray(16)
    numbers = [(trace << 32) + place for trace in (1, 2) for place in range(16)]

    assert [memory.came_before(traces, number) for number in numbers] == [False] * 32
    assert [memory.came_before(traces, number) for number in numbers[16:]] == [True] * 16
    assert not memory.came_before(traces, numbers[0])
    assert len(traces) == 16


_TOKEN = re.compile(rb"[^ =]*=[^ ]*")
_VALUES = st.sampled_from(
    [
        b"0",
        b"-1",
        b"00",
        b"ffffff9c",
        b'"x"',
        b'""',
        b"(null)",
        b"(none)",
        b"?",
        b"41",
        b'"\\x41"',
        b'"a\\b"',
        b"4142",
        b"FF",
    ]
)


_ADDED = st.sampled_from([_TAIL.encode(), b'AUID="eve"', b"", b"UID=x\x1dUID=y", b"MIG_RAW=00"])


@st.composite
def _mutated(draw: st.DrawFn) -> list[bytes]:
    """A usual event, some values of which are others."""
    lines = [line.encode() for line in EVENT]
    for _ in range(draw(st.integers(1, 3))):
        index = draw(st.integers(0, len(lines) - 1))
        tokens = lines[index].split(b" ")
        place = draw(st.integers(0, len(tokens) - 1))
        if _TOKEN.fullmatch(tokens[place]):
            tokens[place] = tokens[place].partition(b"=")[0] + b"=" + draw(_VALUES)
        lines[index] = b" ".join(tokens)
    for _ in range(draw(st.integers(0, 2))):
        lines[draw(st.integers(0, len(lines) - 1))] += b"\x1d" + draw(_ADDED)
    return lines


@given(_mutated())
def test_any_value_is_told_the_same_both_ways(lines: list[bytes]) -> None:
    """Whatever a record holds."""
    _compare(lines)


_UNTOLD = st.one_of(
    st.binary(max_size=12),
    st.text('ab /.\\"x5c\x7f\x1b\x00é日\u202e\u200b\u0600\U0001f600', max_size=8).map(str.encode),
    st.lists(st.sampled_from([b"./", b".", b"/", b"..", b"a", b"\0", b" (deleted)"]), max_size=4).map(
        b"".join
    ),
)


def _as_hex(data: bytes) -> bytes:
    return data.hex().upper().encode()


# What the kernel may write for a string, and what it never does.
_STRINGS = st.one_of(
    _UNTOLD.map(_as_hex),
    _UNTOLD.map(lambda data: _as_hex(data + b"\0")),
    _UNTOLD.map(lambda data: b'"%b"' % data.translate(None, b' "\n')),
    _UNTOLD.map(lambda data: b'"%b"' % data.translate(None, b"\n")),
    _UNTOLD.map(lambda data: _as_hex(data)[1:]),
    _UNTOLD.map(lambda data: data.hex().encode()),
    _UNTOLD.map(lambda data: data.translate(None, b"\n")),
    st.text("a", min_size=190, max_size=300).map(lambda text: f'"/{text}"'.encode()),
    _VALUES,
)
_ADDRESSES = st.one_of(
    st.binary(max_size=40),
    st.tuples(
        st.sampled_from(
            [b"\x01\0", b"\x02\0", b"\x0a\0", b"\0\x0a", b"\x10\0", b"\x11\0", b"\x28\0", b"\xf0\0"]
        ),
        st.one_of(
            _UNTOLD,
            st.binary(min_size=6, max_size=30),
            st.binary(max_size=4).map(lambda end: bytes(20) + end),
        ),
    ).map(b"".join),
).map(_as_hex)
_NUMBERS = st.sampled_from(
    [b"0", b"1", b"-1", b"-2", b"-4095", b"-4096", b"00", b"4294967295", b"%d" % (1 << 62)]
)
_TEXTS_OF = {
    b"name": _STRINGS,
    b"cwd": _STRINGS,
    b"comm": _STRINGS,
    b"exe": _STRINGS,
    b"key": _STRINGS,
    b"tty": _STRINGS,
    b"subj": _STRINGS,
    b"a0": _STRINGS,
    b"a1": _STRINGS,
    b"proctitle": _STRINGS,
    b"saddr": st.one_of(_ADDRESSES, _STRINGS),
    b"exit": _NUMBERS,
    b"ses": _NUMBERS,
    b"auid": _NUMBERS,
    b"argc": _NUMBERS,
    b"nametype": st.sampled_from([b"PARENT", b"DELETE", b"UNKNOWN"]),
}
_FIELD = re.compile(rb"(?<= )([a-z0-9]+)=([^ ]*)")
# Where each string stands: the event, the line, and the field.
_PLACES = [
    (event, number, match)
    for event in EVENTS
    for number, line in enumerate(event)
    for match in _FIELD.finditer(line.encode())
    # The registers of a call are no strings.
    if match[1] in _TEXTS_OF and not (number == 0 and match[1] in {b"a0", b"a1"})
]


@st.composite
def _written(draw: st.DrawFn) -> list[bytes]:
    """An event, one string of which is another."""
    event, number, match = draw(st.sampled_from(_PLACES))
    lines = [line.encode() for line in event]
    value = draw(_TEXTS_OF[match[1]])
    lines[number] = lines[number][: match.start(2)] + value + lines[number][match.end(2) :]
    return lines


@settings(max_examples=500)
@given(_written())
def test_any_string_is_told_the_same_both_ways(lines: list[bytes]) -> None:
    """However it is written, and wherever it stands."""
    _compare(lines)


def _damage(line: bytes, order: random.Random) -> bytes:
    data = bytearray(line)
    for _ in range(order.randrange(1, 4)):
        place = order.randrange(len(data))
        data[place : place + order.randrange(2)] = bytes([order.randrange(256)]).replace(b"\n", b" ")
    return bytes(data)


def test_damaged_records_are_told_the_same_both_ways() -> None:
    """Bytes changed, inserted and taken away."""
    order = random.Random(3)  # noqa: S311  # a fuzz, not a secret
    lines: Sequence[bytes] = read_log("busy-host.log.xz")[:8000]

    assert sum(_compare([_damage(line, order) if order.random() < 0.2 else line for line in lines])) > 0
