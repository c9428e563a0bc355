"""The processes that are kept, in bounded memory, and whether anything happened that an answer depends on."""

from __future__ import annotations

from collections import Counter, OrderedDict
from itertools import chain
from sys import getsizeof
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events.enrichment.found import Lasting

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.enrichment.found import Found
    from mig_audit.modules.audit.events.enrichment.process import Fork, Process, Program

_ROOM = 8 << 20


class KeptProcesses:
    """Processes by their pids, and forks by those of the children that were not seen yet.

    Args:
        depth: how many ancestors of a process are kept.
        limit: how many processes are kept; beyond it, the one that was not seen for the longest time is forgotten.
        room: how many bytes all names that are kept may have together; beyond it, the same. No honest host has as long
            ones: it is where each process has eight ancestors of its own, with 200 bytes of names each.

    Attributes:
        processes: the one that was not seen for the longest time first.
        forks: the oldest first.
        state: grows with whatever may change one answer.
        version: grows with whatever may change those about many processes.
    """

    def __init__(self, depth: int, limit: int, room: int = _ROOM) -> None:
        self.processes: OrderedDict[int, Process] = OrderedDict()
        self.forks: OrderedDict[int, Fork] = OrderedDict()
        self.state = 0
        self.version = 0
        self._depth = depth
        self._limit = limit
        self._room = room
        self._names = 0  # bytes: what names took when that was looked at, and all that came since
        self._looked_at = 0

    @property
    def weight(self) -> int:
        """Return how many there are, those that were not seen yet among them; with long names, as how many they count."""
        return max(len(self.processes) + len(self.forks), self._names * self._limit // self._room)

    @property
    def crowded(self) -> bool:
        """Say whether so many names came that `make_room` should look what they take."""
        return self._names - self._looked_at > self._room // 4

    def make_room(self) -> None:
        """Forget what there is no room for, if nobody else keeps it."""
        size, holders = self._held()
        if size > self._room:
            self.change_all()
            self.forks.clear()
            size, holders = self._held()
        while size > self._room and len(self.processes) > 1:
            _, forgotten = self.processes.popitem(last=False)
            for program in forgotten.programs():
                holders[program] -= 1
                size -= 0 if holders[program] else program.size
        self._names = self._looked_at = size

    def _held(self) -> tuple[int, Counter[Program]]:
        """Return how many bytes all names take, and by how many processes each program is kept."""
        holders: Counter[Program] = Counter()
        for process in chain(self.processes.values(), (fork.parent for fork in self.forks.values())):
            holders.update(process.programs())
        views = sum(sum(map(getsizeof, fork.program)) for fork in self.forks.values())
        return sum(program.size for program in holders) + views, holders

    def insert(self, process: Process) -> Process:
        """Keep a process as the one that was seen last, and return it."""
        pid = process.program.pid
        self.state += 1
        self.processes[pid] = process
        self.processes.move_to_end(pid)
        self._names += process.program.size
        if len(self.processes) > self._limit:
            self.processes.popitem(last=False)
        return process

    def insert_fork(self, child: int, fork: Fork) -> None:
        """Keep what a child will be when it is seen."""
        self.state += 1
        self.forks[child] = fork
        if len(self.forks) > self._limit:
            self.forks.popitem(last=False)

    def line(self, parent: Optional[Process]) -> tuple[Program, ...]:
        """Return what a child of this process descends from."""
        if parent is None:
            return ()
        parent.program.inherited = True
        return (parent.program, *parent.line)[: self._depth]

    def become(
        self, program: Program, exe: Optional[str], comm: Optional[str], command: Optional[str], source: str
    ) -> None:
        """Take note of what a process runs now."""
        program.become(exe, comm, command, source)
        self._names += program.size
        self.state += 1
        if program.inherited:
            self.change_all()

    def change(self) -> None:
        """Take note of something that may change an answer."""
        self.state += 1

    def change_all(self) -> None:
        """Take note of something that may change every answer."""
        self.version += 1
        self.state += 1

    def lasting(self, found: Found) -> Lasting:
        """Return what was just found, with the state that it holds for."""
        return Lasting(found, self.version, self.state)

    def still(self, lasting: Lasting) -> bool:
        """Say whether nothing happened to a process and its parent, whatever happened to others."""
        process, parent, pid, ppid = lasting.process, lasting.parent, lasting.pid, lasting.ppid
        if lasting.version != self.version or self.processes.get(pid) is not process or process.ended:
            return False
        if process.program.changes != lasting.changes or pid in self.forks:
            return False
        if ppid is not None and (
            process.ppid != ppid or self.processes.get(ppid) is not parent or ppid in self.forks
        ):
            return False
        if parent is not None and (parent.ended or parent.program.changes != lasting.parent_changes):
            return False
        lasting.state = self.state
        return True
