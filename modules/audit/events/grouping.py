"""The ways in which records are put together, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Protocol

from mig_audit.modules.audit.events.auparse_feed import AuparseFeed
from mig_audit.modules.audit.events.correlation import Correlator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.events.correlation import Group
    from mig_audit.modules.audit.records import Record


class Grouping(Protocol):
    """What puts the records of an event together, one by one.

    Every record that it takes comes out in exactly one group, or is counted as left out.
    """

    @property
    def seconds_limit(self) -> int:
        """Return the time from which on it wants no records."""

    @property
    def held(self) -> int:
        """Return how many records it holds."""

    @property
    def left_out(self) -> int:
        """Return how many records are in no group because all that they said was that one is whole."""

    def add(self, record: Record) -> Sequence[Group]:
        """Take one record and return the groups that can be given out because of it."""

    def flush(self) -> Sequence[Group]:
        """Return what is held; for the end of the stream."""


# ``kernel``: the kernel's events. ``auparse``: what libauparse makes of them.
_GROUPINGS: Mapping[str, Callable[[], Grouping]] = {"kernel": Correlator, "auparse": AuparseFeed}


def make_grouping(name: str) -> Grouping:
    """Return a new grouping of that name."""
    return _GROUPINGS[name]()
