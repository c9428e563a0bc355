"""The caller's deadline: what the end of a run needs of it, so that the answer is there in time."""

from __future__ import annotations

import math
from typing import Optional

from mig_audit.errors import UsageError
from mig_audit.modules.audit.recorder.canaries import CLOSING

REMOVAL = 0.07
"""Seconds that the kernel needs to remove a rule: 20 to 70 ms were measured."""
EMPTYING = 2.0
"""Seconds that the recorder may take to empty the kernel's queue, twice a second."""
ANSWER = 2.0
"""Seconds to look at the serials of what was not processed, to compose the answer and to exit."""


class Deadline:
    """When the answer must be given, on the monotonic clock.

    ``answer_by`` is when processing and delivery must be over; infinite where the caller has time.
    """

    def __init__(self, began: float, seconds: Optional[float]) -> None:
        """Count ``seconds`` from the beginning of the run."""
        self._seconds = seconds
        self._began = began
        self.answer_by = math.inf if seconds is None else began + seconds - ANSWER

    def window_end(self, rules: int) -> Optional[float]:
        """Return when the window must be over at the latest, if so many rules are to be removed then.

        Raises:
            UsageError: there would be no time for a window.
        """
        if self._seconds is None:
            return None
        needed = CLOSING + EMPTYING + ANSWER + rules * REMOVAL
        if needed >= self._seconds:
            raise UsageError(
                f"a deadline of {self._seconds:g} s leaves no time for a window: closing it, removing {rules} rules and "
                f"answering may take {needed:.1f} s",
                "allow more time, or load fewer rules",
            )
        return self._began + self._seconds - needed
