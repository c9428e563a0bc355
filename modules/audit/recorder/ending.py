"""Why a window ends; the first reason is the one that counts."""

from __future__ import annotations


class Ending:
    """``reason`` is one word, empty while the window is open; ``why`` is in words, where the reason alone does not say.

    Reasons are ``window``, ``deadline`` (the caller's), ``stopped``, ``abandoned`` (the main process is gone),
    ``raw-log``, ``events``, and those of `bounds.Bounds`.
    """

    def __init__(self) -> None:
        """Leave the window open."""
        self.reason = ""
        self.why = ""

    def because(self, reason: str, why: str = "") -> None:
        """End the window, if nothing has ended it yet."""
        if not self.reason:
            self.reason, self.why = reason, why
