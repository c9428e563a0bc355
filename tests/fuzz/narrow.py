"""The ways from lines to groups, with so little memory that it is full again and again, and clocks that are soon followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from both_ways import Told
from streams import block_of, in_bundles

from mig_audit.modules.audit.events import Correlator, Ledger, RecordStream, RunStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mig_audit.modules.audit.events.usual import Complete

_MEMORY = 6  # events
_STEP_BACK = 25  # records


class _Way:
    def __init__(self, make: Callable[[Ledger, Correlator], RecordStream]) -> None:
        self._ledger = Ledger()
        self._stream = make(self._ledger, Correlator(memory=_MEMORY, step_back=_STEP_BACK))

    def flush(self) -> list[bytes]:
        """Return the groups that were open, written out."""
        return self._closed(self._stream.flush())

    def told(self) -> Told:
        """Return the account."""
        return Told(self._ledger.account(pending=self._stream.held), 0, 0, {})

    def _closed(self, events: Iterable[Complete]) -> list[bytes]:
        groups: list[bytes] = []
        for bundle in in_bundles(events):
            group = bundle.group()
            self._ledger.close(bundle, complete=group.complete)
            groups.append(repr(group).encode())
        return groups


class NarrowRunWay(_Way):
    """Blocks of lines, by the short ways."""

    def __init__(self) -> None:
        """Begin a stream."""
        super().__init__(RunStream)

    def feed(self, blocks: Iterable[bytes]) -> list[bytes]:
        """Return the groups that are complete because of these blocks."""
        return self._closed(complete for block in blocks for complete in self._stream.feed(block))


class NarrowPlainWay(_Way):
    """Line by line."""

    def __init__(self) -> None:
        """Begin a stream."""
        super().__init__(RecordStream)

    def feed(self, lines: Iterable[bytes]) -> list[bytes]:
        """Return the groups that are complete because of these lines."""
        return self._closed(complete for line in lines for complete in self._stream.feed(block_of([line])))
