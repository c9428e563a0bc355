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


NEVER = -1
"""The tick of what is always to be doubted."""


class Descriptor(NamedTuple):
    """What a number leads to; ``tick`` is when that was seen, see `Descriptors.doubted`.

    ``since`` is when the call began that entered it, in milliseconds since the epoch; of what was there before, 0.
    ``after_waiting`` says that under the same number there was something that calls wait for, such as a pipe.
    """

    file: OpenFile
    cloexec: bool
    tick: int
    since: int = 0
    after_waiting: bool = False


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
        closed_at_exec: what the last program that was executed did not get, unless the mark was taken away unseen.
        changes: how often something was entered or taken out.
    """

    __slots__ = (
        "_entries",
        "_newest",
        "_passing",
        "_room",
        "_sent",
        "_waited_for",
        "changes",
        "closed_at_exec",
        "displaced",
        "doubted",
        "number",
        "users",
    )

    def __init__(self, number: int, room: Room) -> None:
        self.number = number
        self.users = 1
        self.doubted = 0
        self.displaced: dict[int, Descriptor] = {}
        self.closed_at_exec: dict[int, Descriptor] = {}
        self.changes = 0
        self._newest = self._sent = 0
        self._passing = 0
        self._waited_for: set[int] = set()
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

    def put(
        self, fd: int, file: OpenFile, tick: int, *, cloexec: bool = False, since: int = 0
    ) -> Optional[Descriptor]:
        """Enter a descriptor; return what was there."""
        before = self.remove(fd)
        if len(self._entries) >= MOST_IN_A_TABLE:
            self.remove_oldest()
        self._entries[fd] = Descriptor(file, cloexec, tick, since, fd in self._waited_for)
        self._take(file)
        self.changes += 1
        return before

    def _take(self, file: OpenFile) -> None:
        self._room.used += 1 if file.holders else 1 + file.weight
        file.holders[self.number] = file.holders.get(self.number, 0) + 1
        self._newest = max(self._newest, file.number)
        self._passing += file.passes

    def distrust(self, fd: int) -> None:
        """Let what a number leads to be doubted."""
        entry = self._entries.get(fd)
        if entry is not None:
            self._entries[fd] = entry._replace(tick=NEVER)

    def trust(self, fd: int, tick: int) -> None:
        """Let what a number leads to be no longer doubted, but for what is found out later."""
        entry = self._entries.get(fd)
        if entry is not None:
            self._entries[fd] = entry._replace(tick=tick)

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
            self.changes += 1
            if entry.file.seekable or len(self._waited_for) >= MOST_IN_A_TABLE:
                self._waited_for.discard(fd)
            else:
                self._waited_for.add(fd)
        return entry

    def remove_oldest(self) -> None:
        """Take out what was entered before all others."""
        entry = self.remove(next(iter(self._entries)))
        if entry is not None:
            entry.file.elsewhere = True

    def may_have_sent(self, file: OpenFile) -> bool:
        """Say whether a file's descriptor may have been sent to another process: it was there together with a socket for that."""
        return self._passing > 0 or file.number <= self._sent

    def send(self) -> None:
        """Take note that any descriptor that is there may have been sent."""
        self._sent = self._newest

    def _let_go(self, file: OpenFile) -> None:
        if self._passing or file.number <= self._sent:
            file.elsewhere = True
            self._sent = max(self._sent, self._newest if file.passes else 0)
        self._passing -= file.passes
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
        for file, *_ in islice(entries.values(), surplus):
            file.elsewhere = True
        for file, *_ in self._entries.values():
            self._take(file)

    def reopen(self, fd: int, tick: int) -> Optional[Descriptor]:
        """Enter again what was taken for closed when a program was executed: it is used. Another may be meant, though."""
        entry = self.closed_at_exec.pop(fd, None)
        if entry is None:
            return None
        entry.file.doubt_position()
        self.put(fd, entry.file, tick)
        self._entries[fd] = entry._replace(tick=NEVER)
        return self._entries[fd]

    def doubt_positions(self) -> None:
        """Rely less on the positions that others can move, too."""
        for file, *_ in self._entries.values():
            if file.shared:
                file.doubt_position()

    def lend(self) -> None:
        """Let all that is here be with somebody who is not followed from now on."""
        for file, *_ in self._entries.values():
            file.elsewhere = True

    def closing_at_exec(self) -> list[int]:
        """Return the descriptors that another program does not get, in order."""
        return sorted([fd for fd, entry in self._entries.items() if entry.cloexec])

    def clear(self) -> None:
        """Take all out."""
        for file, *_ in self._entries.values():
            self._let_go(file)
        self._entries = {}
        self.displaced = {}
        self.closed_at_exec = {}
