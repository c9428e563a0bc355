"""Which process an event's pid means, and which one its ppid: a table that pid reuse does not fool.

A pid alone names nobody for long. The kernel hands out all others before it gives one again, which takes a while, so a
process that was seen a short time ago is still the same; after that only a start time in ``/proc`` can tell, where it
is the host's own and the process still there. What neither tells is unknown, and said to be. Forks and exits count
where the rules record them. Nothing here raises, and memory is bounded.

What the kernel writes into a record is true at the moment it is written: that the event's pid is alive, what its
program is, and that its parent, ppid, is alive too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events.command_line import command_line
from mig_audit.modules.audit.events.enrichment.found import CHANGED, GONE, REUSED, UNSEEN, Found
from mig_audit.modules.audit.events.enrichment.kept import KeptProcesses
from mig_audit.modules.audit.events.enrichment.model import LOG, PROC
from mig_audit.modules.audit.events.enrichment.presence import SLACK, is_same, is_there
from mig_audit.modules.audit.events.enrichment.process import Fork, Process, passed_on
from mig_audit.modules.audit.events.enrichment.told import EXIT, FORKS
from mig_audit.modules.audit.events.enrichment.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from mig_audit.modules.audit.events.enrichment.found import Lasting
    from mig_audit.modules.audit.events.enrichment.proc import Proc, Stat
    from mig_audit.modules.audit.events.enrichment.told import Told

_INIT = 1
_ARGUMENTS_LIMIT = 512
_CLONE_THREAD = 0x10000  # linux/sched.h

_Holder = tuple["Optional[Process]", str, bool]


class ProcessTable:
    """The processes of one host.

    Args:
        proc: the host's ``/proc``, if this is that host, now.
        clock: milliseconds since the epoch.
        depth: how many ancestors of a process are kept.
        limit: how many processes are kept; beyond it, the one that was not seen for the longest time is forgotten.
        trust: milliseconds for which a pid that was seen is taken to be the same process; None for what the kernel's
            way of giving pids makes certain.
    """

    def __init__(
        self,
        proc: Optional[Proc],
        clock: Callable[[], float],
        *,
        depth: int = 8,
        limit: int = 4096,
        trust: Optional[int] = None,
    ) -> None:
        self._proc = proc
        self._clock = clock
        self._kept = KeptProcesses(depth, limit)
        self._now = 0
        self._execs = False
        self._trust = Trust(trust, proc.pid_max if proc else None)

    @property
    def weight(self) -> int:
        """Return how many processes are kept, those that were not seen yet among them; see `KeptProcesses`."""
        return self._kept.weight

    @property
    def crowded(self) -> bool:
        """Say whether to `make_room`."""
        return self._kept.crowded

    def make_room(self) -> None:
        """Forget processes where their names take too much; what was found of them should be forgotten before."""
        self._kept.make_room()

    def seed(self) -> None:
        """Read the processes that are there already."""
        if self._proc is None:
            return
        self._now = int(self._clock())
        stats = {pid: stat for pid in self._proc.pids() for stat in (self._proc.stat(pid),) if stat}
        # A parent was there before its children, and is needed first.
        for pid, stat in sorted(stats.items(), key=lambda item: item[1].ticks):
            self._adopt(self._proc, pid, stat, self._kept.processes.get(stat.ppid))

    def find(self, told: Told) -> Found:
        """Return who an event's process is, and remember what the event tells."""
        pid, ppid, time = told.pid, told.ppid, told.time
        self._now = max(self._now, time)
        if self._trust.widened(pid):
            self._kept.change_all()
        if told.starts and not self._execs:
            self._execs = True
            self._kept.change_all()
        process, fork = self._own(told)
        parent, why, presumed = self._holder(ppid, time)
        fresh = process is None
        if process is None and fork is not None:
            process = self._kept.insert(fork.born(pid, self._now))
        elif process is None:
            process = self._new(pid, ppid or 0, parent, presumed=presumed)
        elif parent is not None and not process.line and process.born == ppid:
            process.line = self._kept.line(parent)
            process.presumed = presumed or parent.presumed
            process.program.changes += 1
            self._kept.change()
        if parent is not None and not presumed:
            process.certain_parent = parent.program
        presumed = presumed and (parent is None or process.certain_parent is not parent.program)
        self._note(process, told, fresh=fresh)
        if told.done and told.call in FORKS:
            self._fork(process, told)
        elif told.call == EXIT:
            process.ended = True
            self._kept.change()
        return Found(process, parent, why, fresh or told.starts, ppid, presumed)

    def lasting(self, found: Found) -> Optional[Lasting]:
        """Return what was just found as something to ask `again` of; None if the next answer may be another."""
        parent_unknown = found.ppid is not None and found.parent is None
        if found.fresh or (parent_unknown and (self._proc is not None or found.ppid in self._kept.processes)):
            return None
        return self._kept.lasting(found)

    def again(self, lasting: Lasting, time: int) -> bool:
        """Say whether `find` would find the same for another event of this process, and remember that it was there.

        The event is of a later time, has the same parent's pid and program, and starts and ends nothing.
        """
        if lasting.state != self._kept.state and not self._kept.still(lasting):
            return False
        process, parent, pid, ppid = lasting.process, lasting.parent, lasting.pid, lasting.ppid
        self._now = max(self._now, time)
        limit = self._now - self._trust.time
        if process.seen <= limit and pid != _INIT:
            return False
        if parent is not None:
            if self._proc is not None and ppid != _INIT:
                if parent.checked < time:
                    return False
            elif parent.seen <= limit and ppid != _INIT:
                return False
            else:
                parent.seen = self._now
        process.seen = self._now
        self._kept.processes.move_to_end(pid)
        return True

    def _own(self, told: Told) -> tuple[Optional[Process], Optional[Fork]]:
        """Return the process of an event's pid if it is known already, or the fork that made it."""
        process, fork = self._kept.processes.get(told.pid), self._kept.forks.pop(told.pid, None)
        ppid = told.ppid
        if fork is not None:
            if ppid is None and fork.parent.initial:
                return None, fork
            if fork.parent.program.pid != ppid:
                return None, None
            # The kernel says the same twice: so this parent knows its children by the records' numbers.
            fork.parent.initial = True
            return None, fork
        if process is None or process.ended or not self._continues(process, told):
            return None, None
        process.seen = self._now
        if ppid and ppid != process.ppid:
            process.ppid = ppid
            process.certain_parent = None
            self._kept.change()
        process.born = process.born or process.ppid
        return process, None

    def _continues(self, process: Process, told: Told) -> bool:
        """Say whether an event of its pid is one of this process, and not of a later one with the same pid."""
        program = process.program
        if program.pid == _INIT:
            return True
        starts = told.starts
        known = self._execs and not starts and program.source == LOG and program.exe is not None
        if known and told.exe is not None and not program.runs(told.exe):
            return False  # it runs something else, and did not start it
        moved = process.ppid > 0 and told.ppid not in {None, process.ppid}
        if (moved or starts) and self._proc is not None:
            return is_there(self._proc, process, if_gone=self._recent(process) and not moved)
        if moved and told.ppid != _INIT:
            return False
        return self._recent(process) or is_there(self._proc, process, if_gone=False)

    def _recent(self, process: Process) -> bool:
        return process.program.pid == _INIT or self._now - process.seen < self._trust.time

    def _new(self, pid: int, ppid: int, parent: Optional[Process], *, presumed: bool) -> Process:
        process = Process(pid, ppid, self._now, self._kept.line(parent))
        if parent is not None:
            process.labels = passed_on(parent)
            process.presumed = presumed or parent.presumed
        return self._kept.insert(process)

    def _note(self, process: Process, told: Told, *, fresh: bool) -> None:
        """Remember what program an event says its process runs."""
        program = process.program
        if self._kept.processes.get(program.pid) is process:
            self._kept.processes.move_to_end(program.pid)
        else:
            self._kept.insert(process)  # its parent took the last place
        if told.starts:
            argv = told.argv
            command = None if argv is None else command_line(argv[:_ARGUMENTS_LIMIT])
            self._kept.become(program, told.exe, told.comm, command, LOG)
        elif told.exe is not None and (fresh or not program.runs(told.exe)):
            command = program.command if program.runs(told.exe) else None
            self._kept.become(program, told.exe, told.comm, command, LOG)

    def _holder(self, ppid: Optional[int], time: int) -> _Holder:
        """Return the process that has a parent's pid now, or why it is not known, and whether that is presumed.

        It is where neither ``/proc`` nor the record of a fork says so, but the pid was seen a short time ago.
        """
        if not ppid:
            return None, "", False
        fork, process = self._kept.forks.get(ppid), self._kept.processes.get(ppid)
        if fork is not None and fork.parent.initial:
            del self._kept.forks[ppid]
            return self._kept.insert(fork.born(ppid, self._now)), "", False
        if process is not None and (process.ended or fork is not None):
            process = None
        if self._proc is not None and ppid != _INIT:
            return self._by_proc(self._proc, ppid, process, time)
        if process is None:
            return None, UNSEEN, False
        # Without records of execs, nobody knows what it became since it was seen.
        if ppid != _INIT and not (self._execs and self._recent(process)):
            return None, UNSEEN, False
        process.seen = self._now
        return process, "", ppid != _INIT

    def _by_proc(self, proc: Proc, pid: int, process: Optional[Process], time: int) -> _Holder:
        """Return the same, where ``/proc`` can be asked; one look there holds for everything before it."""
        if process is not None and process.checked >= time:
            return process, "", False
        looked = self._clock()
        stat = proc.stat(pid)
        recorded = process is not None and process.program.source == LOG and self._execs
        same = None if process is None or stat is None else is_same(proc, process, stat, process.seen)
        if stat is None or (process is not None and same is None):
            if process is not None and recorded and self._recent(process):
                process.seen = self._now
                return process, "", True
            return None, GONE, False
        if process is not None and same:
            process.seen, process.checked = self._now, looked
            known = recorded or self._unchanged(proc, process, stat)
            return (process, "", False) if known else (None, CHANGED, False)
        return (None, REUSED, False) if stat.start > time + SLACK else self._late(proc, pid, stat)

    def _unchanged(self, proc: Proc, process: Process, stat: Stat) -> bool:
        """Say whether a process still runs what ``/proc`` said before; what it runs now is remembered."""
        if stat.comm == process.stat_comm:
            return True
        program = process.program
        before = program.exe
        process.stat_comm = stat.comm
        self._kept.become(program, proc.exe(program.pid), stat.comm, proc.command(program.pid), PROC)
        return program.exe == before

    def _late(self, proc: Proc, pid: int, stat: Stat) -> _Holder:
        """Return a process that only ``/proc`` knows of.

        Where execs are recorded and none was of it, it was at the event what its parent is: a copy. If it is something
        else now it became that since, or before anything was recorded.
        """
        parent = self._kept.processes.get(stat.ppid)
        if parent is not None and not is_there(proc, parent, if_gone=False):
            parent = None  # its pid is another's by now
        process = self._adopt(proc, pid, stat, parent)
        if parent is not None:
            process.labels = passed_on(parent)
        if self._execs and (parent is None or parent.program.exe != process.program.exe):
            return None, CHANGED, False
        return process, "", False

    def _adopt(self, proc: Proc, pid: int, stat: Stat, parent: Optional[Process]) -> Process:
        """Return a new process made of what ``/proc`` says."""
        process = Process(pid, stat.ppid, self._now, self._kept.line(parent))
        process.ticks, process.stat_comm = stat.ticks, stat.comm
        process.program.become(proc.exe(pid), stat.comm, proc.command(pid), PROC)
        if parent is not None:
            process.certain_parent, process.presumed = parent.program, parent.presumed
        return self._kept.insert(process)

    def _fork(self, parent: Process, told: Told) -> None:
        """Remember the child that a system call made."""
        child = told.code
        # clone3 has its flags where no record shows them.
        if not child or child < 0 or (told.call == "clone" and told.flags & _CLONE_THREAD):
            return
        known = self._kept.processes.get(child)
        if known is not None and known.born == parent.program.pid and known.since >= told.time:
            parent.initial = True  # it was faster than its parent's record
            if known.ppid == known.born:
                known.certain_parent, known.presumed = parent.program, parent.presumed
                known.program.changes += 1
                self._kept.change()
            return
        if parent.initial is None and self._proc is not None:
            parent.initial = self._proc.in_initial_namespace(parent.program.pid)
        if parent.initial is False:
            return  # the number is one of another namespace
        view, labels = parent.program.view, passed_on(parent)
        line = self._kept.line(parent)
        self._kept.insert_fork(child, Fork(parent, line, view, labels, parent.place, parent.presumed))
