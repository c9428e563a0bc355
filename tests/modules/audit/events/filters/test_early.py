"""Answers before decoding."""

from __future__ import annotations

from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_events import NAMES, event_of, events_of, lines_of, log_lines, syscall_body
from streams import groups_of

from mig_audit.modules.audit.events import Decoder, Event, Group, TableNames
from mig_audit.modules.audit.events.decoder import LookUp
from mig_audit.modules.audit.events.filters import Filters, Verdict, make_filters, parse_filters

_CONDITIONS = (
    "exe = /usr/bin/true",
    "exe ~ '^/usr/'",
    "exe",
    "comm = 'a b'",
    "key = exec",
    "key = net",
    "key",
    "success",
    "success = no",
    "success = yes",
    "syscall = execve",
    "syscall = 59",
    "syscall = connect",
    "syscall",
    "arch = x86_64",
    "arch = i386",
    "uid = 0",
    "uid = root",
    "user = 1000",
    "user = alice",
    "auid = unset",
    "egid > 0",
    "pid > 100",
    "ppid = 1",
    "session = 1",
    "exit < 0",
    "errno = EPERM",
    "a0 = 0",
    "a2 > 0x10",
    "category = write",
    "category = read",
    "category = execve",
    "category = syscall",
    "path ^= /etc",
    "path = /x",
    "object ~ 'lib|/x$'",
    "inode > 100",
    "type = PATH",
    "cwd = /",
    "command ~ x",
    "argument = x",
    "title = a",
    "title ~ python",
    "address in 127.0.0.0/8",
    "port = 443",
    "family = inet",
    "socket ~ 443",
    "op",
    "node",
    "label = x or parent",
    "complete",
)
_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "arch": st.sampled_from(["c000003e", "40000003", "0", "c00000b7"]),
        "syscall": st.sampled_from([0, 2, 42, 59, 102, 257, 437, 9999, 0x4000_003B]),
        "exit": st.sampled_from([0, 3, -1, -13, -5000]),
        "success": st.sampled_from(["yes", "no"]),
        "a0": st.sampled_from(["0", "3", "5", "ffffffffffffff9c"]),
        "a1": st.sampled_from(["0", "1", "241"]),
        "a2": st.sampled_from(["0", "1", "241", "80000"]),
        "pid": st.integers(1, 200),
        "auid": st.sampled_from([0, 1000, 4294967295]),
        "uid": st.sampled_from([0, 1000]),
        "comm": st.sampled_from(['"true"', "6120 62".replace(" ", ""), "(null)", '"a b"']),
        "exe": st.sampled_from(['"/usr/bin/true"', "2F746D702F61", "(null)", '"/x" exe="/y"', "/bare"]),
        "key": st.sampled_from(['"exec"', "(null)", "6E65740165786563", '""']),
        "items": st.sampled_from([0, 1]),
        "ses": st.sampled_from(["1", "x"]),
    },
)
_OTHERS = st.lists(
    st.sampled_from(
        [
            ("PATH", 'item=0 name="/etc/x" nametype=NORMAL key="net" res=0'),
            (
                "PATH",
                'item=1 name="x" inode=101 dev=08:01 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL',
            ),
            (
                "PATH",
                'item=2 name="/" inode=2 dev=08:01 mode=040755 ouid=0 ogid=0 rdev=00:00 nametype=PARENT',
            ),
            ("SOCKADDR", "saddr=020001BB7F000001"),
            ("CWD", 'cwd="/"'),
            ("CWD", 'cwd="/" res=0'),
            ("EXECVE", 'argc=1 a0="x"'),
            ("PROCTITLE", "proctitle=61"),
            ("PROCTITLE", "res=0"),
            ("SOCKADDR", "saddr=0100"),
            ("CONFIG_CHANGE", 'op=add_rule key="net" list=4 res=0'),
            ("OPENAT2", "oflag=0100 mode=0 resolve=0"),
            ("LOGIN", "pid=5 uid=0 old-auid=1 auid=2 res=1"),
            ("EOE", ""),
            ("EOE", "res=0"),
        ]
    ),
    max_size=3,
)


