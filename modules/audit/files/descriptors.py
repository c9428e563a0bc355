"""The table of descriptors of a process, or of the processes that share one."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mig_audit.modules.audit.files.open_file import OpenFile

MOST_IN_A_TABLE = 16_384
"""Descriptors that are followed of one table: numbers in a log may be anything."""

MOST_INHERITED = 2048
"""Descriptors that a new table gets from another one, those that were entered last: a fork takes time for each."""


class Descriptor(NamedTuple):
    """What a number leads to; ``tick`` is when that was seen, see `Descriptors.doubted`."""

    file: OpenFile
    cloexec: bool
    tick: int


class Room:
    """How much all tables hold together: descriptors, and what long names weigh."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class Descriptors:
    """One table.

    Attributes:
        number: of its own.
        users: how many processes have it.
        doubted: the tick at which something showed that not all was seen: what was entered before is to be doubted.
        displaced: what was entered under a number that another thread's open was given before its close was told.
    """

    __slots__ = ("_entries", "_room", "displaced", "doubted", "number", "users")

    def __init__(self, number: int, room: Room) -> None:
        self.number = number
        self.users = 1
        self.doubted = 0
        self.displaced: dict[int, Descriptor] = {}
        self._room = room
        self._entries: dict[int, Descriptor] = {}

    def __len__(self) -> int:
        """Return how many descriptors there are."""
        return len(self._entries)

    def __iter__(self) -> Iterator[int]:
        """Give the numbers, in order."""
        return iter(sorted(self._entries))

    def get(self, fd: int) -> Optional[Descriptor]:
        """Return what a number leads to, None if that is not known."""
        return self._entries.get(fd)

    def put(self, fd: int, file: OpenFile, tick: int, *, cloexec: bool = False) -> Optional[Descriptor]:
        """Enter a descriptor; return what was there."""
        before = self.remove(fd)
        if len(self._entries) >= MOST_IN_A_TABLE:
            self.remove_oldest()
        self._entries[fd] = Descriptor(file, cloexec, tick)
        self._room.used += 1 if file.holders else 1 + file.weight
        file.holders[self.number] = file.holders.get(self.number, 0) + 1
        return before

    def mark(self, fd: int, *, cloexec: bool) -> None:
        """Say whether a descriptor is closed when another program is executed."""
        entry = self._entries.get(fd)
        if entry is not None:
            self._entries[fd] = entry._replace(cloexec=cloexec)

    def remove(self, fd: int) -> Optional[Descriptor]:
        """Take a descriptor out; return what it led to."""
        entry = self._entries.pop(fd, None)
        if entry is not None:
            self._let_go(entry.file)
        return entry

    def remove_oldest(self) -> None:
        """Take out what was entered before all others."""
        self.remove(next(iter(self._entries)))

    def _let_go(self, file: OpenFile) -> None:
        left = file.holders[self.number] - 1
        if left:
            file.holders[self.number] = left
        else:
            del file.holders[self.number]
        self._room.used -= 1 if file.holders else 1 + file.weight

    def entries(self) -> dict[int, Descriptor]:
        """Return a copy of what there is now."""
        return self._entries.copy()

    def fill(self, entries: Mapping[int, Descriptor], doubted: int) -> None:
        """Let a new table have what another one had."""
        self.doubted = doubted
        surplus = max(len(entries) - MOST_INHERITED, 0)
        self._entries = dict(islice(entries.items(), surplus, None)) if surplus else dict(entries)
        for file, _, _ in self._entries.values():
            self._room.used += 1 if file.holders else 1 + file.weight
            file.holders[self.number] = file.holders.get(self.number, 0) + 1

    def closing_at_exec(self) -> list[int]:
        """Return the descriptors that another program does not get, in order."""
        return sorted([fd for fd, entry in self._entries.items() if entry.cloexec])

    def clear(self) -> None:
        """Take all out."""
        for file, _, _ in self._entries.values():
            self._let_go(file)
        self._entries = {}
        self.displaced = {}
