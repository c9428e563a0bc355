"""Records become groups, each record in exactly one, in constant work."""

from __future__ import annotations

import lzma
import random
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streams import in_bundles

from mig_audit.modules.audit.events import Correlator, Group, correlate, make_group
from mig_audit.modules.audit.events.group import EOE, Bundle
from mig_audit.modules.audit.events.singles import is_single
from mig_audit.modules.audit.records import Record, parse_line

if TYPE_CHECKING:
    from collections.abc import Sequence


DATA = Path(__file__).parents[3] / "data" / "records"


def _log(name: str) -> list[bytes]:
    """Return the lines of a captured log."""
    path = DATA / name
    content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return [line for line in content.split(b"\n") if line]


def _record(kind: str, serial: int, at: int = 0, body: str = "", node: str = "") -> Record:
    """Return a record at so many milliseconds."""
    prefix = f"node={node} " if node else ""
    return parse_line(f"{prefix}type={kind} msg=audit({at // 1000}.{at % 1000:03}:{serial}): {body}".encode())


def _event(serial: int, at: int = 0, paths: int = 1, node: str = "") -> list[Record]:
    return [
        _record("SYSCALL", serial, at, f"arch=c000003e syscall=87 a0=1 items={paths} pid=1", node),
        _record("CWD", serial, at, 'cwd="/"', node),
        *[_record("PATH", serial, at, f'item={item} name="/x"', node) for item in range(paths)],
        _record("EOE", serial, at, "", node),
    ]


def _run(records: Sequence[Record], correlator: Correlator | None = None) -> list[Group]:
    return list(correlate(records, correlator or Correlator()))


def _add(correlator: Correlator, record: Record) -> list[Bundle]:
    return in_bundles(correlator.add(record))


def test_an_event_is_complete_at_its_eoe() -> None:
    """All its records, in order, and nothing is missing."""
    records = _event(1)

    assert _run(records) == [Group(tuple(records), "eoe", 0, ())]


def test_a_group_is_given_out_by_the_record_that_completes_it() -> None:
    """Not earlier, not later."""
    correlator = Correlator()

    assert [len(_add(correlator, record)) for record in _event(1)] == [0, 0, 0, 1]
    assert correlator.held == 0


@pytest.mark.parametrize(
    ("kind", "single"),
    [
        ("USER", True),
        ("USER_LOGIN", True),
        ("SERVICE_START", True),
        ("DAEMON_START", True),
        ("KERNEL", True),
        ("ANOM_LOGIN_FAILURES", True),
        ("CRYPTO_KEY_USER", True),
        ("VIRT_CREATE", True),
        ("UNKNOWN[2999]", True),
        ("UNKNOWN[1199]", True),
        ("LOGIN", False),
        ("SYSCALL", False),
        ("AVC", False),
        ("CONFIG_CHANGE", False),
        ("ANOM_ABEND", False),
        ("UNKNOWN[1423]", False),
        ("NEVER_HEARD_OF", False),
    ],
)
def test_messages_of_programs_are_events_of_their_own(kind: str, single: bool) -> None:
    """By number; LOGIN has a low number and comes with its system call."""
    assert is_single(kind) is single
    assert len(Correlator().add(_record(kind, 1))) == single


def test_events_may_be_open_together() -> None:
    """CPUs interleave their records; every event gets its own."""
    first, second = _event(1), _event(2, 4)
    mixed = list(chain.from_iterable(zip(first, second)))

    assert [group.records for group in _run(mixed)] == [tuple(first), tuple(second)]


def test_hosts_number_their_events_independently() -> None:
    """The same time and serial on two nodes are two events."""
    first, second = _event(1, node="a"), _event(1, node="b")
    mixed = list(chain.from_iterable(zip(first, second)))

    assert [group.records for group in _run(mixed)] == [tuple(first), tuple(second)]


def test_the_same_serial_at_another_time_is_another_event() -> None:
    """Serials roll over."""
    assert len(_run([*_event(1), *_event(1, 4)])) == 2


def test_an_event_without_eoe_is_complete_after_two_seconds_of_the_stream() -> None:
    """The records' time decides, so that a replay gives the same."""
    correlator = Correlator()
    _add(correlator, _record("CONFIG_CHANGE", 1, 1000))

    assert _add(correlator, _record("SYSCALL", 2, 2999)) == []
    (group,) = [bundle.group() for bundle in _add(correlator, _record("CWD", 2, 3000))]
    assert (group.records[0].serial, group.ending, group.complete) == (1, "timeout", True)


