"""A replay, part by part."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.modules.audit.replay import EventWriter, Replay, StopPatience, ledger_line, statistics
from mig_audit.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.errors import DamagedInputError

_LINE = b"type=EOE msg=audit(1700000000.000:%d): \n"


class _Source:
    """Gives some blocks."""

    def __init__(self, name: str, *blocks: bytes) -> None:
        self.name = name
        self.troubles: list[DamagedInputError] = []
        self._blocks = blocks

    def blocks(self) -> Iterator[bytes]:
        """Give one after the other."""
        yield from self._blocks


class _Place:
    """Takes at most so many bytes at once."""

    def __init__(self, most: int = 1 << 30) -> None:
        self.writes: list[bytes] = []
        self._most = most

    def write(self, _descriptor: int, data: memoryview) -> int:
        """Take some."""
        self.writes.append(bytes(data[: self._most]))
        return len(self.writes[-1])


def _replay(*sources: _Source, said: list[str] | None = None) -> tuple[Replay, _Place]:
    origin, place = Origin("host", TableNames({}, {})), _Place()
    writer = EventWriter(1, place.write)
    pipeline = Pipeline(make_format("mozdef", origin), (writer,), limit=0, max_size=0, names=origin.names)
    clock = count(0, 0.3)
    said = [] if said is None else said
    return Replay(sources, pipeline, writer, progress=said.append, clock=lambda: next(clock)), place


def test_events_are_written_in_large_blocks() -> None:
    """A write for each would cost more than the event."""
    place = _Place()
    writer = EventWriter(1, place.write)
    for number in range(100_000):
        writer.put(b"%d" % number)
    writer.flush()
    writer.flush()

    assert b"".join(place.writes) == b"".join(b"%d\n" % number for number in range(100_000))
    assert len(place.writes) == 2


def test_a_place_that_takes_little_at_once_gets_everything() -> None:
    """As a terminal does."""
    place = _Place(7)
    writer = EventWriter(1, place.write)
    writer.put(b"x" * 100)
    writer.flush()

    assert b"".join(place.writes) == b"x" * 100 + b"\n"


@pytest.mark.parametrize("most", [1 << 30, 100_000])
def test_long_events_are_lines_as_all_others(most: int) -> None:
    """They are written as they are, and their newline with what comes next."""
    place = _Place(most)
    writer = EventWriter(1, place.write)
    events = [b"a", b"b" * 300_000, b"c" * 300_000, b"d", b"e" * 300_000]
    for event in events:
        writer.put(event)
    writer.flush()

    assert b"".join(place.writes) == b"".join(event + b"\n" for event in events)


def test_a_pipe_that_does_not_block_is_waited_for() -> None:
    """Its other end made it so."""
    end, start = os.pipe()
    os.set_blocking(start, False)
    with os.fdopen(end, "rb") as pipe, ThreadPoolExecutor() as threads:
        read = threads.submit(pipe.read)
        writer = EventWriter(start)
        for content in (b"x", b"y"):
            writer.put(content * (1 << 19))
        writer.flush()
        os.close(start)

        assert read.result() == b"x" * (1 << 19) + b"\n" + b"y" * (1 << 19) + b"\n"


def test_a_place_that_takes_no_more_is_an_error() -> None:
    """With the reason."""

    def full(_descriptor: int, _data: memoryview) -> int:
        raise OSError(28, os.strerror(28))

    writer = EventWriter(1, full)
    writer.put(b"x")

    with pytest.raises(UsageError, match="could not be written: No space left"):
        writer.flush()


def test_events_are_handed_on_when_nothing_more_is_there() -> None:
    """An empty block says so; the open ones wait for the end."""
    replay, place = _replay(_Source("a", _LINE % 1, b"", _LINE % 2))
    replay.run()

    assert [data.count(b"\n") for data in place.writes] == [1, 1]


def test_a_person_sees_how_far_it_is() -> None:
    """Every half second; at the end the line is free again."""
    said: list[str] = []
    blocks = [_LINE % number for number in range(4)]
    replay, _ = _replay(_Source("a", *blocks[:2]), _Source("b", *blocks[2:]), said=said)
    replay.run()

    assert said == ["a (1 of 2): 2 records, 2 events", "b (2 of 2): 4 records, 4 events", ""]


def test_the_ledger_is_that_of_the_records() -> None:
    """By the names that a run's statistics have."""
    replay, _ = _replay(_Source("a", _LINE % 1, b"nonsense\n", _LINE % 4))
    replay.run()
    ledger = statistics(replay.account(), replay.troubles())

    assert ledger["sources"] == ["a"]
    assert ledger["errors"] is None
    assert ledger["records"] == {
        "received": 3,
        "in_events": 2,
        "unparsed": 1,
        "unparsed_samples": ["nonsense"],
        "balanced": True,
    }
    assert "2 serials missing (2-3)" in ledger_line(replay.account())


def test_the_line_for_people_is_short_however_many_hosts_there_are() -> None:
    """And says of how many nobody followed the numbering."""
    lines = [b"node=h%d " % host + _LINE % serial for host in range(300) for serial in (1, 3, 9)]
    replay, _ = _replay(_Source("a", b"".join(lines)))

    replay.run()

    assert ledger_line(replay.account()) == (
        "900 lines, 900 events: 900 events are incomplete; 6 serials of h0 missing (2, 4-8); "
        "6 serials of h1 missing (2, 4-8); 6 serials of h2 missing (2, 4-8); 1518 of 253 more hosts; "
        "serials followed of the first 256 hosts alone"
    )
    assert statistics(replay.account(), [])["serials_untracked"] == 132


def test_waiting_ends_with_a_request_to_stop() -> None:
    """At once, and not after its time."""
    stop = Stop()
    end, start = os.pipe()
    patience = StopPatience(stop)
    os.write(start, b"x")

    assert (patience.wait(end, 60), patience.over) == (True, False)
    os.read(end, 1)
    assert patience.wait(end, 0) is False
    stop.request("test")
    assert (patience.wait(end, 60), patience.wait(None, 60), patience.over) == (False, False, True)
    stop.close()
    os.close(start)
    os.close(end)