@lru_cache(maxsize=1)
def _busy_host() -> list[tuple[Group, Event]]:
    decoder = Decoder(NAMES)
    return [(group, decoder.decode(group)) for group in groups_of(log_lines("busy-host")[:15_000])]


def keep_early(filters: Filters, group: Group, *, names: bool = True) -> Verdict:
    """Ask for a group as it is before it is one."""
    records = group.records
    look_up = LookUp(Decoder(NAMES).identities, 0) if names else None
    return filters.keep_early(
        [record.type for record in records], [record.body for record in records], look_up
    )


def _filters(*conditions: str) -> Filters:
    return make_filters(parse_filters([{"drop": condition} for condition in conditions]))


@pytest.mark.parametrize("condition", _CONDITIONS)
def test_an_early_answer_is_the_full_answer_on_a_busy_host(condition: str) -> None:
    """Where there is one, it is right, and the counts are the same."""
    early, full = _filters(condition), _filters(condition)
    for group, event in _busy_host():
        verdict = keep_early(early, group)
        if verdict is Verdict.UNKNOWN:
            verdict = Verdict.KEEP if early.keep(event) else Verdict.DROP
        assert verdict is (Verdict.KEEP if full.keep(event) else Verdict.DROP), event

    assert early.taken == full.taken


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(_CONDITIONS), min_size=1, max_size=3),
    st.lists(st.tuples(_BODIES, _OTHERS), max_size=4),
)
def test_an_early_answer_is_the_full_answer_whatever_the_records(
    conditions: list[str], events: list[tuple[dict[str, object], list[tuple[str, str]]]]
) -> None:
    """Of odd shapes, with companions that say something themselves, and with what was asked before remembered."""
    text = " or ".join(f"({each})" for each in conditions)
    early, full = _filters(text), _filters(text)
    decoder = Decoder(NAMES)
    for body, others in events:
        (group, *_) = groups_of(lines_of(("SYSCALL", syscall_body(**body)), *others))
        verdict = keep_early(early, group)
        expected = Verdict.KEEP if full.keep(decoder.decode(group)) else Verdict.DROP
        assert verdict in {Verdict.UNKNOWN, expected}


@given(st.lists(st.sampled_from(_CONDITIONS), min_size=1, max_size=3), _OTHERS)
def test_what_an_event_without_a_system_call_cannot_have_is_known(
    conditions: list[str], others: list[tuple[str, str]]
) -> None:
    """Paths come from PATH records alone, and so on; what its fields say must be read."""
    text = " or ".join(f"({each})" for each in conditions)
    decoder = Decoder(NAMES)
    for group in groups_of(
        lines_of(*others, ("AVC", "avc: denied { read } for pid=100 exe=/x key=exec res=1"))
    ):
        expected = Verdict.KEEP if _filters(text).keep(decoder.decode(group)) else Verdict.DROP
        assert keep_early(_filters(text), group) in {Verdict.UNKNOWN, expected}


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("exe = /usr/bin/true", Verdict.DROP),
        ("exe = /usr/bin/false", Verdict.KEEP),
        ("key = exec and success and uid = 0 and syscall = execve", Verdict.DROP),
        ("category = execve and auid = 1000", Verdict.DROP),
        ("user = root", Verdict.UNKNOWN),
        ("path = /etc/passwd", Verdict.UNKNOWN),
        ("complete", Verdict.UNKNOWN),
        ("path = /etc/passwd and key = net", Verdict.KEEP),
        ("path = /etc/passwd or key = exec", Verdict.DROP),
    ],
)
def test_what_the_system_call_record_tells_is_decided_from_it(condition: str, verdict: Verdict) -> None:
    """The rest is not guessed; and asking counts nothing."""
    filters = _filters(condition)

    assert filters.early(syscall_body().encode()) is verdict
    assert filters.early(syscall_body(pid=101).encode()) is verdict
    assert filters.taken == {"filters[0]": 0}


