"""Lines as a program has them that reads with C's fgets, and hands on to libauparse what strlen sees of them.

A byte that is 0 hides the rest of its line, the newline too, so that the next line continues what is left of it;
and a last line without a newline is never a line. Both are no records, and are kept aside.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mig_audit.modules.audit.events.stream import RecordStream
from mig_audit.modules.audit.records.record import LINE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events.grouping import Grouping
    from mig_audit.modules.audit.events.ledger import Ledger
    from mig_audit.modules.audit.events.usual import Complete

_MOST = LINE_LIMIT + 1  # bytes: no more is needed of what is too long for a record
_HIDDEN = re.compile(rb"[^\n\0]*(\0[^\n]*\n)")


class FedStream(RecordStream):
    """The records of what is left of the lines."""

    def __init__(self, ledger: Ledger, grouping: Grouping) -> None:
        super().__init__(ledger, grouping)
        self._ledger = ledger
        self._begun = b""  # what is left of lines whose newline is hidden

    def feed(self, block: bytes) -> Iterator[Complete]:
        """Take lines; one without a newline is the last of its source."""
        end = block.rfind(b"\n") + 1
        if block[end:]:
            self._keep_aside(block[end:])
        lines = self._begun + block[:end]
        if b"\0" in lines:
            lines = _HIDDEN.sub(self._hide, lines)
        end = lines.rfind(b"\n") + 1
        self._begun = lines[end : end + _MOST]
        yield from super().feed(lines[:end])

    def _hide(self, line: re.Match[bytes]) -> bytes:
        self._keep_aside(line[0])
        return line[0][: line.start(1) - line.start()]

    def _keep_aside(self, line: bytes) -> None:
        self._ledger.received += 1
        self._ledger.keep_aside(line)