def test_records_from_the_past_do_not_let_time_go_back() -> None:
    """A call that blocked for a minute has the time of its beginning, and two seconds from its arrival."""
    correlator = Correlator()
    _add(correlator, _record("CONFIG_CHANGE", 1, 60_000))

    late = _event(2, 1000)
    assert [len(_add(correlator, record)) for record in late] == [0, 0, 0, 1]
    assert _add(correlator, _record("CONFIG_CHANGE", 3, 61_999)) == []
    assert [group.ending for group in _add(correlator, _record("CONFIG_CHANGE", 4, 62_000))] == ["timeout"]


def test_a_clock_that_was_set_back_does_not_stop_the_timeouts() -> None:
    """After a thousand records from the past, that is the time."""
    correlator = Correlator()
    _add(correlator, _record("CONFIG_CHANGE", 1, 10**9))
    groups = list(
        chain.from_iterable(_add(correlator, _record("USER", serial, 1000)) for serial in range(2, 1002))
    )
    _add(correlator, _record("CONFIG_CHANGE", 2000, 1000))
    groups = list(_add(correlator, _record("USER", 2001, 3001)))

    assert [group.ending for group in groups] == ["timeout", "timeout", "single"]


def test_beyond_the_cap_the_oldest_event_is_given_out() -> None:
    """Memory is bounded, and nothing is dropped for it."""
    correlator = Correlator(max_open=2)
    bundles = chain.from_iterable(_add(correlator, _record("AVC", serial)) for serial in (1, 2, 3))

    assert [(bundle.group().records[0].serial, bundle.ending) for bundle in bundles] == [(1, "evicted")]


@pytest.mark.parametrize(("body", "enriched"), [("x" * 100, None), ("", b"x" * 100)])
def test_what_open_events_hold_together_is_bounded_too(body: str, enriched: bytes | None) -> None:
    """A few events of many records take as much memory as many of few; what auditd added takes some, too."""
    correlator = Correlator(max_size=5000)
    records = [_record("PATH", serial, 0, body)._replace(enriched=enriched) for serial in [1] * 6 + [2] * 6]
    groups = list(chain.from_iterable(_add(correlator, record) for record in records))

    assert [(len(group), group.ending) for group in groups] == [(6, "evicted")]
    assert correlator.held == 6


@pytest.mark.parametrize("bounds", [{"max_records": 4}, {"max_event_size": 31}])
def test_one_event_cannot_grow_without_end(bounds: dict[str, int]) -> None:
    """The rest are late parts; of records or of bytes, here 8 each."""
    correlator = Correlator(**bounds)
    groups = [group for _ in range(9) for group in _add(correlator, _record("PATH", 1, 0, "item=123"))]

    assert [(len(group), group.part) for group in groups] == [(4, 0), (4, 1)]
    assert [(len(group), group.part) for group in in_bundles(correlator.flush())] == [(1, 2)]


def test_records_of_a_completed_event_form_a_late_part() -> None:
    """They are given out, and known to be incomplete."""
    groups = _run([*_event(1), _record("OBJ_PID", 1), _record("EOE", 1)])

    assert [(group.late, group.part, group.gaps) for group in groups] == [
        (False, 0, ()),
        (True, 1, ("earlier", "syscall")),
    ]


def test_the_end_gives_out_what_is_open_oldest_first() -> None:
    """Nothing stays behind."""
    groups = _run([_record("AVC", 2), _record("AVC", 1)])

    assert [(group.records[0].serial, group.ending) for group in groups] == [(2, "end"), (1, "end")]


@pytest.mark.parametrize(
    ("records", "gaps"),
    [
        (_event(1), ()),
        (_event(1)[:-1], ("eoe",)),
        (_event(1)[1:], ("syscall",)),
        (_event(1, paths=3)[:3] + _event(1)[-1:], ("path",)),
        (_event(1, paths=3)[:1], ("eoe", "path")),
        ([_record("CONFIG_CHANGE", 1)], ()),
        ([_record("PROCTITLE", 1)], ("syscall",)),
        ([_record("URINGOP", 1, 0, "uring_op=18 items=0"), _record("EOE", 1)], ()),
    ],
)
def test_a_group_knows_what_it_lacks(records: list[Record], gaps: tuple[str, ...]) -> None:
    """From what the records announce."""
    group = make_group(records, "end")

    assert (group.gaps, group.complete) == (gaps, not gaps)


_KINDS = st.sampled_from(["SYSCALL", "PATH", "EOE", "USER_CMD", "LOGIN", "AVC", "NEVER_HEARD_OF"])
_RECORDS = st.lists(
    st.builds(
        _record,
        _KINDS,
        st.integers(0, 6),
        st.sampled_from([0, 1000, 1999, 2500, 9000, 10**9]),
        st.just("items=2"),
        st.sampled_from(["", "a"]),
    ),
    max_size=60,
)


