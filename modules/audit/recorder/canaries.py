"""Sending canaries and waiting for them: proof that records arrive, and a last serial to count up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.errors import MigAuditError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.canary import Mark

PATIENCE = 2.0
"""Seconds within which a canary must come back: what the kernel queues on its way is read in a fraction of it."""
CLOSING = 3.0
"""Seconds at the most that the beginning and the end of the window wait for their canary, while records arrive."""
SILENCE = 1.0
"""Seconds without any record after which they do not wait any more."""

_AGAIN = 0.1  # seconds between the canaries of the end


@dataclass(frozen=True)
class Canaries:
    """What became of a run's canaries.

    ``first`` and ``last`` are the serials of those that came back, ``slowest`` is how long one took, in seconds.
    ``silent_since`` is when the first of the unanswered ones at the end was sent, in seconds since the epoch; None if
    the last one came back. ``opened`` says that one came back before the window, ``closed`` that one sent after it did.
    ``unsent`` is why none were sent, and ``refused`` says that the kernel would not take them.
    """

    sent: int = 0
    returned: int = 0
    first: Optional[int] = None
    last: Optional[int] = None
    slowest: float = 0.0
    silent_since: Optional[float] = None
    opened: bool = False
    closed: bool = False
    unsent: str = ""
    refused: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the account as a document."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Canaries:
        """Rebuild the account."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


class Canary:
    """Sends a message from time to time, one at a time, and looks for it among the records.

    Args:
        mark: of this run.
        send: has the kernel record a message.
        interval: seconds between two of them; 0 for none.
        wall: seconds since the epoch.
        unsent: why there are to be none, for the account.
    """

    def __init__(
        self,
        mark: Mark,
        send: Callable[[bytes], None],
        interval: float,
        wall: Callable[[], float],
        unsent: str = "",
    ) -> None:
        self._mark = mark
        self._send = send
        self._interval = interval
        self._wall = wall
        self._unsent = unsent or ("" if interval else "the parameters ask for none")
        self._next = 0.0
        self._awaited = 0.0  # when the one that is out was sent, 0 if none is
        self._latest = 0.0  # when the last one was sent
        self._ending = False
        self._sent = self._returned = 0
        self._first: Optional[int] = None
        self._last: Optional[int] = None
        self._slowest = 0.0
        self._silent_since: Optional[float] = None
        self._opened = self._closed = self._refused = False

    def beat(self, now: float) -> None:
        """Send one if it is time, and the one before has come back or been given up."""
        waiting = self._awaited and now < self._awaited + PATIENCE
        if now >= self._next and not waiting:
            self._go(now, self._interval)

    def beat_again(self, now: float) -> None:
        """Send one more where the one before was lost: each has a fresh chance to get through."""
        if now >= self._next:
            self._go(now, _AGAIN)

    def open(self) -> None:
        """Begin the window: `opened` is settled, and from now on they are sent at their interval."""
        self._opened = bool(self._returned)
        self._next = self._latest + self._interval

    def end(self) -> None:
        """End the window: those that are sent from now on close it, and the next one is due."""
        self._ending, self._next = True, 0.0

    def look(self, data: bytes, now: float) -> None:
        """Look for it in raw-log lines."""
        if not self._awaited:
            return
        for seen in self._mark.in_block(data):
            self._returned += 1
            self._first = seen.serial if self._first is None else self._first
            self._last = seen.serial
            self._closed = self._closed or seen.end
            if seen.number == self._sent:
                self._slowest = max(self._slowest, now - self._awaited)
                self._awaited = 0.0
            # One that was given up and comes late has been on the same way: it is open.
            self._silent_since = None

    @property
    def returned(self) -> bool:
        """Return whether there is nothing to wait for at the beginning of the window."""
        return bool(self._returned or self._unsent)

    @property
    def closed(self) -> bool:
        """Return whether there is nothing more to wait for at the end of the window."""
        return self._closed or bool(self._unsent)

    def account(self) -> Canaries:
        """Return what became of them."""
        return Canaries(
            self._sent,
            self._returned,
            self._first,
            self._last,
            round(self._slowest, 6),
            self._silent_since,
            self._opened,
            self._closed,
            self._unsent,
            self._refused,
        )

    def _go(self, now: float, again: float) -> None:
        if self._unsent:
            return
        self._next, self._awaited, self._latest = now + again, now, now
        self._sent += 1
        if self._silent_since is None:
            self._silent_since = self._wall()
        try:
            self._send(self._mark.text(self._sent, end=self._ending))
        except MigAuditError as error:
            self._unsent, self._refused, self._silent_since = str(error), True, None
