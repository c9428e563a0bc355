"""Records become the groups that libauparse makes of them, in its order."""

from __future__ import annotations

import re
import sys
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

import libauparse
import pytest
from audisp_json_logs import log, printed_names
from hypothesis import given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.events import Group
from mig_audit.modules.audit.events.auparse_feed import AuparseFeed, ends_event
from mig_audit.modules.audit.records import Record, parse_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events import Bundle

_WHY_NOT = libauparse.missing()
_LONG_AVC = b"avc: denied { %b} for pid=1" % (b"read " * 60)


def _record(kind: str, serial: int = 1, second: int = 100, node: str = "", body: bytes = b"x=1") -> Record:
    prefix = f"node={node} " if node else ""
    return parse_line(f"{prefix}type={kind} msg=audit({second}.000:{serial}): ".encode() + body)


def _shapes(events: Sequence[Bundle | Group]) -> list[tuple[int, str, str]]:
    """Return the serial, the types and the ending of each event."""
    groups = [event if isinstance(event, Group) else event.group() for event in events]
    return [
        (group.records[0].serial, " ".join(record.type for record in group.records), group.ending)
        for group in groups
    ]


def _run(*records: Record, feed: AuparseFeed | None = None) -> list[Group]:
    feed = feed or AuparseFeed()
    return [bundle.group() for bundle in [*chain.from_iterable(map(feed.add, records)), *feed.flush()]]


def test_an_event_ends_with_proctitle() -> None:
    """The EOE after it is in no group, and nothing is missing for want of it."""
    feed = AuparseFeed()
    groups = _run(_record("SYSCALL"), _record("PROCTITLE"), _record("EOE"), feed=feed)

    assert _shapes(groups) == [(1, "SYSCALL PROCTITLE", "eoe")]
    assert (groups[0].gaps, feed.left_out) == ((), 1)


def test_an_event_without_proctitle_ends_with_eoe() -> None:
    """Which is then its last record."""
    assert _shapes(_run(_record("SYSCALL"), _record("EOE"))) == [(1, "SYSCALL EOE", "eoe")]


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        ("LOGIN", True),
        ("USER_LOGIN", True),
        ("DAEMON_START", True),
        ("MAC_UNLBL_ALLOW", True),
        ("MAC_CALIPSO_DEL", True),
        ("KERNEL", True),
        ("ANOM_LOGIN_TIME", True),
        ("NOSUCHTYPE", True),
        ("UNKNOWN[1423]", False),
        ("CONFIG_CHANGE", False),
        ("AVC", False),
        ("SECCOMP", False),
        ("ANOM_ABEND", False),
        ("ANOM_PROMISCUOUS", False),
        ("NETFILTER_CFG", False),
    ],
)
def test_some_types_end_their_event(kind: str, *, ends: bool) -> None:
    """All that are no kernel event, and a few that are; not all that come alone."""
    shapes = _shapes(_run(_record(kind), _record("PATH")))

    assert len(shapes) == 1 + ends


def test_a_login_is_apart_from_its_system_call() -> None:
    """The rest is a late part of the event."""
    groups = _run(_record("LOGIN"), _record("SYSCALL"), _record("PROCTITLE"))

    assert _shapes(groups) == [(1, "LOGIN", "single"), (1, "SYSCALL PROCTITLE", "eoe")]
    assert [group.part for group in groups] == [0, 1]


def test_an_event_waits_for_those_before_it() -> None:
    """By time and serial, not by arrival."""
    feed = AuparseFeed()

    assert list(feed.add(_record("ANOM_ABEND", serial=1))) == []
    assert list(feed.add(_record("USER_LOGIN", serial=2))) == []
    assert feed.held == 2
    assert _shapes(feed.add(_record("USER_LOGIN", serial=3, second=102))) == [
        (1, "ANOM_ABEND", "timeout"),
        (2, "USER_LOGIN", "single"),
        (3, "USER_LOGIN", "single"),
    ]
    assert feed.held == 0


