"""Whether the recorder still does something: one that stands still is woken, and ended if that does not help.

It gives a sign of life twice a second, whatever it does. It stands still when somebody stops it (SIGSTOP, a debugger, a
frozen control group), or when a file system does not answer; the kernel's audit stays as the window set it up then, and
nobody records. It is better continued than killed: what the kernel has queued on its socket is lost with it.
"""

from __future__ import annotations

import math
import time
from typing import Callable, Optional

WORD = 0.5
"""Seconds between two signs of life."""
SILENCE = 2.0
"""Seconds without one after which a recorder is woken; to one that is only slow that does nothing."""
PATIENCE = 15.0
"""Seconds that it has from then on."""

_STOPPED = (b"T", b"t")  # proc(5): by a signal, by a tracer


class Beat:
    """Says when the next sign of life is due; for the recorder."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with one that is due."""
        self._clock = clock
        self._next = 0.0

    def due(self) -> bool:
        """Return whether it is time for a word, which is taken as said then."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + WORD
        return True


class Pulse:
    """Counts the time since the last word; for the main process.

    ``stops`` are the times at which the recorder was found stopped, and ``last`` is when it last spoke, in seconds
    since the epoch; ``given_up`` is why it was ended, empty if it was not.

    Args:
        wake: continues the process, and returns whether it was stopped.
        end: kills it.
        clock: seconds that do not jump.
        wall: seconds since the epoch.
    """

    def __init__(
        self,
        wake: Callable[[], bool],
        end: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Begin with a word."""
        self._wake = wake
        self._end = end
        self._clock = clock
        self._wall = wall
        self._heard = clock()
        self._woken: Optional[float] = None
        self._limit = math.inf
        self.last = wall()
        self.stops: list[float] = []
        self.given_up = ""

    def word(self) -> None:
        """Take note of a word."""
        self._heard, self.last, self._woken = self._clock(), self._wall(), None

    def give_up_at(self, limit: float) -> None:
        """End the recorder at that time on the clock, whatever it says; infinity takes that back."""
        self._limit = limit

    def check(self) -> None:
        """Wake or end the recorder if it is time; whatever it has said by now must have been heard before."""
        now = self._clock()
        if self.given_up:
            return
        if now >= self._limit:
            self._give_up("it had not ended its window when the caller's deadline left no more time")
        elif self._woken is not None and now - self._woken >= PATIENCE:
            self._give_up(f"it gave no sign of life for {now - self._heard:.0f} s")
        elif self._woken is None and now - self._heard >= SILENCE:
            # Patience is counted from here: both processes may have been stopped until now.
            self._woken = now
            if self._wake():
                self.stops.append(self._wall())

    def _give_up(self, why: str) -> None:
        self.given_up = why
        self._end()


def is_stopped(pid: int, proc: str = "/proc") -> bool:
    """Return whether a process is stopped, by a signal or a tracer."""
    try:
        with open(f"{proc}/{pid}/stat", "rb") as file:  # noqa: PTH123  # as the recorder's own modules do
            # The name in parentheses may itself have spaces and parentheses in it.
            return file.read().rpartition(b")")[2].split()[0] in _STOPPED
    except OSError:
        return False
