"""The short way from lines to events gives what the plain one does."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from corpus import read_log
from hypothesis import given
from hypothesis import strategies as st
from streams import block_of, bundles_of, in_bundles

from mig_audit.modules.audit.events import Correlator, Ledger, RecordStream, RunStream
from mig_audit.modules.audit.events.usual import UsualRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events import Account, Group
    from mig_audit.modules.audit.events.usual import Complete

DATA = Path(__file__).parents[3] / "data" / "records"


def _plain(lines: Sequence[bytes], **bounds: int) -> tuple[list[Group], Account]:
    ledger = Ledger()
    bundles = bundles_of(RecordStream(ledger, Correlator(**bounds)), lines)
    for bundle in bundles:
        ledger.close(bundle, complete=bundle.group().complete)
    return [bundle.group() for bundle in bundles], ledger.account()


def _short(lines: Sequence[bytes], size: int = 1 << 16, **bounds: int) -> tuple[list[Group], Account]:
    ledger = Ledger()
    stream = RunStream(ledger, Correlator(**bounds))
    events: list[Complete] = []
    for start in range(0, len(lines), size):
        events += stream.feed(block_of(lines[start : start + size]))
    bundles = in_bundles([*events, *stream.flush()])
    for bundle in bundles:
        ledger.close(bundle, complete=bundle.group().complete)
    return [bundle.group() for bundle in bundles], ledger.account()


def test_a_busy_host_has_the_same_events_both_ways() -> None:
    """The same groups in the same order, and the same account."""
    lines = read_log("busy-host.log.xz")

    assert _short(lines) == _plain(lines)


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*.log.xz")))
def test_every_captured_log_has_the_same_events_both_ways(name: str) -> None:
    """Enriched ones, foreign ones, torn ones."""
    lines = read_log(name)[:20_000]

    assert _short(lines) == _plain(lines)


def test_mixed_up_records_have_the_same_events_both_ways() -> None:
    """Several CPUs, and ends that never come."""
    lines = read_log("busy-host.log.xz")[:20_000]
    order = random.Random(2)  # noqa: S311  # a shuffle, not a secret
    mixed = [line for line in lines if not line.startswith(b"type=EOE") or order.random() < 0.5]
    for start in range(0, len(mixed), 8):
        part = mixed[start : start + 8]
        order.shuffle(part)
        mixed[start : start + 8] = part

    assert _short(mixed) == _plain(mixed)


def test_how_lines_are_cut_into_blocks_changes_nothing() -> None:
    """Not even in the middle of an event."""
    lines = read_log("busy-host.log.xz")[:2000]

    assert _short(lines, 1) == _short(lines, 7) == _short(lines)


@pytest.mark.parametrize("length", [1, 3, 7, 300])
def test_a_clock_that_was_set_back_is_followed_as_soon_both_ways(length: int) -> None:
    """After as many records, however many of them come together; events without an end time out from then on."""
    later = [b"type=SYSCALL msg=audit(9000.000:1): items=0"]
    stamps = [b"%d.000:%d" % (1000 + number, number + 2) for number in range(2100 // length)]
    earlier = [b"type=PATH msg=audit(%b): item=0" % stamp for stamp in stamps for _ in range(length)]
    groups, account = _short([*later, *earlier])

    assert (groups, account) == _plain([*later, *earlier])
    assert account.endings["timeout"]


@pytest.mark.parametrize("step_back", [1, 25, 99])
def test_one_run_of_records_may_be_enough_to_follow_the_clock_twice(step_back: int) -> None:
    """Back to where the latest of them is, and then to where they are."""
    later = [b"type=SYSCALL msg=audit(%d.000:1): items=0" % seconds for seconds in (9000, 5000)]
    earlier = [b"type=PATH msg=audit(%d.000:2): item=0" % seconds for seconds in [1000] * 100 + [1003]]
    lines = [*later, *earlier]

    assert _short(lines, step_back=step_back) == _plain(lines, step_back=step_back)


def test_a_message_may_complete_the_event_whose_stamp_it_has() -> None:
    """After the clock was set back and forth; then it is no record of that event."""
    lines = [
        b"type=PATH msg=audit(10.000:99): item=0",
        *[b"type=PATH msg=audit(1.000:1): item=0"] * 30,
        b"type=USER msg=audit(10.000:99): pid=1",
        b"type=EOE msg=audit(1.000:1): ",
    ]

    assert _short(lines, step_back=25) == _plain(lines, step_back=25)


_STAMPS = st.sampled_from(
    [b"1.000:1", b"1.000:2", b"3.000:3", b"9.500:4", b"01.000:1", b"1.00:1", b"9.500:99999999999"]
)
_LINES = st.one_of(
    st.builds(
        lambda kind, stamp, end: b"type=%b msg=audit(%b):%b" % (kind, stamp, end),
        st.sampled_from(
            [b"SYSCALL", b"PATH", b"EOE", b"USER", b"UNKNOWN[1334]", b"DAEMON_START", b"lower", b""]
        ),
        _STAMPS,
        st.sampled_from([b" ", b"", b" items=1", b" a=1\x1dUID=0", b"x", b"  "]),
    ),
    st.sampled_from([b"type=SYSCALL  a=1", b"type=EOE  ", b"type=USER ", b"type=SYSCALL msg= a=1"]),
    st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"")),
)


@given(st.lists(_LINES, max_size=40), st.integers(1, 10))
def test_any_lines_have_the_same_events_both_ways(lines: list[bytes], size: int) -> None:
    """Whatever they are, and however they are cut into blocks."""
    assert _short(lines, size) == _plain(lines)


def _usual(kind: str, stamp: bytes) -> list[bytes]:
    call = (
        b"SYSCALL", b"arch=c000003e syscall=2 success=yes exit=3 a0=0 a1=0 a2=0 a3=0 items=0 ppid=1 pid=2 auid=0 uid=0"
    )  # fmt: skip
    message = (b"USER_AUTH", b"pid=1 uid=0 auid=0 ses=1 msg='op=x res=success'")
    title, end, added = (b"PROCTITLE", b"proctitle=61"), (b"EOE", b""), b'\x1dUID="root" AUID="a b"'
    records = {
        "call": [call, end],
        "open": [call],
        "title": [title],
        "end": [end],
        "message": [message],
        "enriched call": [(call[0], call[1] + added), end],
        "enriched open": [(call[0], call[1] + added)],
        "enriched title": [(title[0], title[1] + added)],
        "enriched end": [(end[0], added)],
        "enriched message": [(message[0], message[1] + added)],
        "restored": [(message[0], message[1] + b"\x1dMIG_RAW=00")],
    }
    return [b"type=%b msg=audit(%b): %b" % (name, stamp, body) for name, body in records[kind]]


def _usual_stamps(serials: int) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda milliseconds, serial: b"17000%05d.%03d:%d" % (*divmod(milliseconds, 1000), serial),
        st.sampled_from([0, 1, 1999, 2000, 2001, 90_000]),
        st.integers(1, serials),
    )


_USUAL = st.builds(
    _usual, st.sampled_from(["call", "call", "open", "end", "message", "message"]), _usual_stamps(9)
)
_ENRICHED = ["enriched call", "enriched open", "enriched title", "enriched end", "enriched message"]
_ANY = st.builds(
    _usual,
    st.sampled_from(["call", "open", "title", "end", "message", "restored", *_ENRICHED, *_ENRICHED]),
    _usual_stamps(5),
)
_OPEN = st.builds(_usual, st.just("open"), _usual_stamps(999))


@given(
    st.lists(_USUAL, max_size=40), st.integers(1, 20), st.sampled_from([1, 3, 25]), st.sampled_from([2, 99])
)
def test_messages_among_calls_are_the_same_events_both_ways(
    events: list[list[bytes]], size: int, step_back: int, memory: int
) -> None:
    """Late ones, repeated ones, of the stamp of an open event, while the clock is set back and forth."""
    lines = [line for event in events for line in event]
    bounds = {"step_back": step_back, "memory": memory}

    assert _short(lines, size, **bounds) == _plain(lines, **bounds)


@given(st.lists(_ANY, max_size=40), st.integers(1, 40))
def test_what_auditd_added_is_in_the_same_records_both_ways(events: list[list[bytes]], size: int) -> None:
    """Of events in one piece, and of those whose further records come later, with or without some."""
    lines = [line for event in events for line in event]

    assert _short(lines, size) == _plain(lines)


@given(
    st.lists(
        st.tuples(_ANY, st.sampled_from([b"", b"", b"x", b"msg=audit(", b"node=a "]), st.integers(0, 50)),
        max_size=9,
    ),
    st.integers(1, 90),
    st.sampled_from([b"", b"node=a "]),
)
def test_records_among_many_other_lines_are_the_same_events_both_ways(
    parts: list[tuple[list[bytes], bytes, int]], size: int, node: bytes
) -> None:
    """Lines with nothing in them, too; of a node, the others are kept aside with its name."""
    lines = [node + line for event, other, number in parts for line in [*event, *[other] * number]]

    assert _short(lines, size) == _plain(lines)


_BOUNDS = st.fixed_dictionaries(
    {"max_open": st.integers(1, 9), "memory": st.integers(2, 9), "step_back": st.sampled_from([1, 3, 25])}
)
_NODES = st.sampled_from([b"node=a ", b"node=a ", b"node=b ", b"node=b\xff ", b"node= ", b""])


@given(st.lists(st.tuples(_NODES, _ANY), max_size=40), st.integers(1, 40), st.booleans())
def test_records_of_several_nodes_are_the_same_events_both_ways(
    events: list[tuple[bytes, list[bytes]]], size: int, parted: bool
) -> None:
    """Though their stamps are the same ones, and whether an event stays together or not."""
    lines = [node + line for node, event in events for line in event]
    if parted:
        lines = lines[::2] + lines[1::2]

    assert _short(lines, size) == _plain(lines)


@given(st.lists(st.tuples(_NODES, _OPEN), max_size=30), st.integers(1, 30), _BOUNDS)
def test_events_of_nodes_without_ends_are_complete_for_the_same_reason_both_ways(
    events: list[tuple[bytes, list[bytes]]], size: int, bounds: dict[str, int]
) -> None:
    """Each is given out as one of its node's."""
    lines = [node + line for node, event in events for line in event]

    assert _short(lines, size, **bounds) == _plain(lines, **bounds)