def test_time_is_counted_in_whole_seconds_of_any_record() -> None:
    """Two of them, whoever they are from."""
    feed = AuparseFeed()
    feed.add(_record("SYSCALL", serial=1, node="a"))

    assert list(feed.add(_record("PATH", serial=7, second=101, node="b"))) == []
    assert _shapes(feed.add(_record("PATH", serial=8, second=102, node="b"))) == [(1, "SYSCALL", "timeout")]


def test_an_eoe_that_is_left_out_does_not_move_the_time() -> None:
    """As in the library, which does not look any further."""
    feed = AuparseFeed()
    feed.add(_record("SYSCALL", serial=1))

    assert feed.add(_record("EOE", serial=2, second=900)) == ()
    assert (feed.held, feed.left_out) == (1, 1)


def test_nodes_are_apart_and_first_come_first_out() -> None:
    """The place in the library's array decides, and it is taken again."""
    feed = AuparseFeed()
    feed.add(_record("SYSCALL", serial=1, second=99))
    feed.add(_record("SYSCALL", serial=2, node="a"))
    feed.add(_record("SYSCALL", serial=2, node="b"))
    feed.add(_record("PROCTITLE", serial=1, second=99))
    feed.add(_record("SYSCALL", serial=2, node="c"))
    groups = [bundle.group() for bundle in feed.flush()]

    assert [group.records[0].node for group in groups] == ["c", "a", "b"]


def test_a_record_that_cannot_be_read_is_left_out() -> None:
    """As the first of an event; later ones are in it, and end nothing until another comes."""
    feed = AuparseFeed()

    assert feed.add(_record("USER_AVC", body=_LONG_AVC)) == ()
    assert feed.left_out == 1
    feed.add(_record("SYSCALL"))
    assert list(feed.add(_record("USER_AVC", body=_LONG_AVC))) == []
    assert _shapes(feed.add(_record("CWD", serial=2))) == [(1, "SYSCALL USER_AVC", "single")]


@pytest.mark.parametrize(
    ("bounds", "held"),
    [({"max_held": 10}, 10), ({"max_size": 20_000}, 19)],
)
def test_what_is_held_is_bounded(bounds: dict[str, int], held: int) -> None:
    """The first one goes ahead; the library would hold them all."""
    feed = AuparseFeed(**bounds)
    bundles = chain.from_iterable(feed.add(_record("SYSCALL", serial=serial)) for serial in range(1000))
    groups = [bundle.group() for bundle in bundles]

    assert feed.held <= held
    assert {group.ending for group in groups} == {"evicted"}
    assert [group.records[0].serial for group in groups] == list(range(1000 - feed.held))


@pytest.mark.parametrize("bounds", [{"max_records": 4}, {"max_event_size": 1200}])
def test_one_event_is_bounded(bounds: dict[str, int]) -> None:
    """Its further records are a late part; what the event and its records take beside their texts counts."""
    groups = _run(*[_record("PATH") for _ in range(10)], feed=AuparseFeed(**bounds))

    assert [len(group.records) for group in groups] == [4, 4, 2]
    assert [group.ending for group in groups] == ["evicted", "evicted", "end"]
    assert [group.part for group in groups] == [0, 1, 2]


def test_what_was_given_out_is_forgotten() -> None:
    """State does not grow with the stream, also where its time stands still."""
    feed = AuparseFeed(max_held=50, memory=50)
    for serial in range(20_000):
        feed.add(_record("SYSCALL", serial))
        feed.add(_record("PROCTITLE", serial))

    assert feed.held == feed._size == 0
    assert max(len(feed._ages), len(feed._free), len(feed._given), feed._slots) <= 51
    assert not feed._open
    assert not feed._order


