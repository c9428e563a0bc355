"""The events that may still get records, the oldest first, and what they hold together."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice, repeat
from typing import TYPE_CHECKING, NamedTuple, Union, cast

from mig_audit.modules.audit.events.completed import node_of
from mig_audit.modules.audit.events.group import Gathering
from mig_audit.modules.audit.events.usual import Usual

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mig_audit.modules.audit.events.completed import Key
    from mig_audit.modules.audit.events.usual import UsualEvent

# About what a record takes beside its text.
_RECORD_SIZE = 400
_CALLS = ("SYSCALL", "URINGOP")

Event = Union[Usual, Gathering]
"""A usual event, no part of which was given out before; or the records of any other."""

_Opened = tuple[Event, int, int, int]
"""An event, how many records and bytes it has, and when the first of them came, in milliseconds of the stream."""


class Oldest(NamedTuple):
    """Events that were taken out, the oldest first: their keys, they themselves, and how many records each has."""

    keys: Sequence[Key]
    events: Sequence[Event]
    numbers: Sequence[int]


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
        self._events: OrderedDict[Key, _Opened] = OrderedDict()
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

    def without_call(self, node: str, most: int) -> list[int]:
        """Return the serials of a node's events without a record of a call, among so many of the oldest."""
        return [
            int(event.stamp.rpartition(b":")[2])
            for event, *_ in islice(self._events.values(), most)
            if isinstance(event, Gathering) and event.node == node and not event.has(*_CALLS)
        ]

    def since(self) -> int:
        """Return when the oldest was opened; there must be one."""
        _, _, _, since = next(iter(self._events.values()))
        return since

    def begin(
        self,
        keys: Sequence[Key],
        usuals: Sequence[UsualEvent],
        records: Sequence[int],
        sizes: Sequence[int],
        times: Sequence[int],
    ) -> None:
        """Open usual events, each with so many records and bytes, at a time that is not before that of others."""
        without_end = cast("Sequence[Usual]", usuals)  # a message has its end
        self._events.update(zip(keys, zip(without_end, records, sizes, times)))
        self.held += sum(records)
        self._size += sum(sizes)

    def extend(self, key: Key, types: Sequence[str], texts: Sequence[bytes]) -> bool:
        """Add records to a usual event; return False if it is none, or would not be with these."""
        opened = self._events.get(key)
        if opened is None or isinstance(opened[0], Gathering):
            return False
        usual = opened[0].extended(types, texts)
        if usual is None:
            return False
        self._put(key, (usual, *opened[1:]), len(types), sum(map(len, texts)))
        return True

    def gather(self, key: Key, stamp: bytes, now: int) -> Gathering:
        """Return the records of an event, to add some that `grow` is told of; of a new one if it is not open."""
        event, number, size, since = self._events.get(key) or (Gathering(stamp, node_of(key)), 0, 0, now)
        if isinstance(event, Usual):
            usual, event = event, Gathering(stamp, node_of(key))
            event.add_run(*usual.run())
        self._events[key] = event, number, size, since
        return event

    def grow(self, key: Key, number: int, size: int) -> int:
        """Count records that were added to an event, and bytes; return how many bytes it has now."""
        self._put(key, self._events[key], number, size)
        return self._events[key][2]

    def _put(self, key: Key, opened: _Opened, more: int, bytes_more: int) -> None:
        event, number, size, since = opened
        self._events[key] = event, number + more, size + bytes_more, since
        self.held += more
        self._size += bytes_more

    def pop(self, key: Key) -> tuple[Event, int]:
        """Take an event out; return it, and how many records it has."""
        event, number, size, _ = self._events.pop(key)
        self.held -= number
        self._size -= size
        return event, number

    def pop_oldest(self, number: int) -> Oldest:
        """Take so many events out, one at least."""
        keys, oldest = zip(*map(self._events.popitem, repeat(False, number)))
        events, numbers, sizes, _ = zip(*oldest)
        self.held -= sum(numbers)
        self._size -= sum(sizes)
        return Oldest(keys, events, numbers)

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
        for _, records, size, _ in self._events.values():
            if over <= 0:
                break
            over -= size + records * _RECORD_SIZE
            number += 1
        return max(number, surplus)

    def older(self, time: int) -> int:
        """Return how many were opened at that time or before."""
        number = 0
        for _, _, _, since in self._events.values():
            if since > time:
                break
            number += 1
        return number
