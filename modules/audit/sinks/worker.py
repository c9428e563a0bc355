"""The thread that ties queue, batches, retries and one transport together: the sink that callers see."""

from __future__ import annotations

import contextlib
import math
import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.capabilities import FILES, keep_only
from mig_audit.errors import InternalError, describe_errno
from mig_audit.modules.audit.sinks.account import Account
from mig_audit.modules.audit.sinks.batch import Batch
from mig_audit.modules.audit.sinks.interface import Answer, Verdict
from mig_audit.modules.audit.sinks.retry import Step, patience

if TYPE_CHECKING:
    from mig_audit.modules.audit.sinks.batch import Limits
    from mig_audit.modules.audit.sinks.interface import SinkOutcome, Transport
    from mig_audit.modules.audit.sinks.queue import Queue
    from mig_audit.modules.audit.sinks.retry import Retries
    from mig_audit.modules.audit.sinks.spool import Spool

_AT_ONCE = 1 << 20  # bytes that are moved from the queue to the spool in one go
_GRACE = 0.5  # seconds for an attempt that was cut to come back
_LEAST = 0.01  # seconds; with less time left there is no use in another attempt
_PASSING = (Verdict.UNREACHABLE, Verdict.BUSY)


@dataclass(frozen=True)
class Timing:
    """A monotonic clock in seconds, a way to wait on a condition for some seconds (None: until told), and chance."""

    clock: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Condition, Optional[float]], object] = threading.Condition.wait
    rng: random.Random = field(default_factory=random.Random)


