"""What the records of one event are together: a `Gathering` while it may get more, then a `Bundle`, then a `Group`.

Most events need no group: a bundle has the types and bodies of the records as they were cut, and no `Record` is made
for it unless somebody asks.
"""

from __future__ import annotations

import re
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.records import Record
from mig_audit.modules.audit.records.record import SEPARATOR

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
_new = tuple.__new__  # what Bundle(...) does, without its Python frame


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
        records: in place of types and bodies, which are empty then, where a record came by itself.
        ending: why it is complete, one of `ENDINGS`.
        part: as that of a group.
        enriched: what auditd added to each record that has types and bodies; None where it added nothing to any.
        node: the host that the records name, else empty.
    """

    stamp: bytes
    types: list[str]
    bodies: list[bytes]
    records: Optional[list[Record]]
    ending: str
    part: int
    enriched: Optional[Sequence[Optional[bytes]]] = None
    node: str = ""

    @classmethod
    def of(
        cls, stamp: bytes, types: list[str], texts: list[bytes], ending: str, part: int, node: str = ""
    ) -> Bundle:
        """Return the event of records whose texts may have what auditd added at their ends."""
        for text in texts:
            if SEPARATOR in text:
                bodies, enriched = _cut_all(texts)
                return cls(stamp, types, bodies, None, ending, part, enriched, node)
        return _new(cls, (stamp, types, texts, None, ending, part, None, node))

    def group(self) -> Group:
        """Return the same as a group."""
        records = self.records or make_records(self.stamp, self.types, self.bodies, self.enriched, self.node)
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


def make_records(
    stamp: bytes,
    types: Sequence[str],
    bodies: Sequence[bytes],
    enriched: Optional[Sequence[Optional[bytes]]] = None,
    node: str = "",
) -> list[Record]:
    """Return the records of a bundle."""
    seconds, _, rest = stamp.partition(b".")
    milliseconds, _, serial = rest.partition(b":")
    numbers = (int(seconds), int(milliseconds), int(serial))
    added = enriched or repeat(None)
    return [Record(name, node, *numbers, stamp, body, each) for name, body, each in zip(types, bodies, added)]


def _cut_all(texts: Sequence[bytes]) -> tuple[list[bytes], list[Optional[bytes]]]:
    """Return the bodies of records, and what auditd added to each."""
    parts = [text.rpartition(SEPARATOR) for text in texts]
    # Without a separator all of it is the last part.
    return [body if cut else last for body, cut, last in parts], [
        last if cut else None for _, cut, last in parts
    ]


def _items(types: Sequence[str], bodies: Sequence[bytes]) -> int:
    """Return how many PATH records the system call announces."""
    for name, body in zip(types, bodies):
        if name in _SYSCALL_TYPES:
            items = _ITEMS.search(body)
            return int(items[1]) if items else 0
    return 0


class Gathering:
    """The records of an event of a node that may still get some, by types and texts as `Bundle.of` takes them, or as records.

    ``size`` is in bytes.
    """

    __slots__ = ("node", "records", "size", "stamp", "texts", "types")

    def __init__(self, stamp: bytes, node: str = "") -> None:
        """Begin without any."""
        self.stamp = stamp
        self.node = node
        self.types: list[str] = []
        self.texts: list[bytes] = []
        self.records: Optional[list[Record]] = None
        self.size = 0

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.records or self.types)

    def has(self, *names: str) -> bool:
        """Say whether one of the records is of one of these types."""
        types = self.types if self.records is None else [record.type for record in self.records]
        return not set(names).isdisjoint(types)

    def add_run(self, types: list[str], texts: list[bytes]) -> None:
        """Add records that have no more than these."""
        if self.records is not None:
            self.records += make_records(self.stamp, types, *_cut_all(texts), self.node)
        else:
            self.types += types
            self.texts += texts

    def add_record(self, record: Record) -> None:
        """Add a record as it is."""
        if self.records is None:
            self.records = make_records(self.stamp, self.types, *_cut_all(self.texts), self.node)
            self.types, self.texts = [], []
        self.records.append(record)

    def bundle(self, ending: str, part: int) -> Bundle:
        """Return them as an event that is complete; this must not be used any more."""
        if self.records is not None:
            return Bundle(self.stamp, [], [], self.records, ending, part, None, self.node)
        return Bundle.of(self.stamp, self.types, self.texts, ending, part, self.node)
