"""What the records of one event are together: a `Gathering` while it may get more, then a `Bundle`, then a `Group`.

Most events need no group: a bundle has the types and bodies of the records as they were cut, and no `Record` is made
for it unless somebody asks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.records import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

EOE, SINGLE, TIMEOUT, EVICTED, END = "eoe", "single", "timeout", "evicted", "end"
ENDINGS = (EOE, SINGLE, TIMEOUT, EVICTED, END)
WHOLE = frozenset({EOE, SINGLE})
"""The endings of events that got all their records, as far as the ending tells."""

# Records that only ever accompany a system call (or io_uring operation).
_SYSCALL_TYPES = frozenset({"SYSCALL", "URINGOP"})
_COMPANIONS = frozenset(
    [
        "BPRM_FCAPS",
        "CAPSET",
        "CWD",
        "EOE",
        "EXECVE",
        "FD_PAIR",
        "IPC",
        "IPC_SET_PERM",
        "MMAP",
        "MQ_GETSETATTR",
        "MQ_NOTIFY",
        "MQ_OPEN",
        "MQ_SENDRECV",
        "OBJ_PID",
        "OPENAT2",
        "PATH",
        "PROCTITLE",
        "SOCKADDR",
        "SOCKETCALL",
    ]
)
_ITEMS = re.compile(rb" items=([0-9]{1,6})\b")


class Group(NamedTuple):
    """The records of one event, in the order in which they came; made by `make_group`.

    Attributes:
        records: at least one; all with the same node and stamp.
        ending: why it is complete, one of `ENDINGS`.
        part: 0, or n for the n-th further group of an event whose earlier records were already given out.
        gaps: what is known to be missing: ``earlier``, ``syscall``, ``eoe``, ``path``; empty when complete.
    """

    records: tuple[Record, ...]
    ending: str
    part: int
    gaps: tuple[str, ...]

    @property
    def late(self) -> bool:
        """Say whether an earlier part of the same event went ahead without these records."""
        return self.part > 0

    @property
    def complete(self) -> bool:
        """Say whether nothing is known to be missing."""
        return not self.gaps


def make_group(records: Sequence[Record], ending: str, part: int = 0) -> Group:
    """Return the group of these records, with its gaps found."""
    types = [record.type for record in records]
    gaps = _find_gaps(types, [record.body for record in records], ending, part)
    return Group(tuple(records), ending, part, gaps)


def _find_gaps(types: Sequence[str], bodies: Sequence[bytes], ending: str, part: int) -> tuple[str, ...]:
    gaps = ["earlier"] if part else []
    if "SYSCALL" in types or "URINGOP" in types:
        if "EOE" not in types and ending != EOE:
            gaps.append("eoe")
        if types.count("PATH") < _items(types, bodies):
            gaps.append("path")
    elif not _COMPANIONS.isdisjoint(types):
        gaps.append("syscall")
    return tuple(gaps)


class Bundle(NamedTuple):
    """The records of one event before they are groups.

    Attributes:
        stamp: ``SEC.MMM:SERIAL``.
        types: the type of each record.
        bodies: the fields of each record.
        records: in place of types and bodies, which are empty then, where a record is more than these: it has a node,
            or auditd's interpretations.
        ending: why it is complete, one of `ENDINGS`.
        part: as that of a group.
    """

    stamp: bytes
    types: list[str]
    bodies: list[bytes]
    records: Optional[list[Record]]
    ending: str
    part: int

    def group(self) -> Group:
        """Return the same as a group."""
        records = self.records or make_records(self.stamp, self.types, self.bodies)
        return make_group(records, self.ending, self.part)

    @property
    def complete(self) -> bool:
        """Say whether nothing is known to be missing, as its group would; no record is made for that."""
        if self.records is not None:
            return self.group().complete
        return not _find_gaps(self.types, self.bodies, self.ending, self.part)

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.records or self.types)


def make_records(stamp: bytes, types: Sequence[str], bodies: Sequence[bytes]) -> list[Record]:
    """Return the records of a run."""
    seconds, _, rest = stamp.partition(b".")
    milliseconds, _, serial = rest.partition(b":")
    numbers = (int(seconds), int(milliseconds), int(serial))
    return [Record(name, "", *numbers, stamp, body, None) for name, body in zip(types, bodies)]


def _items(types: Sequence[str], bodies: Sequence[bytes]) -> int:
    """Return how many PATH records the system call announces."""
    for name, body in zip(types, bodies):
        if name in _SYSCALL_TYPES:
            items = _ITEMS.search(body)
            return int(items[1]) if items else 0
    return 0


class Gathering:
    """The records of an event that may still get some; `Bundle` says what is in which list, ``size`` is in bytes."""

    __slots__ = ("bodies", "records", "size", "stamp", "types")

    def __init__(self, stamp: bytes) -> None:
        """Begin without any."""
        self.stamp = stamp
        self.types: list[str] = []
        self.bodies: list[bytes] = []
        self.records: Optional[list[Record]] = None
        self.size = 0

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.records or self.types)

    def add_run(self, types: list[str], bodies: list[bytes]) -> None:
        """Add records without node and interpretations."""
        if self.records is not None:
            self.records += make_records(self.stamp, types, bodies)
        else:
            self.types += types
            self.bodies += bodies

    def add_record(self, record: Record) -> None:
        """Add a record as it is."""
        if self.records is None:
            self.records = make_records(self.stamp, self.types, self.bodies)
            self.types, self.bodies = [], []
        self.records.append(record)

    def bundle(self, ending: str, part: int) -> Bundle:
        """Return them as an event that is complete; this must not be used any more."""
        return Bundle(self.stamp, self.types, self.bodies, self.records, ending, part)
