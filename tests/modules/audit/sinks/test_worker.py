"""The sink as its caller sees it, over transports that answer from a script."""

from __future__ import annotations

import hashlib
import math
import os
import random
import resource
import threading
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig_audit.capabilities import FILES
from mig_audit.errors import DeliveryError, InternalError
from mig_audit.modules.audit.sinks.batch import Limits
from mig_audit.modules.audit.sinks.interface import Answer, SinkOutcome, Verdict
from mig_audit.modules.audit.sinks.queue import Queue
from mig_audit.modules.audit.sinks.retry import Retries
from mig_audit.modules.audit.sinks.spool import Spool, SpoolSettings
from mig_audit.modules.audit.sinks.worker import QueuedSink, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mig_audit.modules.audit.sinks.batch import Batch

_ACCEPTED = Answer(Verdict.ACCEPTED)
_DOWN = Answer(Verdict.UNREACHABLE, "down", "POST x failed: connection refused", "start it")
_LOST = Answer(Verdict.UNREACHABLE, "lost", "POST x failed: no answer", "wait", uncertain=True)
_BUSY = Answer(Verdict.BUSY, "status 503", "POST x answered 503", "wait")
_LATER = Answer(Verdict.BUSY, "status 429", "POST x answered 429", "wait", retry_after=8.0)
_LARGE = Answer(Verdict.TOO_LARGE, "status 413", "POST x answered 413", "raise it")
_REFUSED = Answer(Verdict.REFUSED, "status 400", "POST x answered 400", "ask it")

_WHEN_FULL = Limits(10, 1 << 20, math.inf)  # batches of ten, and the rest when finish is called


