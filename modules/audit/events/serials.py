"""Which event serials are missing: exact within bounds, in bounded memory.

The kernel numbers events with one 32-bit counter that rolls over, and gives a number only to an event of which it makes
a record (docs/loss.md): a missing serial is an event that was made and did not arrive.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple, Optional

_MODULUS = 2**32
_HALF = 2**31
_UNSEEN = -1


class MissingSerials(NamedTuple):
    """What a `SerialTracker` knows.

    Attributes:
        first: the lowest serial of the latest span, None before any serial.
        last: the highest serial of the latest span that was seen, or is known to have been given.
        missing: how many serials between the lowest and the highest were not seen, over all spans.
        ranges: the first of the missing ranges, inclusive, each within 32 bits (a range that rolls over has
            ``low > high``).
        spans: how many times the counter started, 1 without a reboot.
        unplaced: serials that came after the range they belong to was forgotten. ``missing - unplaced`` to
            ``missing`` is then the answer; 0 means that it is exact.
        late: how many serials came after a higher one: they were missing for a while.
        delay: how many serials the latest of them was behind the highest.
        late_ranges: the first of the late ones, as ranges; neighbours that came one after the other are one.
    """

    first: Optional[int]
    last: Optional[int]
    missing: int
    ranges: tuple[tuple[int, int], ...]
    spans: int
    unplaced: int
    late: int = 0
    delay: int = 0
    late_ranges: tuple[tuple[int, int], ...] = ()


class SerialTracker:
    """The serials of one node: the span seen so far and the holes in it, as sorted disjoint ranges.

    Serials may come in any order and more than once. A serial further than ``displacement`` below the highest starts
    a new span: the host was rebooted. Nothing reorders events by more than the kernel's backlog.

    Args:
        max_ranges: how many holes are kept; beyond it the oldest hole is settled: it stays counted, but a serial of it
            that comes later cannot be told from a repeated one, and is counted as unplaced.
        displacement: see above.
        reported: how many ranges `missing` tells.
    """

    def __init__(self, *, max_ranges: int = 4096, displacement: int = 65_536, reported: int = 100) -> None:
        self._max_ranges = max_ranges
        self._displacement = displacement
        self._reported = reported
        # Unrolled serials: the counter as if it had more bits.
        self._lows: list[int] = []
        self._highs: list[int] = []
        self._low = self._high = _UNSEEN
        self._settled_to = _UNSEEN
        self._missing = 0
        self._unplaced = 0
        self._spans = 0
        self._told: list[tuple[int, int]] = []  # ranges of earlier spans and settled ones, for the report
        self._begun = False
        self._late = self._delay = 0
        self._late_ranges: list[tuple[int, int]] = []

    def add(self, serial: int) -> None:
        """Count a serial as seen."""
        if serial == (self._high + 1) % _MODULUS and self._high != _UNSEEN:
            self._high += 1
            return
        if self._high == _UNSEEN:
            self._start(serial)
            return
        delta = (serial - self._high + _HALF) % _MODULUS - _HALF
        unrolled = self._high + delta
        if delta > 0:
            self._open_hole(len(self._lows), self._high + 1, unrolled - 1)
            self._high = unrolled
        elif delta < -self._displacement and not self._begun:
            self.restart()
            self._start(serial)
        elif unrolled < self._low:
            if not self._begun:
                self._open_hole(0, unrolled + 1, self._low - 1)
                self._low = unrolled
                self._count_late(unrolled)
        elif unrolled <= self._settled_to:
            self._unplaced += 1
        else:
            self._fill(unrolled)

    def add_all(self, serials: list[int]) -> None:
        """Count these as seen, in this order."""
        first, count = serials[0], len(serials)
        follow = first == (self._high + 1) % _MODULUS and self._high != _UNSEEN
        if follow and first + count <= _MODULUS and serials == list(range(first, first + count)):
            self._high += count
            return
        for serial in serials:
            self.add(serial)

    def begin(self, serial: int) -> None:
        """Count from this serial on, in the one span that there is from now: nothing below it is missed.

        What a live stream brings first may be from a queue that was filled long before. A serial below this one that
        comes later is of that kind, or of an event that began before and ended after.
        """
        if self._high == _UNSEEN:
            self._start(serial)
        first = self._high + (serial - self._high + _HALF) % _MODULUS - _HALF
        holes = [(max(low, first + 1), high) for low, high in zip(self._lows, self._highs) if high > first]
        if first + 1 < self._low:
            holes.insert(0, (first + 1, self._low - 1))
        self._high = max(self._high, first)
        self._lows, self._highs = [low for low, _ in holes], [high for _, high in holes]
        self._missing = sum(high - low + 1 for low, high in holes)
        self._low, self._settled_to = first, _UNSEEN
        self._told, self._unplaced, self._spans = [], 0, 1
        self._begun = True

    def reach(self, serial: int) -> None:
        """Count up to this serial, which was given, as all below it were: what was not seen of them is missing.

        Before any serial there is nothing to count from.
        """
        unrolled = self._high + (serial - self._high + _HALF) % _MODULUS - _HALF
        if self._high != _UNSEEN and unrolled > self._high:
            self._open_hole(len(self._lows), self._high + 1, unrolled)
            self._high = unrolled

    @property
    def begun(self) -> bool:
        """Return whether it was told where to count from."""
        return self._begun

    def restart(self) -> None:
        """End the span: the next serial is a counter's first."""
        for low, high in zip(self._lows, self._highs):
            self._tell(low, high)
        self._lows, self._highs = [], []
        self._low = self._high = _UNSEEN

    def missing(self) -> MissingSerials:
        """Return what is known by now."""
        ranges = self._told + [
            (low % _MODULUS, high % _MODULUS)
            for low, high in zip(self._lows[: self._reported], self._highs[: self._reported])
        ]
        return MissingSerials(
            None if self._high == _UNSEEN else self._low % _MODULUS,
            None if self._high == _UNSEEN else self._high % _MODULUS,
            self._missing,
            tuple(ranges[: self._reported]),
            self._spans,
            self._unplaced,
            self._late,
            self._delay,
            tuple((low % _MODULUS, high % _MODULUS) for low, high in self._late_ranges),
        )

    def _start(self, serial: int) -> None:
        self._spans += 1
        # One turn up, so that a span may grow downwards past zero.
        self._low = self._high = serial + _MODULUS
        self._settled_to = _UNSEEN

    def _open_hole(self, index: int, low: int, high: int) -> None:
        if low > high:
            return
        self._missing += high - low + 1
        self._lows.insert(index, low)
        self._highs.insert(index, high)
        if len(self._lows) > self._max_ranges:
            self._settle()

    def _settle(self) -> None:
        low, high = self._lows.pop(0), self._highs.pop(0)
        self._settled_to = max(self._settled_to, high)
        self._tell(low, high)

    def _fill(self, serial: int) -> None:
        index = bisect_right(self._lows, serial) - 1
        if index < 0 or serial > self._highs[index]:
            return  # seen before
        self._count_late(serial)
        self._missing -= 1
        low, high = self._lows[index], self._highs[index]
        if low == high:
            del self._lows[index], self._highs[index]
        elif serial == low:
            self._lows[index] = serial + 1
        elif serial == high:
            self._highs[index] = serial - 1
        else:
            self._highs[index] = serial - 1
            self._missing -= high - serial
            self._open_hole(index + 1, serial + 1, high)

    def _count_late(self, serial: int) -> None:
        self._late += 1
        self._delay = max(self._delay, self._high - serial)
        told = self._late_ranges
        if told and told[-1][1] + 1 == serial:
            told[-1] = (told[-1][0], serial)
        elif len(told) < self._reported:
            told.append((serial, serial))

    def _tell(self, low: int, high: int) -> None:
        if len(self._told) < self._reported:
            self._told.append((low % _MODULUS, high % _MODULUS))