def test_the_records_beside_it_are_asked_as_well() -> None:
    """Where an event has them all."""
    (group,) = groups_of(
        lines_of(
            ("SYSCALL", syscall_body(syscall=257, a0="ffffff9c")),
            ("CWD", 'cwd="/etc"'),
            ("PATH", 'item=0 name="passwd" nametype=NORMAL'),
            ("EOE", ""),
        )
    )

    assert keep_early(_filters("path = /etc/passwd"), group) is Verdict.DROP
    assert keep_early(_filters("path = /etc/shadow"), group) is Verdict.KEEP


def test_a_user_is_known_by_name_where_the_decoder_is_asked() -> None:
    """Its names are those of the event."""
    (group,) = groups_of(lines_of(("SYSCALL", syscall_body()), ("EOE", "")))
    filters = _filters("user = alice and gid = root")

    assert filters.asks_names
    assert not _filters("user = 1000 and gid = 0").asks_names
    assert keep_early(filters, group) is Verdict.DROP
    assert keep_early(_filters("user = bob"), group) is Verdict.KEEP
    assert keep_early(filters, group, names=False) is Verdict.UNKNOWN


def test_a_name_holds_for_a_minute() -> None:
    """As in the decoder: what was remembered of the minute before is not asked again."""
    (group,) = groups_of(lines_of(("SYSCALL", syscall_body()), ("EOE", "")))
    types, bodies = [record.type for record in group.records], [record.body for record in group.records]
    filters = _filters("user = bob")
    later = Decoder(TableNames({1000: "bob"}, {}))

    assert filters.keep_early(types, bodies, LookUp(Decoder(NAMES).identities, 0)) is Verdict.KEEP
    assert filters.keep_early(types, bodies, LookUp(later.identities, 1)) is Verdict.DROP


def test_the_sender_of_a_message_is_what_the_kernel_says() -> None:
    """Not what its text says."""
    text = "pid=1 uid=0 auid=1000 ses=1 msg='op=x uid=1001 acct=bob res=success'"
    (group,) = groups_of(lines_of(("USER_CMD", text)))

    assert keep_early(_filters("user = alice"), group) is Verdict.DROP
    assert keep_early(_filters("user = bob or uid = 1001"), group) is Verdict.KEEP


def test_samples_and_caps_wait_for_the_whole_event() -> None:
    """They count it once, in order."""
    filters = make_filters(parse_filters([{"sample": 2, "where": "key = exec"}, {"drop": "success"}]))

    assert filters.early(syscall_body().encode()) is Verdict.UNKNOWN
    assert filters.early(syscall_body(key='"net"').encode()) is Verdict.DROP


def test_a_record_of_another_shape_is_not_decided() -> None:
    """The decoder has its own way with those."""
    assert _filters("exe").early(b'exe="/usr/bin/true" key="exec"') is Verdict.UNKNOWN


def test_most_events_of_a_busy_host_are_decided_early() -> None:
    """Else it would not be worth it."""
    filters = _filters("exe ^= /usr/ and success")
    groups = [group for group in groups_of(log_lines("busy-host")) if group.records[0].type == "SYSCALL"]
    decided = [group for group in groups if keep_early(filters, group) is not Verdict.UNKNOWN]

    assert len(decided) > 0.95 * len(groups)


def test_an_event_of_a_message_is_not_decided() -> None:
    """It has no system call."""
    lines = lines_of(("USER_CMD", "pid=1 uid=0 auid=0 ses=1 msg='cmd=6C73 res=success'"))
    (group,) = groups_of(lines)

    assert keep_early(_filters("success"), group) is Verdict.UNKNOWN
    assert events_of(lines)[0].success
    assert event_of(("CWD", 'cwd="/"')).success is None