@given(_RECORDS, st.integers(1, 4), st.integers(1, 3000), st.integers(1, 4), st.integers(1, 4))
def test_every_record_comes_out_in_exactly_one_group(
    records: list[Record], max_open: int, max_size: int, max_records: int, memory: int
) -> None:
    """Whatever the stream and the bounds: conserved, in order within a group, one id to a group."""
    correlator = Correlator(max_open=max_open, max_size=max_size, max_records=max_records, memory=memory)
    groups: list[Group] = []
    for record in records:
        groups += [bundle.group() for bundle in _add(correlator, record)]
        assert correlator.held <= max_size // 400
    groups += [bundle.group() for bundle in in_bundles(correlator.flush())]

    assert correlator.held == 0
    assert Counter(id(record) for group in groups for record in group.records) == Counter(map(id, records))
    for group in groups:
        assert len({(record.node, record.stamp) for record in group.records}) == 1


@given(st.lists(st.integers(1, 8), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_any_interleaving_gives_the_same_events(paths: list[int], order: random.Random) -> None:
    """As long as each event's own records stay in order."""
    events = [_event(serial, 4 * serial, count) for serial, count in enumerate(paths)]
    queues = [list(reversed(event)) for event in events]
    mixed = []
    while any(queues):
        mixed.append(order.choice([queue for queue in queues if queue]).pop())

    groups = sorted(_run(mixed), key=lambda group: group.records[0].serial)

    assert [group.records for group in groups] == [tuple(event) for event in events]
    assert all(group.complete and group.ending == "eoe" for group in groups)


def test_a_busy_host_has_the_events_that_it_had() -> None:
    """20,719 events of 99,995 records, none incomplete, none late."""
    groups = _run([parse_line(line) for line in _log("busy-host.log.xz")])

    assert len(groups) == 20_719
    assert sum(len(group.records) for group in groups) == 99_995
    assert Counter(group.ending for group in groups) == {"eoe": 17_323, "single": 3_394, "end": 2}
    assert all(group.complete and not group.late for group in groups)


def test_shuffling_events_within_their_time_changes_nothing() -> None:
    """The records of a busy host, dealt out by eight CPUs, give the same events."""
    records = [parse_line(line) for line in _log("busy-host.log.xz")[:20_000]]
    order = random.Random(1)  # noqa: S311 - a shuffle, not a secret
    windows = []
    for start in range(0, len(records), 64):
        queues: dict[bytes, list[Record]] = {}
        for record in records[start : start + 64]:
            queues.setdefault(record.stamp, []).append(record)
        while queues:
            stamp = order.choice(list(queues))
            windows.append(queues[stamp].pop(0))
            queues = {key: queue for key, queue in queues.items() if queue}

    assert sorted(_run(windows)) == sorted(_run(records))


def test_open_events_do_not_slow_the_others_down(work: Callable[[int], int]) -> None:
    """The work for a record is the same with one event open as with nine thousand."""
    assert work(9000) <= work(1) * 1.1


@pytest.fixture
def work() -> Callable[[int], int]:
    """Return how many lines of our code run for 2,000 records while so many events are open."""
    import sys  # noqa: PLC0415 - the tracer is needed here alone

    def count(already_open: int) -> int:
        correlator = Correlator()
        for serial in range(already_open):
            _add(correlator, _record("AVC", serial))
        records = list(chain.from_iterable(_event(serial) for serial in range(10_000, 10_500)))
        lines = 0

        def trace(_frame: object, event: str, _argument: object) -> object:
            nonlocal lines
            lines += event == "line"
            return trace

        before = sys.gettrace()
        sys.settrace(trace)  # type: ignore[arg-type]  # a tracer that returns itself has no finite type
        try:
            for record in records:
                _add(correlator, record)
        finally:
            sys.settrace(before)
        return lines

    return count


@pytest.mark.parametrize(
    "types", [["SYSCALL"], ["SYSCALL", "PATH", "EOE"], ["PATH", "EOE"], ["USER_CMD"], ["URINGOP"]]
)
@pytest.mark.parametrize("ending", [EOE, "timeout"])
@pytest.mark.parametrize("part", [0, 1])
def test_a_bundle_is_complete_if_its_group_is(types: list[str], ending: str, part: int) -> None:
    """Without a record made for it."""
    bodies = [b"a0=0 items=1 ppid=1 pid=2" if name == "SYSCALL" else b"" for name in types]
    bundle = Bundle(b"1.000:1", types, bodies, None, ending, part)

    assert bundle.complete == bundle.group().complete
