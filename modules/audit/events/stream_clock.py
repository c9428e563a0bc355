"""The time of a stream: that of its records, which may be set back."""

from __future__ import annotations


class StreamClock:
    """Goes on with the records' clock, and never back; all times are in milliseconds.

    Args:
        timeout: how far behind a record may be without a thought.
        step_back: as many records in a row from further behind, and the clock was set back (or an older log follows a
            newer one).

    Attributes:
        now: the latest time.
        offset: what makes up for steps that the records' clock made: it is added to every time.
        behind: how many records in a row were from further behind.
    """

    __slots__ = ("_behind_latest", "_step_back", "_timeout", "behind", "now", "offset")

    def __init__(self, timeout: int, step_back: int) -> None:
        self._timeout = timeout
        self._step_back = step_back
        self.now = -1
        self.offset = 0
        self.behind = 0
        self._behind_latest = 0

    def follow(self, time: int, records: int) -> bool:
        """Take the time that so many records have; say whether it went on."""
        time += self.offset
        if time > self.now:
            self.now = time
            self.behind = 0
            return True
        if time < self.now - self._timeout:
            self._fall_behind(time, records)
        else:
            self.behind = 0
        return False

    def _fall_behind(self, time: int, records: int) -> None:
        """Follow a clock that was set back, else no event would ever time out again.

        One record from long ago is only a system call that blocked: its time is that of its entry.
        """
        self._behind_latest = max(self._behind_latest, time) if self.behind else time
        self.behind += records
        while self.behind >= self._step_back:
            step, more = self.now - self._behind_latest, self.behind - self._step_back
            self.offset += step
            # What is left of these records may still be from before the clock.
            time += step
            self.behind = more if time < self.now - self._timeout else 0
            self._behind_latest = time
