"""The ways in which records are put together, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Protocol

from mig_audit.modules.audit.events.correlation import Correlator
from mig_audit.modules.audit.events.run_stream import RunStream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.events.ledger import Ledger
    from mig_audit.modules.audit.events.stream import RecordStream
    from mig_audit.modules.audit.events.usual import Complete, UsualEvent
    from mig_audit.modules.audit.records import Record


class Grouping(Protocol):
    """What puts the records of an event together, one by one.

    Every record that it takes comes out in exactly one bundle, or is counted as left out.
    """

    @property
    def seconds_limit(self) -> int:
        """Return the time from which on it wants no records."""

    @property
    def held(self) -> int:
        """Return how many records it holds."""

    @property
    def left_out(self) -> int:
        """Return how many records are in no event because all that they said was that one is whole."""

    def add(self, record: Record) -> Sequence[Complete]:
        """Take one record and return the events that can be given out because of it."""

    def flush(self) -> Sequence[Complete]:
        """Return what is held; for the end of the stream."""


class RunGrouping(Grouping, Protocol):
    """A grouping that takes runs as well; see `correlation.Correlator`."""

    def without_call(self, node: str, most: int) -> Sequence[int]:
        """Return the serials of a node's open events without a record of a call, among so many of the oldest."""

    def turn_to(self, node: str) -> None:
        """Take what comes next as of this node, empty for none; but for what `add` is given."""

    def is_open(self, stamp: bytes) -> bool:
        """Say whether an event of this node is open."""

    def is_single(self, name: str) -> bool:
        """Say whether a record of this type is an event of its own."""

    def add_usuals(
        self, usuals: list[UsualEvent], records: list[int], sizes: Sequence[int]
    ) -> Sequence[Complete]:
        """Take usual events, or what may be only the first records of them, so many each.

        ``sizes`` is how many bytes those are of each that has no end.
        """

    def add_interleaved(self, usuals: list[UsualEvent], records: list[int]) -> Sequence[Complete]:
        """Take usual events whose records came by turns; nothing, if that has to be record by record."""

    def add_run(self, stamp: bytes, now: int, types: list[str], texts: list[bytes]) -> Sequence[Complete]:
        """Take records that came one after the other, all with this stamp."""

    def add_single(self, stamp: bytes, now: int, name: str, text: bytes) -> Sequence[Complete]:
        """Take a record that is an event of its own."""


def _auparse(ledger: Ledger) -> RecordStream:
    # One format wants them.
    from mig_audit.modules.audit.events.auparse_feed import AuparseFeed  # noqa: PLC0415
    from mig_audit.modules.audit.events.fed_stream import FedStream  # noqa: PLC0415

    return FedStream(ledger, AuparseFeed())


# ``kernel``: the kernel's events. ``auparse``: what libauparse makes of them.
_STREAMS: Mapping[str, Callable[[Ledger], RecordStream]] = {
    "kernel": lambda ledger: RunStream(ledger, Correlator()),
    "auparse": _auparse,
}


def make_stream(name: str, ledger: Ledger) -> RecordStream:
    """Return a new stream whose records are put together in that way."""
    return _STREAMS[name](ledger)
