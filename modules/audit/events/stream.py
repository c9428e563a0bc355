"""Blocks of lines become complete events: the first half of a record's way.

This is the plain way, line by line, which says what events a log has; `run_stream` gives the same ones sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.errors import RecordError
from mig_audit.modules.audit.records.record import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.events.grouping import Grouping
    from mig_audit.modules.audit.events.ledger import Ledger
    from mig_audit.modules.audit.events.usual import Complete

STAMPED = b"msg=audit("
"""Is in every record."""

_SHORTEST = len("type=A msg=audit(0.000:0):")  # record


class RecordStream:
    """Gives the records of lines to a grouping, one by one, and tells the ledger of each."""

    def __init__(self, ledger: Ledger, grouping: Grouping) -> None:
        self._ledger = ledger
        self._records = grouping
        self._seconds_limit = grouping.seconds_limit

    @property
    def held(self) -> int:
        """Return how many records are in events that are still open."""
        return self._records.held

    @property
    def left_out(self) -> int:
        """Return how many records are in no event; see `Grouping.left_out`."""
        return self._records.left_out

    def without_call(self, node: str, most: int) -> Sequence[int]:  # noqa: ARG002  # others know them
        """Return the serials of a node's open events without a record of a call, among so many of the oldest; if known."""
        return ()

    def feed(self, block: bytes) -> Iterator[Complete]:
        """Take whole lines; give the events that are complete because of them."""
        lines = lines_of(block)
        if is_sparse(block, lines):
            yield from self._feed_sparse(block)
            return
        for line in lines:
            yield from self._line(line)

    def flush(self) -> Iterator[Complete]:
        """Give what is still open: the stream has ended."""
        yield from self._records.flush()

    def _feed_sparse(self, block: bytes) -> Iterator[Complete]:
        """Take lines of which few are records; others are counted together."""
        for others, line in stamped_lines(block):
            if others:
                self._ledger.keep_aside_all(others)
            if line:
                yield from self._line(line)

    def _line(self, line: bytes) -> Sequence[Complete]:
        self._ledger.received += 1
        try:
            record = parse_line(line, self._seconds_limit)
        except RecordError:
            self._ledger.keep_aside(line)
            return ()
        self._ledger.track(record)
        return self._records.add(record)


def lines_of(block: bytes) -> list[bytes]:
    """Return the lines of a block, of which the last may lack its newline."""
    if not block:
        return []
    return (block[:-1] if block.endswith(b"\n") else block).split(b"\n")


def is_sparse(block: bytes, lines: Sequence[bytes]) -> bool:
    """Say whether lines, those of this block, are so short that many cannot be records."""
    return len(lines) * _SHORTEST > len(block)


def stamped_lines(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield lines that are no records, and the one after them that may be one, without its newline; neither need be.

    A log of a few KiB, compressed, can have hundreds of millions of lines with nothing in them.
    """
    position = 0
    while position < len(block):
        found = block.find(STAMPED, position)
        start = block.rfind(b"\n", position, found) + 1 or position if found >= 0 else len(block)
        end = block.find(b"\n", start)
        end = len(block) if end < 0 else end
        yield block[position:start], block[start:end]
        position = end + 1
