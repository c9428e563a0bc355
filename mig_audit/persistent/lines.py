"""Lines of a stream that arrives in parts, without waiting for any of them."""

from __future__ import annotations

from typing import Optional


class LineSplitter:
    """Puts lines together; of one that is longer than the limit nothing is kept."""

    def __init__(self, limit: int) -> None:
        """Keep lines of at most ``limit`` bytes, their newline not counted."""
        self._limit = limit
        self._pending = bytearray()
        self._too_long = False

    def feed(self, part: bytes) -> list[Optional[bytes]]:
        """Return the lines that end in the next part, without their newlines; None stands for one that is too long."""
        *ends, rest = part.split(b"\n")
        lines = [self._ended(end) for end in ends]
        self._keep(rest)
        return lines

    def end(self) -> list[Optional[bytes]]:
        """Return the last line, if the stream ended without a newline."""
        return [self._ended(b"")] if self._pending or self._too_long else []

    def _ended(self, end: bytes) -> Optional[bytes]:
        self._keep(end)
        line = None if self._too_long else bytes(self._pending)
        self._pending.clear()
        self._too_long = False
        return line

    def _keep(self, piece: bytes) -> None:
        if len(self._pending) + len(piece) > self._limit:
            self._pending.clear()
            self._too_long = True
        elif not self._too_long:
            self._pending += piece
