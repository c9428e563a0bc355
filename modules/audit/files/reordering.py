"""Events in the order of their serials, which is the order in which the calls were over.

In a log of a busy host the records of several calls come by turns, so that some events are whole before others that have
smaller serials. Times do not help: a call has the time of its beginning.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.files.call import Call

_WINDOW = 512
SERIALS = 2**32
"""After the last one, the kernel begins anew."""
# So many serials back, or some back and so many seconds after all others, and the host was started again.
_NEW_BOOT, _PAUSE = 100_000, 2


class Arrival(NamedTuple):
    """An event as it came.

    Attributes:
        serial: its number.
        seconds: its time.
        milliseconds: the rest of that.
        call: that it tells of; None of any other event.
        incomplete: it would tell of a call if more of it were there.
    """

    serial: int
    seconds: int
    milliseconds: int
    call: Optional[Call]
    incomplete: bool = False


class Turn(NamedTuple):
    """An event whose turn it is.

    Attributes:
        arrival: the event.
        missing: how many serials are missing before it.
        late: it comes after events that it was before.
        new_boot: the numbers begin anew with it.
    """

    arrival: Arrival
    missing: int = 0
    late: bool = False
    new_boot: bool = False


class Reordering:
    """The events of one host that wait for those before them.

    Args:
        window: how many may wait.
    """

    def __init__(self, window: int = _WINDOW) -> None:
        self._window = window
        # Numbers of events, which go on where serials begin anew: the greatest that came, and the last whose turn it was;
        # and the latest time of all, in seconds.
        self._top = 0
        self._latest = 0
        self._last: Optional[int] = None
        self._waiting: list[tuple[int, int, Arrival]] = []
        self._count = 0

    def add(self, arrival: Arrival) -> Iterator[Turn]:
        """Take an event; give those whose turn it is."""
        ahead = (arrival.serial - self._top) % SERIALS
        if not self._count:
            self._top = number = arrival.serial
        elif ahead < SERIALS // 2:
            self._top = number = self._top + ahead
        else:
            number = self._top + ahead - SERIALS
        last, waiting, latest = self._last, self._waiting, self._latest
        self._latest = max(latest, arrival.seconds)
        self._count += 1
        if last is not None and number == last + 1 and not waiting:
            self._last = number
            yield Turn(arrival)
        elif self._top - number >= _NEW_BOOT or (number < self._top and arrival.seconds > latest + _PAUSE):
            yield from self.flush()
            self._top = self._last = arrival.serial
            yield Turn(arrival, new_boot=True)
        elif last is not None and number <= last:
            yield Turn(arrival, late=True)
        else:
            heappush(waiting, (number, self._count, arrival))
            # Of the first few, nobody knows which is the first.
            while len(waiting) > self._window or (
                self._last is not None and waiting and waiting[0][0] <= self._last + 1
            ):
                yield self._next()

    def flush(self) -> Iterator[Turn]:
        """Give all that wait: nothing more comes before them."""
        while self._waiting:
            yield self._next()

    def _next(self) -> Turn:
        number, _, arrival = heappop(self._waiting)
        last = number - 1 if self._last is None else self._last
        self._last = max(number, last)
        return Turn(arrival, max(number - last - 1, 0))
