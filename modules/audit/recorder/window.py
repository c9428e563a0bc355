"""The window: the recorder's loop between set-up and tear-down."""

from __future__ import annotations

import os
import select
import time
from collections import Counter
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional

from mig_audit.modules.audit.canary import MESSAGE_TYPE, Mark
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.recorder import reports
from mig_audit.modules.audit.recorder.bounds import Bounds, Rereading, usage_of
from mig_audit.modules.audit.recorder.canaries import CLOSING, SILENCE, Canary
from mig_audit.modules.audit.recorder.pulse import Beat
from mig_audit.modules.audit.recorder.watch import Own, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

    from mig_audit.modules.audit.kernel.control import Control
    from mig_audit.modules.audit.kernel.state import Snapshot
    from mig_audit.modules.audit.recorder.channel import Channel
    from mig_audit.modules.audit.recorder.drain import Drain
    from mig_audit.modules.audit.recorder.ending import Ending
    from mig_audit.modules.audit.recorder.plan import Plan
    from mig_audit.modules.audit.recorder.rawlog import RawLogWriter

_TICK = 0.2  # seconds between looks at the clock and the channel when nothing arrives
_PAUSE = 0.005  # seconds to let records gather: waking up for each one costs more than reading it


class Parts(NamedTuple):
    """What a window works with."""

    channel: Channel
    log: RawLogWriter
    control: Control
    drain: Drain
    ending: Ending


class Window:
    """Drains the record socket into the raw log until something ends it, and closes it with a canary.

    Why it ended is in the parts' ``ending``, what became of the canaries and what others did in ``canary`` and
    ``watch``.
    """

    def __init__(self, parts: Parts, canary: Canary, watch: Watch, bounds: Bounds) -> None:
        """Use `prepare`."""
        self._channel, self._log, self._control, self._drain, self._ending = parts
        self.canary = canary
        self.watch = watch
        self._bounds = bounds
        self._tick = 0.0  # when it is due
        self._beat = Beat()

    @classmethod
    def prepare(
        cls, parts: Parts, plan: Plan, before: Snapshot, settings: Mapping[Setting, int], unsent: str
    ) -> Self:
        """Return the window of a plan, with everything set up.

        Args:
            parts: what it works with.
            plan: of the run.
            before: the kernel as it was before the first change.
            settings: what was set since then.
            unsent: why this host gets no canaries and nothing is put back; empty if it does.
        """
        control = parts.control

        def send(text: bytes) -> None:
            control.log_message(MESSAGE_TYPE, text)

        canary = Canary(Mark(plan.run_id, os.getpid()), send, plan.canary, time.time, unsent)
        listed = control.rules()
        own = Own(
            # That it is switched on is what the window needs in any case; other settings are their owner's.
            settings={Setting.ENABLED: 1, **settings},
            listed=listed,
            rules=tuple((Counter(listed) - Counter(before.rules)).elements()),
            first=plan.own_rules,
            reapply=plan.reapply and not unsent,
        )
        pids, read = (os.getpid(), os.getppid()), Rereading()
        # The files are opened here, where that is still allowed on a host that hides processes from each other.
        usage_of(pids, read)
        bounds = Bounds(plan.limits, lambda: usage_of(pids, read), parts.log.free)
        return cls(parts, canary, Watch(control, own, time.time), bounds)

    def open(self) -> None:
        """Wait for a first canary: what is missing is counted from its serial on, which must not be lost."""
        self._await_canary(lambda: self.canary.returned or bool(self._ending.reason))
        self.canary.open()

    def run(self, end: float, latest: Optional[float] = None) -> None:
        """Record until ``end`` on the monotonic clock, or until something ends the window before.

        ``latest`` is when it must be over for the caller's sake.
        """
        deadline = end if latest is None else min(end, latest)
        poller = select.poll()
        poller.register(self._drain.fileno(), select.POLLIN)
        poller.register(self._channel, select.POLLIN)
        while not self._ending.reason:
            now = time.monotonic()
            if now >= deadline:
                self._ending.because("window" if now >= end else "deadline")
                break
            if now >= self._tick:
                self._tick = now + _TICK
                self._look_around(now)
            ready = dict(poller.poll(min(_TICK, deadline - now) * 1000))
            if self._channel.fileno() in ready:
                self._listen()
            self._take()
        self._close()
        self._log.left.end_window()

    def tell(self) -> None:
        """Report progress if that is due: it is also how the main process knows that the recorder is alive."""
        if self._beat.due():
            counts = self._drain.tally.received, self._log.written, self._log.size
            progress = reports.Progress(*counts, self.canary.account())
            self._channel.send(reports.PROGRESS, progress.to_json(), optional=True)

    def _take(self) -> None:
        """Move what is waiting on the socket into the raw log."""
        self.tell()
        block = self._drain.block()
        self.canary.look(block.data, time.monotonic())
        reached = self._bounds.reached(time.monotonic(), self._drain.tally.received)
        if not self._log.append(*block):
            self._ending.because("raw-log")
        elif reached:
            self._ending.because(*reached)
        if self._drain.idle:
            # Also when nothing can be written any more: the closing canary is waited for even so.
            time.sleep(_PAUSE)

    def _look_around(self, now: float) -> None:
        self.canary.beat(now)
        self.watch.look(now)

    def _listen(self) -> None:
        for message in self._channel.receive():
            if message["kind"] == "stop":
                self._ending.because(message["reason"], message["why"])
            elif message["kind"] == "rules-changed":
                self.watch.rules_changed()
        if self._channel.closed:
            self._ending.because("abandoned")

    def _close(self) -> None:
        """Wait for a canary sent now: what was lost before it shows as a gap in the serials.

        While audit is switched off there is no way for it to come back, and where the main process is gone there is
        nobody who would want to know.
        """
        if self._ending.reason == "abandoned":
            return
        self.watch.finish()
        if not self._control.status().enabled:
            return
        self.canary.end()
        self._await_canary(lambda: self.canary.closed)

    def _await_canary(self, back: Callable[[], bool]) -> None:
        """Send one, and take what arrives until it is ``back``; send another one only where it was lost."""
        now = heard = time.monotonic()
        limit = now + CLOSING
        self.canary.beat_again(now)
        while not back() and now < min(limit, heard + SILENCE):
            received = self._drain.tally.received
            self._take()
            now = time.monotonic()
            if self._drain.tally.received > received:
                heard = now
            elif self._drain.idle and not self._control.status().backlog:
                # Nothing is queued any more.
                self.canary.beat_again(now)
