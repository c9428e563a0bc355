"""How long a pid that was seen is taken to be the same process."""

from __future__ import annotations

from typing import Optional

_OLD_PID_MAX, _PID_MAX = 32_768, 4_194_304  # linux/threads.h PID_MAX_DEFAULT, PID_MAX_LIMIT
_FASTEST = 100  # processes a millisecond; no host that was measured starts a tenth of it


class Trust:
    """As long as it takes the kernel, at its fastest, to hand out all other pids; or as long as somebody said.

    Args:
        said: milliseconds, None if nobody said.
        pid_max: of the host, None if it is not known: then it is the smaller one that kernels have by default, until
            a larger pid is seen.

    ``time`` is how long, in milliseconds.
    """

    __slots__ = ("_known", "time")

    def __init__(self, said: Optional[int], pid_max: Optional[int]) -> None:
        self.time = (pid_max or _OLD_PID_MAX) // _FASTEST if said is None else said
        self._known = said is not None or pid_max is not None

    def widened(self, pid: int) -> bool:
        """Take note of a pid; say whether the time is longer because of it."""
        if self._known or pid <= _OLD_PID_MAX:
            return False
        self.time, self._known = _PID_MAX // _FASTEST, True
        return True