def _calls(held: int) -> int:
    """Return how many functions are called for 500 records while so many events are held."""
    feed = AuparseFeed()
    feed.add(_record("SYSCALL", serial=0, second=99))
    for serial in range(held):
        feed.add(_record("USER_LOGIN" if serial % 2 else "SYSCALL", serial))
    records = [_record("PATH", serial) for serial in range(10_000, 10_500)]
    calls = Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: calls.update([event]))
    for record in records:
        feed.add(record)
    sys.setprofile(None)
    assert feed.held == held + 501
    return calls["call"] + calls["c_call"]


def test_work_does_not_grow_with_the_events_that_are_held() -> None:
    """But for what the heaps do within a call."""
    assert _calls(2000) < _calls(20) * 1.1


@pytest.mark.parametrize("name", printed_names())
def test_every_record_of_a_log_is_in_a_group_or_counted(name: str) -> None:
    """And none is held at the end."""
    records = [parse_line(line, AuparseFeed.seconds_limit) for line in log(name).split(b"\n")[:-1]]
    feed = AuparseFeed()
    groups = _run(*records, feed=feed)

    assert sum(len(group.records) for group in groups) + feed.left_out == len(records)
    assert feed.held == 0


_STREAMS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *[
                    "SYSCALL",
                    "PATH",
                    "PROCTITLE",
                    "EOE",
                    "LOGIN",
                    "USER_LOGIN",
                    "CONFIG_CHANGE",
                    "AVC",
                    "USER_AVC",
                ],
                *["MAC_STATUS", "KERNEL", "UNKNOWN[1399]", "NOSUCHTYPE"],
            ]
        ),
        st.integers(1, 5),
        st.sampled_from([100, 100, 100, 101, 102, 103, 99, 110]),
        st.sampled_from(["", "", "a", "b"]),
        st.sampled_from([b"", b"", b"", _LONG_AVC]),
    ),
    max_size=40,
)


def _lines(stream: Sequence[tuple[str, int, int, str, bytes]]) -> list[bytes]:
    """Return lines, each with its number in it."""
    return [
        (f"node={node} " if node else "").encode()
        + f"type={kind} msg=audit({second}.000:{serial}): line={number} ".encode()
        + body
        for number, (kind, serial, second, node, body) in enumerate(stream)
    ]


@given(_STREAMS)
def test_records_are_conserved(stream: Sequence[tuple[str, int, int, str, bytes]]) -> None:
    """Each is in one group, with others of its event only, in their order."""
    records = [parse_line(line) for line in _lines(stream)]
    feed = AuparseFeed(max_held=3, max_records=3)
    groups = _run(*records, feed=feed)
    given_out = [record for group in groups for record in group.records]

    assert len(given_out) + feed.left_out == len(records)
    assert len(set(given_out)) == len(given_out)
    for group in groups:
        assert len({(record.stamp, record.node) for record in group.records}) == 1
        assert list(group.records) == sorted(group.records, key=records.index)


@pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT)
@given(_STREAMS)
@settings(deadline=None, max_examples=300)
def test_libauparse_gives_out_the_same(stream: Sequence[tuple[str, int, int, str, bytes]]) -> None:
    """The same records in the same groups, in the same order, of any stream."""
    lines = _lines(stream)
    ours = [
        [int(re.findall(rb"line=(\d+)", record.body)[0]) for record in group.records]
        for group in _run(*map(parse_line, lines))
    ]
    theirs = [
        [int(dict(record).get(b"line") or b"-1") for record in records]
        for records in libauparse.events(lines)
    ]

    assert ours == theirs


def test_the_types_that_end_an_event_are_those_of_the_library() -> None:
    """Around each border."""
    borders = (
        1299,
        1300,
        1319,
        1320,
        1321,
        1326,
        1327,
        1328,
        1405,
        1406,
        1419,
        1420,
        1999,
        2000,
        2001,
        2099,
        2100,
    )

    assert [number for number in borders if ends_event(number)] == [
        1299,
        1320,
        1327,
        1406,
        1419,
        2000,
        2100,
    ]
