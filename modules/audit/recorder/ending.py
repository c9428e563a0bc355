"""Why a window ends; whoever is first has the word."""

from __future__ import annotations


class Ending:
    """``reason`` is one word, empty while the window is open; ``why`` is in words, where the reason alone does not say.

    Reasons are ``window``, ``stopped``, ``abandoned`` (the main process is gone), and ``raw-log``.
    """

    def __init__(self) -> None:
        """Leave the window open."""
        self.reason = ""
        self.why = ""

    def because(self, reason: str, why: str = "") -> None:
        """End the window, if nothing has ended it yet."""
        if not self.reason:
            self.reason, self.why = reason, why
