"""All that is known of one host at one moment of its log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.files.confidence import EXACT, PROBABLE, Confidence
from mig_audit.modules.audit.files.descriptors import Descriptor, Descriptors, Room
from mig_audit.modules.audit.files.names import NameChanges
from mig_audit.modules.audit.files.open_file import OpenFile
from mig_audit.modules.audit.files.remembered import Remembered
from mig_audit.modules.audit.files.rows import UNKNOWN_FD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.open_file import Identity
    from mig_audit.modules.audit.files.processes import Process, Waiting

_MOST_PROCESSES = 8192
_MOST_ROOM = 65_536  # descriptors of all processes
_MOST_NAMES = 16_384
_MOST_SIZES = 16_384
_MOST_WAITING = 65_536  # descriptors in them
_MOST_DEPARTED = 1024
_NAME_WEIGHT = 200


class Departed(NamedTuple):
    """A process that ended, with its last call; see `Process`."""

    maker: int
    pid: int
    call: Call
    altered: bool


class Counts:
    """What is to be said at the end of what was not seen.

    Attributes:
        stale: descriptors that were given out though they were open, so that they were closed unseen.
        forgotten: processes that were given up for want of room.
        forgotten_descriptors: the same of descriptors.
        unseen_ends: processes whose number was given to another, and whose end was not seen.
        rings: processes that use io_uring.
    """

    __slots__ = ("forgotten", "forgotten_descriptors", "rings", "stale", "unseen_ends")

    def __init__(self) -> None:
        self.stale = self.forgotten = self.forgotten_descriptors = self.unseen_ends = self.rings = 0


class Host:
    """The state of one host.

    Attributes:
        tick: the number of the call that is looked at, by which it is told what was known before what.
        doubted: the tick at which events were missing, so that whatever was known before is to be doubted.
        shared_root_changed: some process changed a root directory that was not its alone.
        now: when the call began that is looked at, in milliseconds since the epoch.
        doubts_always: events may be missing anywhere.
        room: what the tables of all hosts use.
        changes: of names.
        names: of files by their identity, as they were last seen.
        sizes: of files by their identity.
        waiting: what was made and has not shown up yet, by its maker and the number that the call returned.
        departed: provisional processes that ended before the call that made them was over, by maker and number.
    """

    def __init__(self, room: Room, counts: Counts, numbers: Iterator[int]) -> None:
        self.tick = 1
        self.doubted = 0
        self.doubts_always = self.shared_root_changed = False
        self.now = 0
        self.room = room
        self.counts = counts
        self.changes = NameChanges(room)
        self.names: Remembered[Identity, str] = Remembered(_MOST_NAMES)
        self.sizes: Remembered[Identity, int] = Remembered(_MOST_SIZES)
        self.waiting: Remembered[tuple[int, int], Waiting] = Remembered(_MOST_WAITING)
        self.departed: Remembered[tuple[int, int], Departed] = Remembered(_MOST_DEPARTED)
        self._processes: dict[int, Process] = {}
        self._numbers = numbers

    def process(self, pid: Optional[int]) -> Optional[Process]:
        """Return a process that is known."""
        return None if pid is None else self._processes.get(pid)

    def processes(self) -> list[Process]:
        """Return all of them."""
        return list(self._processes.values())

    def touch(self, process: Process) -> None:
        """Let a process be the last to be given up."""
        del self._processes[process.pid]
        self._processes[process.pid] = process

    def admit(self, process: Process) -> None:
        """Take a new process; one that had its number ended unseen."""
        before = self._processes.get(process.pid)
        if before is not None:
            self.counts.unseen_ends += 1
            before.table.doubt_positions()
            self.dismiss(before)
        self._processes[process.pid] = process

    def dismiss(self, process: Process) -> None:
        """Forget a process that has ended."""
        self._processes.pop(process.pid, None)
        self.leave(process)

    def leave(self, process: Process) -> None:
        """Take a process away from its table; one that may not have been seen to its end may have moved shared files."""
        alone = process.alone
        process.table.users -= 1
        if not process.table.users:
            if not alone:
                process.table.doubt_positions()
            process.table.clear()

    def give_up(self, most_room: int = _MOST_ROOM, most: int = _MOST_PROCESSES) -> None:
        """Forget the processes that did nothing for the longest time, until there is room.

        Of the last one, only the descriptors that it has had for the longest time are forgotten.
        """
        while (self.room.used > most_room or len(self._processes) > most) and len(self._processes) > 1:
            self.counts.forgotten += 1
            forgotten = next(iter(self._processes.values()))
            forgotten.table.lend()
            self.dismiss(forgotten)
        if self.room.used > most_room:
            for process in self._processes.values():
                while self.room.used > most_room and len(process.table):
                    self.counts.forgotten_descriptors += 1
                    process.table.remove_oldest()

    def vacate(self) -> None:
        """Forget all processes: the host was started anew."""
        for process in self.processes():
            self.dismiss(process)

    def new_table(self) -> Descriptors:
        """Return a table without descriptors."""
        return Descriptors(next(self._numbers), self.room)

    def copied_table(self, entries: Mapping[int, Descriptor], doubted: int) -> Descriptors:
        """Return a table with the same open files as another had."""
        table = self.new_table()
        table.fill(entries, doubted)
        return table

    def new_file(self, kind: Optional[str] = None) -> OpenFile:
        """Return an open file of which no more is known."""
        file = OpenFile(next(self._numbers), kind)
        file.changes = self.changes.total
        return file

    def remember_name(self, identity: Optional[Identity], path: Optional[str]) -> None:
        """Take note of a name by which a file was opened."""
        if identity is not None and path is not None:
            self.names.put(identity, path, 1 + len(path) // _NAME_WEIGHT)

    def trusts(self, tick: int, process: Process) -> bool:
        """Say whether all that happened since then to the process's descriptors was seen."""
        if self.doubts_always or process.provisional or process.splits or process.lazy:
            return False
        return tick >= self.doubted and tick >= process.table.doubted

    def doubt(self, process: Process) -> None:
        """Doubt what is known of a process's descriptors: something happened to them unseen."""
        process.table.doubted = self.tick

    def descriptor(self, process: Process, fd: int) -> Descriptor:
        """Return what a number leads to, with its name as it is now; of one that was not seen, a new file of no name."""
        found = process.table.get(fd) or process.table.reopen(fd, self.tick)
        if found is None:
            file = self.new_file()
            file.flags = (UNKNOWN_FD,)
            process.table.put(fd, file, self.tick)
            return Descriptor(file, cloexec=False, tick=self.tick)
        if found.file.changes != self.changes.total:
            self.changes.bring_up_to_date(found.file)
        return found

    def _may_be_older(self, process: Process, entry: Descriptor) -> bool:
        """Say whether the call may have begun before the descriptor came to lead to this file.

        Among threads, one may wait for what a number led to while another one closes and opens.
        """
        if self.now == entry.since:
            return not process.alone and entry.after_waiting
        return self.now < entry.since

    def path_confidence(self, process: Process, entry: Descriptor) -> Confidence:
        """Return how far it can be relied on that a descriptor leads to a file of this name."""
        confidence = entry.file.path_confidence
        if confidence is EXACT and (
            process.rings or not self.trusts(entry.tick, process) or self._may_be_older(process, entry)
        ):
            return PROBABLE
        return confidence
