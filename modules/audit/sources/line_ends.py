"""Where the lines of a log end: one that went through another system has a carriage return before each newline."""

from __future__ import annotations

from typing import Optional


class LineEnds:
    """The line ends of one log, which are those of its first line.

    No record ends in a carriage return: the kernel writes such a text in hex, or in quotes.
    """

    def __init__(self) -> None:
        self._returns: Optional[bool] = None  # not known before there was a line

    def mended(self, block: bytes) -> bytes:
        """Return lines without these returns; the last one may be torn."""
        if self._returns is None:
            self._returns = block.partition(b"\n")[0].endswith(b"\r")
        if not self._returns:
            return block
        lines = block.replace(b"\r\n", b"\n")
        return lines[:-1] if lines.endswith(b"\r") else lines
