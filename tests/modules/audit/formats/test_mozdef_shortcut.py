"""The shortcut gives MozDef's events byte for byte as the long way does, or declines."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import pytest
from corpus import DATA, read_log
from hypothesis import given
from hypothesis import strategies as st
from streams import bundles_of

from mig_audit.modules.audit.events import Actor, Correlator, Decoder, Ledger, Origin, RunStream, TableNames
from mig_audit.modules.audit.formats.mozdef import MozdefFormat
from mig_audit.modules.audit.formats.mozdef_shortcut import memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


def _compare(lines: Iterable[bytes]) -> tuple[int, int]:
    """Hold the two ways against each other; return how many events went which way."""
    short, long = 0, 0
    shortcut = FORMAT.shortcut(Decoder(NAMES))
    decoder = Decoder(NAMES)
    for bundle in bundles_of(RunStream(Ledger(), Correlator()), lines):
        found = shortcut.encode(bundle)
        if found is None:
            long += 1
            continue
        event = decoder.decode(bundle.group())
        assert found == (FORMAT.encode(event), event.category, Actor.of(event))
        assert event.complete == (bundle.ending in {"eoe", "single"})
        short += 1
    return short, long


def test_a_usual_event_takes_the_shortcut() -> None:
    """And is what it is."""
    assert _compare([line.encode() for line in EVENT]) == (1, 0)


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.log.xz")))
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
        (" cap_fp=0 cap_fi=0", " cap_fp=7 cap_fi=0"),
        ('cwd="/root"', "cwd=(null)"),
        ('cwd="/root"', 'cwd="/"'),
        ('cwd="/root"', 'cwd="/root" x=1'),
        ("a0=ffffff9c", "a0=ffffffffffffff9c"),
        ("a0=ffffff9c", "a0=5"),
        ("proctitle=7669006E6F746573", 'proctitle="vi"'),
        ("proctitle=7669006E6F746573", "proctitle=(null)"),
        ("type=EOE msg=audit(1700000000.123:77): ", "type=EOE msg=audit(1700000000.123:77): x=1"),
        (".123:77)", ".123:077)"),
        ("(1700000000.", "(01700000000."),
        ("type=PROCTITLE", "type=MMAP"),
        ("type=PROCTITLE", "type=SYSCALL"),
    ],
)
def test_an_unusual_record_changes_nothing_but_the_way(old: str, new: str) -> None:
    """Each is told the same, by whichever way it goes."""
    assert sum(_compare([line.replace(old, new).encode() for line in EVENT])) >= 1


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


def test_what_is_remembered_is_bounded() -> None:
    """Strings that never come again make it slower, not larger."""

    class Doubled(memory.Memory[bytes, bytes]):
        """Remembers twice the key."""

        def make(self, key: bytes) -> bytes:
            """Return it."""
            return key * 2

    doubled = Doubled()
    for number in range(3 * memory.ENTRIES):
        assert doubled[b"%d" % number] == b"%d" % number * 2
        assert len(doubled) <= memory.ENTRIES
    assert doubled[b"x" * 1000] == b"x" * 2000
    assert b"x" * 1000 not in doubled


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
    return lines


@given(_mutated())
def test_any_value_is_told_the_same_both_ways(lines: list[bytes]) -> None:
    """Whatever a record holds."""
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
