"""The window: the recorder's loop between set-up and tear-down."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

from mig_audit.modules.audit.recorder import reports
from mig_audit.modules.audit.recorder.canaries import CLOSING

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control
    from mig_audit.modules.audit.recorder.canaries import Canary
    from mig_audit.modules.audit.recorder.channel import Channel
    from mig_audit.modules.audit.recorder.drain import Drain
    from mig_audit.modules.audit.recorder.ending import Ending
    from mig_audit.modules.audit.recorder.rawlog import RawLogWriter

_TICK = 0.2  # seconds between looks at the clock and the channel when nothing arrives
_PROGRESS = 0.5  # seconds between progress reports
_PAUSE = 0.005  # seconds to let records gather: waking up for each one costs more than reading it
_FEW = 64  # records; more than that at once and there is no pause


class Window:
    """Drains the record socket into the raw log until something ends it, and closes it with a canary."""

    def __init__(
        self,
        channel: Channel,
        log: RawLogWriter,
        control: Control,
        drain: Drain,
        canary: Canary,
        ending: Ending,
    ) -> None:
        """Join the parts; `run` does the work, and leaves in ``ending`` why it is over."""
        self._channel = channel
        self._log = log
        self._control = control
        self._drain = drain
        self._canary = canary
        self._ending = ending
        self._tick = self._report = 0.0  # when each is due

    def run(self, deadline: float) -> None:
        """Record until ``deadline`` on the monotonic clock, or until something else ends the window."""
        poller = select.poll()
        poller.register(self._drain.fileno(), select.POLLIN)
        poller.register(self._channel, select.POLLIN)
        while not self._ending.reason:
            now = time.monotonic()
            if now >= deadline:
                self._ending.because("window")
                break
            if now >= self._tick:
                self._tick = now + _TICK
                self._look_around(now)
            ready = dict(poller.poll(min(_TICK, deadline - now) * 1000))
            if self._channel.fileno() in ready:
                self._listen()
            self._take()
        self._close()

    def _take(self) -> None:
        """Move what is waiting on the socket into the raw log."""
        block = self._drain.block()
        self._canary.look(block.data, time.monotonic())
        if not self._log.append(*block):
            self._ending.because("raw-log")
        elif self._drain.idle and block.records < _FEW:
            time.sleep(_PAUSE)

    def _look_around(self, now: float) -> None:
        self._canary.beat(now)
        if now >= self._report:
            self._report = now + _PROGRESS
            progress = reports.Progress(self._drain.tally.received, self._log.written, self._log.size)
            self._channel.send(reports.PROGRESS, progress.to_json(), wait=False)

    def _listen(self) -> None:
        for message in self._channel.receive():
            if message["kind"] == "stop":
                self._ending.because("stopped")
        if self._channel.closed:
            self._ending.because("abandoned")

    def _close(self) -> None:
        """Wait for a canary sent now: what was lost before it shows as a gap in the serials.

        While audit is switched off there is no way for it to come back, and where the main process is gone there is
        nobody who would want to know.
        """
        if self._ending.reason == "abandoned":
            return
        limit = time.monotonic() + CLOSING
        while not self._canary.closed and self._control.status().enabled:
            now = time.monotonic()
            if now >= limit:
                break
            self._canary.beat_at_end(now)
            self._take()