@pytest.mark.parametrize("name", ["busy-host", "file-enriched"])
def test_captured_events_of_nodes_are_the_same_both_ways(name: str) -> None:
    """Of one host, and of several by turns."""
    lines = read_log(f"{name}.log.xz")[:10_000]
    one = [b"node=host " + line for line in lines]
    several = [b"node=host%d " % (number // 7 % 3) + line for number, line in enumerate(lines)]

    assert _short(one) == _plain(one)
    assert _short(several) == _plain(several)


def test_events_of_a_node_are_usual_ones() -> None:
    """A run of them is of one node."""
    lines = [
        b"node=%b " % node + line
        for serial, node in enumerate((b"a", b"a", b"b"), 1)
        for line in _usual("call", b"1700000000.000:%d" % serial)
    ]
    events = list(RunStream(Ledger(), Correlator()).feed(block_of(lines)))

    assert [(len(run.events), run.node) for run in events if isinstance(run, UsualRun)] == [
        (2, "a"),
        (1, "b"),
    ]


def test_a_line_of_a_node_is_kept_aside_as_it_is() -> None:
    """With its node; one is too long with it, or not."""
    lines = [
        b"node=a " + line
        for line in (
            b"nothing",
            b"type=USER msg=audit(1.000:1): a=" + b"x" * 65_500,
            b"type=PATH msg=audit(1.000:2):x",
        )
    ]
    _, account = _short(lines)

    assert account == _plain(lines)[1]
    assert account.samples[0] == "node=a nothing"


def test_enriched_events_are_usual_ones() -> None:
    """And messages; whoever wants their records has them with what was added."""
    lines = [
        line
        for serial in range(1, 9)
        for line in _usual(_ENRICHED[serial % 2 * 4], b"1700000000.000:%d" % serial)
    ]
    events = list(RunStream(Ledger(), Correlator()).feed(block_of(lines)))

    assert [len(complete.events) for complete in events if isinstance(complete, UsualRun)] == [8]
    assert _short(lines) == _plain(lines)


_TURNS = st.lists(st.tuples(_USUAL, st.integers(0, 3)), max_size=20)


@given(_TURNS, st.integers(1, 60), st.sampled_from([1, 3, 1000]), st.sampled_from([1, 500, 2000]))
def test_records_that_come_by_turns_are_the_same_events_both_ways(
    events: list[tuple[list[bytes], int]], size: int, step_back: int, timeout: int
) -> None:
    """Whatever time does while several events are open."""
    lines: list[bytes] = []
    for event, back in events:
        # The first record goes before the last ones of the events before.
        place = max(len(lines) - back, 0)
        lines[place:place] = event[:1]
        lines += event[1:]

    bounds = {"step_back": step_back, "timeout": timeout}
    assert _short(lines, size, **bounds) == _plain(lines, **bounds)


def test_one_of_them_may_time_out_because_of_another() -> None:
    """Its end is late then."""
    (first, second) = (_usual("call", stamp) for stamp in (b"1700000000.000:1", b"1700000002.000:2"))
    lines = [first[0], second[0], first[1], second[1]]
    groups, account = _short(lines)

    assert (groups, account) == _plain(lines)
    assert (account.endings["timeout"], account.late) == (1, 1)


def test_events_of_several_processors_are_usual_ones() -> None:
    """Each of which has its end nearby, as in life."""
    stamps = [b"1700000000.000:%d" % serial for serial in range(1, 101)]
    pairs = [_usual("call", stamp) for stamp in stamps]
    lines = [
        line
        for first, second in zip(pairs[::2], pairs[1::2])
        for line in (first[0], second[0], *first[1:], *second[1:])
    ]
    events = list(RunStream(Ledger(), Correlator()).feed(block_of(lines)))

    assert all(isinstance(complete, UsualRun) for complete in events)
    assert _short(lines) == _plain(lines)


@given(st.lists(_OPEN, max_size=30), st.integers(1, 30), st.booleans(), _BOUNDS)
def test_events_without_ends_are_complete_for_the_same_reason_both_ways(
    events: list[list[bytes]], size: int, ordered: bool, bounds: dict[str, int]
) -> None:
    """By time or because there are too many, whatever time does."""
    lines = [line for event in (sorted(events) if ordered else events) for line in event]

    assert _short(lines, size, **bounds) == _plain(lines, **bounds)


def test_a_clock_that_was_set_back_among_events_without_ends_is_followed() -> None:
    """After as many records, though they come together."""
    seconds = [b"1700000090", *[b"1700000000"] * 9, b"1700000003"]
    stamps = [b"%b.000:%d" % (second, serial) for serial, second in enumerate(seconds, 1)]
    lines = [line for stamp in stamps for line in _usual("open", stamp)]
    groups, account = _short(lines, step_back=3)

    assert (groups, account) == _plain(lines, step_back=3)
    assert account.endings["timeout"] == 10


@pytest.mark.parametrize("step", [0, 1, 40, 3000])
@pytest.mark.parametrize("max_open", [10, 300, 10_000])
def test_many_events_without_ends_are_complete_for_the_same_reason(step: int, max_open: int) -> None:
    """Many at once, as one by one."""
    stamps = [b"17000%05d.%03d:%d" % (*divmod(step * number, 1000), number + 1) for number in range(600)]
    lines = [line for stamp in stamps for line in _usual("open", stamp)]
    groups, account = _short(lines, 500, max_open=max_open)

    assert (groups, account) == _plain(lines, max_open=max_open)
    assert account.events == 600


def test_what_usual_events_hold_together_is_bounded_too() -> None:
    """Not only how many they are."""
    lines = [line for number in range(600) for line in _usual("open", b"1700000000.000:%d" % (number + 1))]
    _, account = _short(lines, 500, max_size=100_000)

    assert account.endings["evicted"] > 400


def test_what_is_under_way_is_held() -> None:
    """The balance holds at every moment."""
    stream = RunStream(Ledger(), Correlator())

    assert list(stream.feed(b"type=SYSCALL msg=audit(1.000:1): items=0\n" * 3)) == []
    assert stream.held == 3
    assert [len(bundle) for bundle in stream.flush()] == [3]
    assert stream.held == 0


def test_one_event_cannot_gather_without_end() -> None:
    """However long the run of its records."""
    stream = RunStream(Ledger(), Correlator(max_records=512))
    bundles = list(stream.feed(b"type=PATH msg=audit(1.000:1): item=0\n" * 2000))

    assert len(bundles) == 3
    assert all(512 <= len(bundle) < 512 + 256 for bundle in bundles)