class _Scripted:
    """Gives the answers of a script, then accepts; keeps the batches of each attempt, and at what time it was."""

    kind = "test"
    target = "x"

    def __init__(self, script: Iterable[Answer] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self.attempts: list[Batch] = []
        self.answers: list[Answer] = []
        self.times: list[float] = []
        self.closed = 0
        self._script = iter(script)
        self._clock = clock

    def deliver(self, batch: Batch, patience: float) -> Answer:
        assert patience > 0
        self.times.append(self._clock())
        self.attempts.append(batch)
        self.answers.append(next(self._script, _ACCEPTED))
        return self.answers[-1]

    def cut(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1

    def accepted(self) -> list[bytes]:
        """Return the events of the accepted batches."""
        return self._events(lambda answer: answer.verdict is Verdict.ACCEPTED)

    def received(self) -> list[bytes]:
        """Return the events that got there: those whose answer was lost did, too."""
        return self._events(lambda answer: answer.verdict is Verdict.ACCEPTED or answer.uncertain)

    def _events(self, counts: Callable[[Answer], bool]) -> list[bytes]:
        pairs = zip(self.attempts, self.answers)
        return [event for batch, answer in pairs if counts(answer) for event in batch.events]


class _Hanging(_Scripted):
    """Hangs in its first attempt: until it is cut, or, if it is deaf, until it is released."""

    def __init__(self, *, deaf: bool = False) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()
        self.gone = threading.Event()
        self._deaf = deaf

    def deliver(self, batch: Batch, patience: float) -> Answer:
        self.entered.set()
        self.released.wait()
        super().deliver(batch, patience)
        return _LOST

    def cut(self) -> None:
        if not self._deaf:
            self.released.set()

    def close(self) -> None:
        self.gone.set()


@dataclass
class _Virtual:
    """Time that passes only where somebody waits; ``waits`` are the waits of the worker in seconds."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def wait(self, condition: threading.Condition, seconds: Optional[float]) -> None:
        if seconds is None or seconds > 1e9:
            condition.wait()
        else:
            self.waits.append(seconds)
            self.now += seconds

    def timing(self) -> Timing:
        return Timing(self.clock, self.wait, random.Random(1))  # noqa: S311  # a test that can be repeated


def _open(
    transport: _Scripted,
    directory: Path,
    timing: Timing,
    limits: Limits = _WHEN_FULL,
    retries: Retries = Retries(),  # noqa: B008  # frozen
    spool: Optional[Spool] = None,
) -> QueuedSink:
    return QueuedSink(transport, Queue(directory), limits, retries, timing, spool)


def _spool(directory: Path, size: int = 1 << 26) -> Spool:
    return Spool(SpoolSettings(directory / f"{len(list(directory.iterdir()))}.spool", size))


def _spooled(outcome: SinkOutcome) -> list[bytes]:
    """Return the events in the spool, once it is seen to be what the outcome says."""
    if outcome.spool is None:
        assert outcome.spooled == 0
        return []
    content = Path(outcome.spool.path).read_bytes()
    assert outcome.spool[1:] == (len(content), hashlib.sha256(content).hexdigest())
    events = content.splitlines()
    assert len(events) == outcome.spooled
    return events


def _run(
    transport: _Scripted,
    directory: Path,
    events: Iterable[bytes],
    limits: Limits = _WHEN_FULL,
    seconds: float = 60.0,
    spool: Optional[Spool] = None,
) -> tuple[SinkOutcome, _Virtual]:
    """Put events, then finish within so many virtual seconds."""
    virtual = _Virtual()
    transport._clock = virtual.clock
    sink = _open(transport, directory, virtual.timing(), limits, spool=spool)
    for event in events:
        sink.put(event)
    return sink.finish(virtual.now + seconds), virtual


def _events(count: int, size: int = 10) -> list[bytes]:
    return [b"%0*d" % (size, number) for number in range(count)]


def _balanced(outcome: SinkOutcome) -> bool:
    return outcome.offered == outcome.delivered + outcome.rejected + outcome.undelivered


class _Watched(_Scripted):
    """Keeps what the thread that delivers may do."""

    permitted = -1

    def deliver(self, batch: Batch, patience: float) -> Answer:
        self.permitted = _permitted()
        return super().deliver(batch, patience)


def _permitted() -> int:
    lines = Path("/proc/thread-self/status").read_text().splitlines()
    return next(int(line[8:], 16) for line in lines if line.startswith("CapPrm:"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: who has no capabilities cannot give any up")
def test_who_delivers_may_use_files_and_no_more(tmp_path: Path) -> None:
    """Whatever whoever opened the sink may do, and goes on to be allowed."""
    transport, before = _Watched(), _permitted()
    _run(transport, tmp_path, _events(1))

    files = sum(1 << capability for capability in FILES)
    assert before & ~files
    assert transport.permitted == before & files
    assert _permitted() == before


def test_everything_arrives_in_order(tmp_path: Path) -> None:
    """Batches are numbered from 1, full but for the last, and hold the events as they were given."""
    transport, events = _Scripted(), _events(25)
    outcome, _ = _run(transport, tmp_path, events)
    assert transport.accepted() == events
    assert [len(batch.events) for batch in transport.attempts] == [10, 10, 5]
    assert [batch.number for batch in transport.attempts] == [1, 2, 3]
    assert outcome == SinkOutcome("test", "x", 25, 25, 0, 0, 3, 3, 0, 250, None, ())
    assert transport.closed == 1


def test_a_sink_without_events_sends_nothing(tmp_path: Path) -> None:
    """It ends at once, with an empty account."""
    transport = _Scripted()
    outcome, _ = _run(transport, tmp_path, [])
    assert outcome == SinkOutcome("test", "x")
    assert transport.attempts == []


_SCRIPT = st.lists(st.sampled_from([_ACCEPTED, _DOWN, _LOST, _BUSY, _LATER, _LARGE, _REFUSED]), max_size=60)


@given(
    script=_SCRIPT,
    count=st.integers(0, 60),
    limits=st.builds(Limits, st.integers(1, 20), st.integers(1, 300), st.sampled_from([0.0, 1.0, math.inf])),
    seconds=st.sampled_from([0.0, 1.0, 30.0, 3600.0]),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_events_are_conserved(
    tmp_path: Path, script: list[Answer], count: int, limits: Limits, seconds: float
) -> None:
    """Whatever the answers: the account balances and is true, no event is delivered twice, and order is kept.

    What is not delivered, and not rejected for what it is, is in the spool.
    """
    transport, events = _Scripted(script), _events(count)
    outcome, _ = _run(transport, tmp_path, events, limits, seconds, _spool(tmp_path))
    spooled = _spooled(outcome)
    assert len(spooled) == outcome.undelivered
    assert spooled == [event for event in events if event in set(spooled)]
    assert set(spooled).isdisjoint(transport.accepted())
    accepted, received = transport.accepted(), set(transport.received())
    assert outcome.offered == count
    assert _balanced(outcome)
    assert outcome.delivered == len(accepted) == len(set(accepted))
    assert accepted == [event for event in events if event in set(accepted)]
    assert set(accepted) <= received
    assert outcome.attempts == len(transport.attempts)
    assert outcome.retries == len(transport.attempts) - len({batch.name for batch in transport.attempts})
    assert outcome.bytes == sum(map(len, accepted))
    assert bool(outcome.errors) == (outcome.delivered < count)
    assert all(isinstance(error, DeliveryError) for error in outcome.errors)


@given(script=_SCRIPT)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_batch_keeps_its_name_and_its_events(tmp_path: Path, script: list[Answer]) -> None:
    """A repetition can be told by its name: the same name always means the same events."""
    transport = _Scripted(script)
    _run(transport, tmp_path, _events(40), Limits(8, 1 << 20, math.inf))
    contents: dict[str, tuple[bytes, ...]] = {}
    for batch in transport.attempts:
        assert contents.setdefault(batch.name, batch.events) == batch.events


def test_an_endpoint_that_comes_back_gets_everything(tmp_path: Path) -> None:
    """A hundred refused connections in a row cost time and nothing else."""
    transport, events = _Scripted([_DOWN] * 100), _events(25)
    outcome, virtual = _run(transport, tmp_path, events, seconds=36_000.0)
    assert transport.accepted() == events
    assert (outcome.attempts, outcome.retries, outcome.errors) == (103, 100, ())
    assert outcome.last_error == _DOWN.what
    assert all(wait <= 30.0 for wait in virtual.waits)


def test_an_endpoint_that_stays_away_costs_no_more_than_the_time_given(tmp_path: Path) -> None:
    """What could not be delivered is counted, and the error is that of the endpoint."""
    transport = _Scripted([_DOWN] * 10_000)
    outcome, virtual = _run(transport, tmp_path, _events(25))
    assert virtual.now <= 60.0
    assert outcome.undelivered == 25
    (error,) = outcome.errors
    assert error.what == (
        "POST x failed: connection refused; 25 events were not delivered and remain in the raw log"
    )


def test_a_busy_endpoint_is_asked_eight_times_and_the_next_batch_follows(tmp_path: Path) -> None:
    """A batch that breaks the endpoint does not hold up the others."""
    transport, events = _Scripted([_BUSY] * 8), _events(25)
    outcome, _ = _run(transport, tmp_path, events, seconds=3600.0)
    assert [batch.number for batch in transport.attempts] == [1] * 8 + [2, 3]
    assert transport.accepted() == events[10:]
    assert (outcome.delivered, outcome.undelivered) == (15, 10)
    assert "POST x answered 503; 10 events were not delivered" in outcome.errors[0].what


def test_silence_does_not_count_against_the_attempts(tmp_path: Path) -> None:
    """Seven busy answers among any number of refused connections leave an eighth attempt."""
    transport = _Scripted([_DOWN, _BUSY] * 7 + [_DOWN] * 5)
    outcome, _ = _run(transport, tmp_path, _events(1), seconds=36_000.0)
    assert outcome.delivered == 1
    assert outcome.attempts == 20


def test_a_pause_that_the_endpoint_asks_for_is_kept(tmp_path: Path) -> None:
    """Retry-After, to the second."""
    transport = _Scripted([_LATER, _LATER])
    _, virtual = _run(transport, tmp_path, _events(1))
    assert transport.times == [0.0, 8.0, 16.0]
    assert virtual.waits == [8.0, 8.0]


def test_a_pause_that_is_too_long_leaves_time_for_another_attempt(tmp_path: Path) -> None:
    """Of 10 s left, a pause of 8 s takes 5; and the endpoint is asked again."""
    transport = _Scripted([_LATER])
    outcome, _ = _run(transport, tmp_path, _events(1), seconds=10.0)
    assert transport.times == [0.0, 5.0]
    assert outcome.delivered == 1


def test_a_batch_that_is_too_large_is_split(tmp_path: Path) -> None:
    """Down to single events if need be; only the one that is too large by itself is rejected."""
    transport, events = _Scripted(), _events(10)
    give = transport.deliver

    def deliver(batch: Batch, patience: float) -> Answer:
        answer = give(batch, patience)
        if events[6] in batch.events:
            transport.answers[-1] = answer = _LARGE
        return answer

    transport.deliver = deliver  # type: ignore[method-assign]  # an endpoint that dislikes one event
    outcome, _ = _run(transport, tmp_path, events)
    assert transport.accepted() == events[:6] + events[7:]
    assert (outcome.delivered, outcome.rejected, outcome.retries) == (9, 1, 0)
    assert "POST x answered 413; 1 event was rejected" in outcome.errors[0].what


def test_the_next_batches_are_smaller(tmp_path: Path) -> None:
    """A size that was too large once is not tried again."""
    transport = _Scripted([_LARGE])
    _run(transport, tmp_path, _events(40))
    assert [len(batch.events) for batch in transport.attempts] == [10, 5, 5] + [5] * 6


def test_a_batch_that_is_refused_is_rejected_and_the_next_follows(tmp_path: Path) -> None:
    """Trying again would change nothing."""
    transport, events = _Scripted([_REFUSED]), _events(25)
    outcome, _ = _run(transport, tmp_path, events)
    assert transport.accepted() == events[10:]
    assert (outcome.rejected, outcome.attempts) == (10, 3)


@pytest.mark.parametrize("script", [[], [_DOWN], [_REFUSED], [_LARGE]])
def test_a_slow_endpoint_gets_what_there_is_time_for(tmp_path: Path, script: list[Answer]) -> None:
    """The rest is undelivered for want of time, whatever happened before."""
    virtual = _Virtual()
    transport = _Scripted(script, virtual.clock)
    give = transport.deliver

    def deliver(batch: Batch, patience: float) -> Answer:
        virtual.now += 10.0
        return give(batch, patience)

    transport.deliver = deliver  # type: ignore[method-assign]  # ten seconds for each attempt
    sink = _open(transport, tmp_path, virtual.timing())
    for event in _events(100):
        sink.put(event)
    outcome = sink.finish(virtual.now + 45.0)
    assert outcome.delivered == len(transport.accepted()) > 0
    assert outcome.undelivered > 0
    assert outcome.errors[-1].what == (
        f"the time to deliver to x was over; {outcome.undelivered} events were not delivered and remain in the raw log"
    )
    assert "allow more time" in outcome.errors[-1].remedy


def test_a_batch_whose_answer_was_lost_may_have_arrived(tmp_path: Path) -> None:
    """At the end, the error tells how many events that concerns."""
    outcome, _ = _run(_Scripted([_LOST] * 10_000), tmp_path, _events(25))
    (error,) = outcome.errors
    assert "25 events were not delivered (10 may have arrived all the same)" in error.what


def test_a_doubt_stays(tmp_path: Path) -> None:
    """A batch that may have arrived once may have arrived, though later attempts certainly failed."""
    outcome, _ = _run(_Scripted([_LOST] + [_BUSY] * 8), tmp_path, _events(10), seconds=3600.0)
    assert "10 events were not delivered (they may have arrived all the same)" in outcome.errors[0].what


def test_a_batch_is_sent_when_it_is_old_enough(tmp_path: Path) -> None:
    """Though neither full nor finished; in real time."""
    transport = _Scripted()
    sink = _open(transport, tmp_path, Timing(), Limits(10, 1 << 20, 0.05))
    sink.put(b"1")
    for _ in range(300):
        if transport.answers:
            break
        time.sleep(0.01)
    assert transport.accepted() == [b"1"]
    assert sink.finish(time.monotonic() + 5).delivered == 1


def test_finish_ends_a_pause_at_once(tmp_path: Path) -> None:
    """The endpoint may be back: what is left of a pause of our own choosing is not waited for."""
    transport = _Scripted([_DOWN])
    sink = _open(transport, tmp_path, Timing(), Limits(1, 1 << 20, 0.0), Retries(base=1e6, cap=1e6))
    sink.put(b"1")
    for _ in range(300):
        if transport.answers:
            break
        time.sleep(0.01)
    began = time.monotonic()
    assert sink.finish(began + 60).delivered == 1
    assert time.monotonic() - began < 10


def test_a_pause_of_a_thousand_years_is_a_pause(tmp_path: Path) -> None:
    """An endpoint may ask for more than a thread can wait; finish still gets its attempt."""
    transport = _Scripted(
        [Answer(Verdict.BUSY, "status 503", "POST x answered 503", "wait", retry_after=2.5e11)]
    )
    sink = _open(transport, tmp_path, Timing(), Limits(1, 1 << 20, 0.0))
    sink.put(b"1")
    for _ in range(300):
        if transport.answers:
            break
        time.sleep(0.01)
    time.sleep(0.05)  # it is in its pause now
    assert sink.finish(time.monotonic() + 1.0).delivered == 1


def test_finish_does_not_end_a_pause_that_the_endpoint_asked_for(tmp_path: Path) -> None:
    """As long as there is time for it."""
    transport = _Scripted(
        [Answer(Verdict.BUSY, "status 429", "POST x answered 429", "wait", retry_after=0.5)]
    )
    sink = _open(transport, tmp_path, Timing(), Limits(1, 1 << 20, 0.0))
    sink.put(b"1")
    for _ in range(300):
        if transport.answers:
            break
        time.sleep(0.01)
    assert sink.finish(time.monotonic() + 60).delivered == 1
    assert transport.times[1] - transport.times[0] >= 0.45


def test_finish_without_a_deadline_delivers_everything(tmp_path: Path) -> None:
    """However long it takes."""
    transport, events = _Scripted([_DOWN] * 100), _events(25)
    outcome, _ = _run(transport, tmp_path, events, seconds=math.inf)
    assert transport.accepted() == events
    assert outcome.delivered == 25


def test_finish_without_time_stops_at_once(tmp_path: Path) -> None:
    """Also within a pause; nothing more is sent, and the account is complete."""
    transport = _Scripted([_DOWN])
    sink = _open(transport, tmp_path, Timing(), Limits(1, 1 << 20, 0.0), Retries(base=1e6, cap=1e6))
    for event in _events(5):
        sink.put(event)
    for _ in range(300):
        if transport.answers:
            break
        time.sleep(0.01)
    began = time.monotonic()
    outcome = sink.finish(began)
    assert time.monotonic() - began < 5
    assert (outcome.undelivered, outcome.attempts) == (5, 1)


def test_an_attempt_that_hangs_is_cut_at_the_deadline(tmp_path: Path) -> None:
    """finish returns soon after, and the batch counts as undelivered, with the doubt."""
    transport = _Hanging()
    sink = _open(transport, tmp_path, Timing())
    for event in _events(25):
        sink.put(event)
    assert transport.entered.wait(5)
    began = time.monotonic()
    outcome = sink.finish(began + 0.2)
    assert 0.1 < time.monotonic() - began < 5
    assert (outcome.undelivered, outcome.attempts) == (25, 1)
    assert "25 events were not delivered (10 may have arrived all the same)" in outcome.errors[0].what
    assert transport.gone.wait(5)


def test_an_attempt_that_cannot_be_cut_is_left_to_itself(tmp_path: Path) -> None:
    """finish does not wait for it, and what it does later changes nothing."""
    transport = _Hanging(deaf=True)
    sink = _open(transport, tmp_path, Timing())
    for event in _events(25):
        sink.put(event)
    assert transport.entered.wait(5)
    began = time.monotonic()
    outcome = sink.finish(began + 0.1)
    assert time.monotonic() - began < 5
    assert (outcome.offered, outcome.undelivered) == (25, 25)
    assert "25 events were not delivered (10 may have arrived all the same)" in outcome.errors[0].what
    transport.released.set()
    assert transport.gone.wait(5)
    assert sink.finish(0.0) is outcome
    assert len(transport.attempts) == 1


def test_put_waits_for_nobody_and_the_queue_is_not_in_memory(tmp_path: Path) -> None:
    """While an attempt hangs, 30 MB of events go to disk."""
    transport, event = _Hanging(), b"x" * 10_000
    sink = _open(transport, tmp_path, Timing())
    sink.put(event)
    tracemalloc.start()
    try:
        for _ in range(3000):
            sink.put(event)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000
    assert sink.finish(time.monotonic()).undelivered == 3001


def test_a_full_disk_is_counted_and_not_raised(tmp_path: Path) -> None:
    """Events that do not fit are undelivered, with an error of their own; the others arrive."""
    transport, events = _Scripted(), _events(3000, 1000)
    sink = _open(transport, tmp_path, Timing(), Limits(5000, 1 << 30, math.inf))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))  # a write beyond it fails, as on a full disk
    try:
        for event in events:
            sink.put(event)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    outcome = sink.finish(time.monotonic() + 10)
    assert _balanced(outcome)
    assert outcome.delivered == len(transport.accepted()) > 1000
    assert outcome.undelivered > 1000
    (error,) = outcome.errors
    assert "the queue on disk could not be written: EFBIG" in error.what
    assert "free space" in error.remedy


def test_what_was_not_delivered_waits_in_the_spool_in_order(tmp_path: Path) -> None:
    """The batch of an attempt that hangs, then the queue; the error says where."""
    transport, events = _Hanging(deaf=True), _events(25)
    sink = _open(transport, tmp_path, Timing(), spool=_spool(tmp_path))
    for event in events:
        sink.put(event)
    assert transport.entered.wait(5)
    outcome = sink.finish(time.monotonic() + 0.1)
    transport.released.set()
    assert transport.gone.wait(5)

    assert _spooled(outcome) == events
    assert outcome.spool is not None
    (error,) = outcome.errors
    assert f"(10 may have arrived all the same) and are in {outcome.spool.path}" in error.what
    assert error.remedy == f"allow more time to drain, then send {outcome.spool.path} again"


def test_what_the_spool_has_no_room_for_is_told(tmp_path: Path) -> None:
    """Whole events up to the bound, and where the rest is."""
    outcome, _ = _run(_Scripted([_DOWN] * 10_000), tmp_path, _events(25), spool=_spool(tmp_path, 120))

    assert (outcome.undelivered, _spooled(outcome)) == (25, _events(10))
    assert "25 events were not delivered and remain in the raw log" in outcome.errors[0].what
    assert outcome.errors[1].what == (
        "10 of the 25 events that x did not get are in the spool: it may take no more than 120 bytes, and leave 0 free"
    )


def test_what_is_rejected_is_not_spooled(tmp_path: Path) -> None:
    """It would be rejected again."""
    outcome, _ = _run(_Scripted([_REFUSED]), tmp_path, _events(10), spool=_spool(tmp_path))

    assert (outcome.rejected, outcome.spool, list(tmp_path.iterdir())) == (10, None, [])


def test_a_queue_that_cannot_be_read_back_is_counted(tmp_path: Path) -> None:
    """What the disk has lost can be neither sent nor spooled; it is in the raw log."""
    transport = _Hanging()
    sink = _open(transport, tmp_path, Timing(), spool=_spool(tmp_path))
    for event in _events(200, 1000):
        sink.put(event)
    assert transport.entered.wait(5)
    os.ftruncate(sink._queue._segments[0]._file.fileno(), 0)  # a file system that fails
    outcome = sink.finish(time.monotonic())

    assert (outcome.undelivered, outcome.spooled) == (200, 10)
    assert "the queue on disk could not be read" in outcome.errors[-1].what


def test_a_fault_of_ours_is_not_lost(tmp_path: Path) -> None:
    """An exception in the thread ends delivery, not the count; the caller learns of it at the end."""
    transport = _Scripted()

    def deliver(batch: Batch, patience: float) -> Answer:
        raise ZeroDivisionError(f"{batch.name} in {patience}")

    transport.deliver = deliver  # type: ignore[method-assign]  # a bug
    sink = _open(transport, tmp_path, Timing())
    for event in _events(15):
        sink.put(event)
    for _ in range(300):
        if transport.closed:
            break
        time.sleep(0.01)
    sink.put(b"later")
    assert sink._queue.events == 5  # nobody would take it from there
    outcome = sink.finish(time.monotonic() + 5)
    assert (outcome.offered, outcome.undelivered) == (16, 16)
    kinds = Counter(type(error) for error in outcome.errors)
    assert kinds == {InternalError: 1, DeliveryError: 1}
    assert "ZeroDivisionError" in outcome.errors[0].what
    assert isinstance(outcome.errors[0].__cause__, ZeroDivisionError)
    assert "16 events were not delivered" in outcome.errors[1].what


def test_a_sink_that_has_finished_takes_nothing_more(tmp_path: Path) -> None:
    """Its account is closed: to put another event is a fault of ours, to finish again is none."""
    sink = _open(_Scripted(), tmp_path, Timing())
    sink.put(b"1")
    outcome = sink.finish(time.monotonic() + 5)
    assert sink.finish(time.monotonic() + 5) is outcome
    with pytest.raises(InternalError, match="finished"):
        sink.put(b"2")
