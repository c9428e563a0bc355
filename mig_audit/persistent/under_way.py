"""The query that is worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.messages import STOPPED

if TYPE_CHECKING:
    from mig_audit.persistent.query import Query
    from mig_audit.separate_run import SeparateRun

HURRY = 10.0
"""Seconds after which a run that is to end is told again, and skips what is left to process and deliver."""
KILLING = 120.0
"""Seconds after which it is killed; a thousand rules take the kernel about a minute to delete."""


class UnderWay:
    """A run, who asked for it, and since when. ``query`` is None when nobody waits for the answer any more.

    It is in a hurry when one side has asked it twice to stop. That both do is what happens when a service manager ends
    an agent and all that it has started.
    """

    def __init__(self, number: int, run: SeparateRun, query: Query, now: float) -> None:
        """Remember when it began."""
        self.number = number
        self.run = run
        self.query: Optional[Query] = query
        self.began = now
        self._ending_since: Optional[float] = None
        self._client_asks = 0
        self._hurried = False

    def client_stops(self) -> None:
        """Pass on that the client asks to stop; it waits for the answer, and may ask again."""
        self._client_asks += 1
        if self._client_asks > 1 or self._ending_since is None:
            self.run.stop(STOPPED)

    def end(self, reason: str, now: float) -> None:
        """Have it end, and in bounded time."""
        if self._ending_since is None:
            self._ending_since = now
            if not self._client_asks:
                self.run.stop(reason)

    def hurry(self) -> None:
        """Have it end sooner."""
        if not self._hurried:
            self._hurried = True
            self.run.stop("hurry")

    def look_at_the_clock(self, now: float) -> None:
        """See whether the end that was asked for is overdue."""
        passed = 0.0 if self._ending_since is None else now - self._ending_since
        if passed > HURRY:
            self.hurry()
        if passed > KILLING:
            self.run.kill()