class QueuedSink:
    """A sink whose `put` only ever writes to the queue; a daemon thread of its own does the rest.

    Everything that both threads see is guarded by one condition, which is never held during an attempt.
    """

    def __init__(  # each is a part that it ties together
        self,
        transport: Transport,
        queue: Queue,
        limits: Limits,
        retries: Retries,
        timing: Timing,
        spool: Optional[Spool] = None,
    ) -> None:
        """Start the thread. The transport is closed by it, the queue and the spool by `finish`."""
        self._transport = transport
        self._queue = queue
        self._limits = limits
        self._retries = retries
        self._clock = timing.clock
        self._wait = timing.wait
        self._rng = timing.rng
        self._changed = threading.Condition()
        self._account = Account(spool)
        self._finishing = False
        self._deadline = math.inf  # until finish names one
        self._outcome: Optional[SinkOutcome] = None
        self._idle = False  # the thread waits for events
        self._held: list[Batch] = []  # what the thread has taken and not yet settled, the next one last
        self._under_way = 0  # those of them in the attempt of this moment
        self._batches = 0
        self._trouble: Optional[Answer] = None  # what keeps the head of the queue from getting through
        self._broken = False
        self._thread = threading.Thread(target=self._run, name=f"sink-{transport.kind}", daemon=True)
        self._thread.start()

    def put(self, event: bytes) -> None:
        """Take one event: a JSON object without a newline. It never waits for the network, and never fails."""
        with self._changed:
            if self._outcome is not None:
                raise InternalError("an event was put into a sink that had finished")
            self._account.offered += 1
            if self._broken:
                self._account.give_up([event], self._obstacle())
                return
            try:
                self._queue.put(self._clock(), event)
            except OSError as error:
                self._account.give_up([event], _full(error))
                return
            if self._idle and (
                self._queue.events == 1 or self._limits.full(self._queue.events, self._queue.content)
            ):
                self._changed.notify()

    def finish(self, deadline: float) -> SinkOutcome:
        """Deliver what is left until ``deadline`` on the sink's monotonic clock, then stop and give the account.

        It returns half a second after the deadline at the latest; an attempt that hangs even then is left to itself,
        and its batch counts as undelivered, though it may have arrived. What comes of it is not counted any more.
        """
        with self._changed:
            if self._outcome is not None:
                return self._outcome
            self._finishing, self._deadline = True, deadline
            self._changed.notify()
        self._thread.join(min(max(0.0, deadline - self._clock()), threading.TIMEOUT_MAX))
        if self._thread.is_alive():
            self._transport.cut()
            self._thread.join(_GRACE)
        with self._changed:
            self._leave(self._obstacle())
            self._queue.close()
            self._outcome = self._account.close(self._transport.kind, self._transport.target)
            return self._outcome

    def _leave(self, why: Answer) -> None:
        """Give up all that is left, in order."""
        uncertain = self._under_way
        while self._held:
            self._account.give_up(self._held.pop().events, why, uncertain)
            uncertain = 0
        left = self._queue.events
        try:
            while left:
                events = self._queue.take(left, _AT_ONCE)
                self._account.give_up(events, why)
                left -= len(events)
        except OSError as error:
            self._account.give_up_unread(left, _unreadable(error))

    def _run(self) -> None:
        # Who opens a sink may be allowed much more than whoever talks to an endpoint should be.
        keep_only(FILES)
        try:
            with contextlib.closing(self._transport):
                while (batch := self._next()) is not None:
                    self._settle(batch)
        except Exception as error:  # noqa: BLE001  # a thread's exception has nobody else to go to
            self._break(error)

    def _next(self) -> Optional[Batch]:
        """Wait until a batch is due, and take it; None when there is nothing left to do, or no time."""
        with self._changed:
            while self._left() > _LEAST:
                wait = self._due()
                if wait is not None and wait <= 0:
                    self._batches += 1
                    events = self._queue.take(self._limits.events, self._limits.content)
                    self._held = [Batch(self._batches, events)]
                    return self._held[0]
                if self._finishing:
                    return None
                self._idle = True
                self._wait(self._changed, wait)
                self._idle = False
        return None

    def _due(self) -> Optional[float]:
        """Return in how many seconds a batch is due; None if there are no events."""
        oldest = self._queue.oldest()
        if oldest is None:
            return None
        if self._finishing or self._limits.full(self._queue.events, self._queue.content):
            return 0.0
        return min(self._limits.wait(oldest, self._clock()), threading.TIMEOUT_MAX)

    def _settle(self, batch: Batch) -> None:
        """Bring a batch to its end, in parts if it must be split."""
        part: Optional[Batch] = batch
        while part is not None:
            self._deliver(part)
            with self._changed:
                part = self._held[-1] if self._held else None

    def _deliver(self, batch: Batch) -> None:
        """Try until a batch is settled, or split it into what is to be settled in its place."""
        failures = busy = 0
        uncertain = False
        while (left := self._left()) > _LEAST:
            answer = self._attempt(batch, left, again=failures > 0)
            failures += 1
            busy += answer.verdict is Verdict.BUSY
            uncertain |= answer.uncertain
            step = self._retries.step(answer, len(batch.events), busy)
            if step is Step.SPLIT:
                self._split(batch)
                return
            if step is not Step.AGAIN:
                self._conclude(batch, step, answer, uncertain=uncertain)
                return
            pause = self._retries.pause(answer, failures, self._rng)
            self._pause(pause, asked=answer.retry_after is not None)
        self._conclude(batch, Step.GIVE_UP, self._obstacle(), uncertain=uncertain)

    def _split(self, batch: Batch) -> None:
        with self._changed:
            if self._outcome is None:
                self._held[-1:] = reversed(batch.halves())

    def _attempt(self, batch: Batch, left: float, *, again: bool) -> Answer:
        with self._changed:
            self._under_way = len(batch.events)
        answer = self._transport.deliver(batch, left)
        with self._changed:
            self._under_way = 0
            self._account.attempt(answer, again=again)
            self._trouble = answer if answer.verdict in _PASSING else None
            if answer.verdict is Verdict.TOO_LARGE and len(batch.events) > 1:
                self._limits = self._limits.below(batch)
        return answer

    def _conclude(self, batch: Batch, step: Step, answer: Answer, *, uncertain: bool) -> None:
        events = batch.events
        with self._changed:
            if self._outcome is not None:
                # It was counted as undelivered: nobody waits for it any more.
                return
            self._held.pop()
            if step is Step.DONE:
                self._account.accept(batch)
            elif step is Step.REJECT:
                self._account.reject(len(events), answer)
            else:
                self._account.give_up(events, answer, len(events) if uncertain else 0)

    def _pause(self, seconds: float, *, asked: bool) -> None:
        """Wait between two attempts.

        A call of `finish` ends a pause of our own choosing at once, for the endpoint may be back; one that the
        endpoint asked for goes on, but for no more than half of the time left.
        """
        with self._changed:
            finishing = self._finishing
            until = self._clock() + patience(seconds, self._left())
            while (wait := until - self._clock()) > 0 and self._left() > 0:
                self._wait(self._changed, min(wait, threading.TIMEOUT_MAX))
                if self._finishing and not finishing:
                    finishing = True
                    rest = until - self._clock() if asked else 0.0
                    until = self._clock() + patience(rest, self._left())

    def _left(self) -> float:
        return self._deadline - self._clock()

    def _obstacle(self) -> Answer:
        """Return what keeps events from their endpoint at this moment."""
        if self._trouble is not None:
            return self._trouble
        return Answer(
            Verdict.UNREACHABLE,
            cause="time",
            what=f"the time to deliver to {self._transport.target} was over",
            remedy="allow more time to drain",
        )

    def _break(self, error: Exception) -> None:
        """Keep the account right after a fault of ours."""
        target = self._transport.target
        fault = InternalError(f"delivery to {target} stopped: {type(error).__name__}: {error}", "report this")
        fault.__cause__ = error
        with self._changed:
            if self._outcome is None:
                self._account.fault(fault)
                self._broken = True
                self._trouble = Answer(
                    Verdict.UNREACHABLE,
                    "fault",
                    f"delivery to {target} stopped by a fault of ours",
                    "report it",
                )


def _unreadable(error: OSError) -> Answer:
    return Answer(
        Verdict.UNREACHABLE,
        cause="unreadable",
        what=f"the queue on disk could not be read: {describe_errno(error.errno or 0)}",
        remedy="see the raw log's file system",
    )


def _full(error: OSError) -> Answer:
    return Answer(
        Verdict.UNREACHABLE,
        cause="queue",
        what=f"the queue on disk could not be written: {describe_errno(error.errno or 0)}",
        remedy="free space on the raw log's file system",
    )
