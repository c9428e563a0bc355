"""Chunks of bytes become blocks of whole lines, in bounded memory whatever the bytes are."""

from __future__ import annotations

from mig_audit.modules.audit.records.record import LINE_LIMIT


class LineCutter:
    """What is left of a chunk after its last newline waits for the next one.

    A line of a gigabyte does not: its first ``LINE_LIMIT`` + 1 bytes are given out, which is too long for a record, so
    that it is kept aside and counted as one; its rest is passed over.
    """

    def __init__(self) -> None:
        self._partial = b""
        self._passing_over = False

    def cut(self, chunk: bytes) -> bytes:
        """Return the whole lines that there are now."""
        if self._passing_over:
            _, newline, chunk = chunk.partition(b"\n")
            if not newline:
                return b""
            self._passing_over = False
        end = chunk.rfind(b"\n") + 1
        lines = self._partial + chunk[:end] if end else b""
        self._partial = chunk[end:] if end else self._partial + chunk
        if len(self._partial) <= LINE_LIMIT:
            return lines
        start = self._partial[: LINE_LIMIT + 1]
        self._partial = b""
        self._passing_over = True
        return lines + start + b"\n"

    def rest(self) -> bytes:
        """Return a last line that had no newline; nothing if there was none."""
        line, self._partial = self._partial, b""
        return line
