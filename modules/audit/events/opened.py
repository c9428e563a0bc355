"""The events that may still get records, the oldest first, and what they hold together."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from mig_audit.modules.audit.events.completed import node_of
from mig_audit.modules.audit.events.group import Gathering

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mig_audit.modules.audit.events.completed import Key
    from mig_audit.modules.audit.events.usual import Usual, UsualEvent

# About what a record takes beside its text.
_RECORD_SIZE = 400
_number_of, _size_of = attrgetter("number"), attrgetter("size")
_new = tuple.__new__  # what Begun(...) does, without its Python frame


class Begun(NamedTuple):
    """A usual event, no part of which was given out before.

    Attributes:
        usual: its records; ``number`` is how many, and ``size`` how many bytes.
        since: when the first of them came, in milliseconds of the stream.
    """

    usual: Usual
    number: int
    size: int
    since: int


class Gathered(Gathering):
    """Any other event, and the same of it."""

    __slots__ = ("since",)

    def __init__(self, stamp: bytes, node: str, since: int) -> None:
        """Begin without any."""
        super().__init__(stamp, node)
        self.since = since

    @property
    def number(self) -> int:
        """Return how many records there are."""
        return len(self)


Opened = Union[Begun, Gathered]


class OpenEvents:
    """All of them, in constant work for each record.

    Args:
        most: how many there may be.
        max_size: how many bytes they may hold together.

    ``held`` is how many records they have.
    """

    def __init__(self, most: int, max_size: int) -> None:
        self._most = most
        self._max_size = max_size
        self._events: OrderedDict[Key, Opened] = OrderedDict()
        self._size = 0
        self.held = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._events)

    def __contains__(self, key: Key) -> bool:
        """Say whether an event is open."""
        return key in self._events

    def has_none(self, keys: Collection[Key]) -> bool:
        """Say whether none of these events is open."""
        return not self._events or self._events.keys().isdisjoint(keys)

    def since(self) -> int:
        """Return when the oldest was opened; there must be one."""
        return next(iter(self._events.values())).since

    def begin(
        self,
        keys: Sequence[Key],
        usuals: Sequence[UsualEvent],
        records: Sequence[int],
        sizes: Sequence[int],
        times: Sequence[int],
    ) -> None:
        """Open usual events, each with so many records and bytes, at a time that is not before that of others."""
        self._events.update(zip(keys, map(_new, repeat(Begun), zip(usuals, records, sizes, times))))
        self.held += sum(records)
        self._size += sum(sizes)

    def extend(self, key: Key, types: Sequence[str], texts: Sequence[bytes]) -> Optional[Begun]:
        """Add records to a usual event and return it; None if it is none, or would not be with these."""
        begun = self._events.get(key)
        usual = begun.usual.extended(types, texts) if isinstance(begun, Begun) else None
        if usual is None or begun is None:
            return None
        number, size = len(types), sum(map(len, texts))
        extended = Begun(usual, begun.number + number, begun.size + size, begun.since)
        self._events[key] = extended
        self.held += number
        self._size += size
        return extended

    def gather(self, key: Key, stamp: bytes, now: int) -> Gathered:
        """Return an event to add records to, by `grow`; a new one if it is not open."""
        opened = self._events.get(key)
        if isinstance(opened, Gathered):
            return opened
        gathered = Gathered(stamp, node_of(key), opened.since if opened else now)
        if opened:
            gathered.add_run(*opened.usual.run())
            gathered.size = opened.size
        self._events[key] = gathered
        return gathered

    def grow(self, gathered: Gathered, number: int, size: int) -> None:
        """Count records that were added to an event."""
        gathered.size += size
        self._size += size
        self.held += number

    def pop(self, key: Key) -> Opened:
        """Take an event out."""
        opened = self._events.pop(key)
        self.held -= opened.number
        self._size -= opened.size
        return opened

    def pop_oldest(self, number: int) -> dict[Key, Opened]:
        """Take so many events out."""
        oldest = dict(islice(self._events.items(), number))
        for key in oldest:
            del self._events[key]
        self.held -= sum(map(_number_of, oldest.values()))
        self._size -= sum(map(_size_of, oldest.values()))
        return oldest

    def has_room(self, number: int, records: int, size: int) -> bool:
        """Say whether there is for so many more events, with so many records and bytes together."""
        weight = self._size + size + (self.held + records) * _RECORD_SIZE
        return len(self._events) + number <= self._most and weight <= self._max_size

    def surplus(self) -> int:
        """Return how many of the oldest there are too many."""
        surplus = max(len(self._events) - self._most, 0)
        over = self._size + self.held * _RECORD_SIZE - self._max_size
        if over <= 0:
            return surplus
        number = 0
        for opened in self._events.values():
            if over <= 0:
                break
            over -= opened.size + opened.number * _RECORD_SIZE
            number += 1
        return max(number, surplus)

    def older(self, time: int) -> int:
        """Return how many were opened at that time or before."""
        number = 0
        for opened in self._events.values():
            if opened.since > time:
                break
            number += 1
        return number
