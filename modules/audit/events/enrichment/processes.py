"""Which process an event's pid means, and which one its ppid: a table that pid reuse does not fool.

A pid alone names nobody for long. The kernel hands out all others before it gives one again, which takes a while, so a
process that was seen a short time ago is still the same; after that only a start time in ``/proc`` can tell, where it is
the host's own and the process still there. What neither tells is unknown, and said to be. Forks and exits count where the
rules record them. Nothing here raises, and memory is bounded.

What the kernel writes into a record is true at the moment it is written: that the event's pid is alive, what its program
is, and that its parent, ppid, is alive too.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.command_line import command_line
from mig_audit.modules.audit.events.enrichment.model import LOG, PROC
from mig_audit.modules.audit.events.enrichment.process import Fork, Process, passed_on
from mig_audit.modules.audit.events.enrichment.told import EXIT, FORKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from mig_audit.modules.audit.events.enrichment.proc import Proc, Stat
    from mig_audit.modules.audit.events.enrichment.process import Program
    from mig_audit.modules.audit.events.enrichment.told import Told

GONE, REUSED, UNSEEN, CHANGED = "gone", "reused", "unseen", "changed"

_INIT = 1
_OLD_PID_MAX, _PID_MAX = 32_768, 4_194_304  # linux/threads.h PID_MAX_DEFAULT, PID_MAX_LIMIT
_FASTEST = 100  # processes a millisecond; no host that was measured starts a tenth of it
_SLACK = 12  # milliseconds by which a record's time may be before a start: a tick of the coarse clock, and of starts
_ARGUMENTS_LIMIT = 512
_CLONE_THREAD = 0x10000  # linux/sched.h


_Holder = tuple["Optional[Process]", str, bool]


class Found(NamedTuple):
    """Who an event's process is.

    Attributes:
        process: it.
        parent: the process of its ppid, if that is certain.
        why: why there is no parent: one of the four words above, or nothing where there can be none.
        fresh: whether it is seen for the first time, or has just started another program.
        ppid: as the event has it.
        presumed: whether the parent is taken to be that process only because its pid was seen a short time before.
    """

    process: Process
    parent: Optional[Process]
    why: str
    fresh: bool
    ppid: Optional[int]
    presumed: bool


class Lasting:
    """What was found of a process, and the state that it holds for."""

    __slots__ = ("changes", "found", "parent", "parent_changes", "pid", "ppid", "process", "state", "version")

    def __init__(self, found: Found, version: int, state: int) -> None:
        process, parent, _, _, self.ppid, _ = found
        self.found = found
        self.process = process
        self.parent = parent
        self.pid = process.program.pid
        self.version = version
        self.state = state
        self.changes = process.program.changes
        self.parent_changes = 0 if parent is None else parent.program.changes


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
        self._depth = depth
        self._limit = limit
        self._table: OrderedDict[int, Process] = OrderedDict()
        self._forks: OrderedDict[int, Fork] = OrderedDict()
        self._now = 0
        self._execs = False
        self._version = 0  # grows with whatever may change the answers of many processes
        self._state = 0  # grows with whatever may change one
        known = proc.pid_max if proc else None
        self._trust = (known or _OLD_PID_MAX) // _FASTEST if trust is None else trust
        self._trust_known = trust is not None or known is not None

    def __len__(self) -> int:
        """Return how many processes are kept, those that were not seen yet among them."""
        return len(self._table) + len(self._forks)

    def seed(self) -> None:
        """Read the processes that are there already."""
        if self._proc is None:
            return
        self._now = int(self._clock())
        stats = {pid: stat for pid in self._proc.pids() for stat in (self._proc.stat(pid),) if stat}
        # A parent was there before its children, and is needed first.
        for pid, stat in sorted(stats.items(), key=lambda item: item[1].ticks):
            self._adopt(pid, stat, self._table.get(stat.ppid))

    def find(self, told: Told) -> Found:
        """Return who an event's process is, and remember what the event tells."""
        pid, ppid, time = told.pid, told.ppid, told.time
        self._now = max(self._now, time)
        if not self._trust_known and pid > _OLD_PID_MAX:
            self._trust, self._trust_known = _PID_MAX // _FASTEST, True
            self._change_all()
        if told.starts and not self._execs:
            self._execs = True
            self._change_all()
        process, fork = self._own(told)
        parent, why, presumed = self._holder(ppid, time)
        fresh = process is None
        if process is None:
            process = self._born(pid, fork) if fork else self._new(pid, ppid or 0, parent, presumed=presumed)
        elif parent is not None and not process.line and process.born == ppid:
            process.line = self._line(parent)
            process.presumed = presumed or parent.presumed
            process.program.changes += 1
            self._state += 1
        if parent is not None and not presumed:
            process.certain_parent = parent.program
        presumed = presumed and (parent is None or process.certain_parent is not parent.program)
        self._note(process, told, fresh=fresh)
        if told.done and told.call in FORKS:
            self._fork(process, told)
        elif told.call == EXIT:
            process.ended = True
            self._state += 1
        return Found(process, parent, why, fresh or told.starts, ppid, presumed)

    def lasting(self, found: Found) -> Optional[Lasting]:
        """Return what was just found as something to ask `again` of; None if the next answer may be another."""
        parent_unknown = found.ppid is not None and found.parent is None
        if found.fresh or (parent_unknown and (self._proc is not None or found.ppid in self._table)):
            return None
        return Lasting(found, self._version, self._state)

    def again(self, lasting: Lasting, time: int) -> bool:
        """Say whether `find` would find the same for another event of this process, and remember that it was there.

        The event is of a later time, has the same parent's pid and program, and starts and ends nothing.
        """
        if lasting.state != self._state and not self._still(lasting):
            return False
        process, parent, pid, ppid = lasting.process, lasting.parent, lasting.pid, lasting.ppid
        self._now = max(self._now, time)
        limit = self._now - self._trust
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
        self._table.move_to_end(pid)
        return True

    def _still(self, lasting: Lasting) -> bool:
        """Say whether nothing happened to a process and its parent, whatever happened to others."""
        process, parent, pid, ppid, table = (
            lasting.process,
            lasting.parent,
            lasting.pid,
            lasting.ppid,
            self._table,
        )
        if lasting.version != self._version or table.get(pid) is not process or process.ended:
            return False
        if process.program.changes != lasting.changes or pid in self._forks:
            return False
        if ppid is not None and (
            process.ppid != ppid or table.get(ppid) is not parent or ppid in self._forks
        ):
            return False
        if parent is not None and (parent.ended or parent.program.changes != lasting.parent_changes):
            return False
        lasting.state = self._state
        return True

    def alive(self, process: Process, time: int) -> str:
        """Say why ``/proc`` cannot be asked about a process that was there at ``time``; nothing if it can."""
        if self._proc is None:
            return UNSEEN
        stat = self._proc.stat(process.program.pid)
        if stat is None:
            return GONE
        return "" if self._is(process, stat, time) else REUSED

    def _own(self, told: Told) -> tuple[Optional[Process], Optional[Fork]]:
        """Return the process of an event's pid if it is known already, or the fork that made it."""
        process, fork, ppid = self._table.get(told.pid), self._forks.pop(told.pid, None), told.ppid
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
            self._state += 1
        process.born = process.born or process.ppid
        return process, None

    def _continues(self, process: Process, told: Told) -> bool:
        """Say whether an event of its pid is one of this process, and not of a later one with the same pid."""
        program = process.program
        if program.pid == _INIT:
            return True
        starts = told.starts
        known = self._execs and not starts and program.source == LOG and program.exe is not None
        if known and told.exe not in {None, program.exe}:
            return False  # it runs something else, and did not start it
        moved = process.ppid > 0 and told.ppid not in {None, process.ppid}
        if (moved or starts) and self._proc is not None:
            return self._is_there(process, if_gone=self._recent(process) and not moved)
        if moved and told.ppid != _INIT:
            return False
        return self._recent(process) or self._is_there(process, if_gone=False)

    def _recent(self, process: Process) -> bool:
        return process.program.pid == _INIT or self._now - process.seen < self._trust

    def _is_there(self, process: Process, *, if_gone: bool) -> bool:
        """Say whether ``/proc`` has this very process."""
        stat = self._proc.stat(process.program.pid) if self._proc else None
        return if_gone if stat is None else self._is(process, stat, process.seen)

    def _is(self, process: Process, stat: Stat, time: int) -> bool:
        """Say whether what ``/proc`` has under its pid is this process, which was there at ``time``."""
        if process.ticks is None and stat.start <= time + _SLACK:
            # A start is known to a clock tick only; within one, the program must tell.
            exe = self._proc.exe(process.program.pid) if self._proc else None
            if exe is None or process.program.exe in {None, exe}:
                process.ticks = stat.ticks
        return stat.ticks == process.ticks and stat.start <= time + _SLACK

    def _new(self, pid: int, ppid: int, parent: Optional[Process], *, presumed: bool) -> Process:
        process = Process(pid, ppid, self._now, self._line(parent))
        if parent is not None:
            process.labels = passed_on(parent)
            process.presumed = presumed or parent.presumed
        self._insert(process)
        return process

    def _born(self, pid: int, fork: Fork) -> Process:
        process = Process(pid, fork.parent.program.pid, self._now, fork.line)
        process.program.become(fork.program.exe, fork.program.comm, fork.program.command, LOG)
        process.labels, process.place = dict(fork.labels), fork.place
        process.certain_parent, process.presumed = fork.parent.program, fork.presumed
        self._insert(process)
        return process

    def _note(self, process: Process, told: Told, *, fresh: bool) -> None:
        """Remember what program an event says its process runs."""
        program = process.program
        if self._table.get(program.pid) is process:
            self._table.move_to_end(program.pid)
        else:
            self._insert(process)  # its parent took the last place
        if told.starts:
            argv = told.argv
            command = None if argv is None else command_line(argv[:_ARGUMENTS_LIMIT])
            self._become(program, told.exe, told.comm, command, LOG)
        elif told.exe is not None and (fresh or told.exe != program.exe):
            command = program.command if told.exe == program.exe else None
            self._become(program, told.exe, told.comm, command, LOG)

    def _holder(self, ppid: Optional[int], time: int) -> _Holder:
        """Return the process that has a parent's pid now, or why it is not known, and whether that is presumed.

        It is where neither ``/proc`` nor the record of a fork says so, but the pid was seen a short time ago.
        """
        if not ppid:
            return None, "", False
        fork, process = self._forks.get(ppid), self._table.get(ppid)
        if fork is not None and fork.parent.initial:
            del self._forks[ppid]
            return self._born(ppid, fork), "", False
        if process is not None and (process.ended or fork is not None):
            process = None
        if self._proc is not None and ppid != _INIT:
            return self._by_proc(ppid, process, time)
        if process is None:
            return None, UNSEEN, False
        # Without records of execs, nobody knows what it became since it was seen.
        if ppid != _INIT and not (self._execs and self._recent(process)):
            return None, UNSEEN, False
        process.seen = self._now
        return process, "", ppid != _INIT

    def _by_proc(self, pid: int, process: Optional[Process], time: int) -> _Holder:
        """Return the same, where ``/proc`` can be asked; one look there holds for everything before it."""
        if process is not None and process.checked >= time:
            return process, "", False
        looked = self._clock()
        stat = self._proc.stat(pid) if self._proc else None
        recorded = process is not None and process.program.source == LOG and self._execs
        if stat is None:
            if process is not None and recorded and self._recent(process):
                process.seen = self._now
                return process, "", True
            return None, GONE, False
        if process is not None and self._is(process, stat, process.seen):
            process.seen, process.checked = self._now, looked
            known = recorded or self._unchanged(process, stat)
            return (process, "", False) if known else (None, CHANGED, False)
        return (None, REUSED, False) if stat.start > time + _SLACK else self._late(pid, stat)

    def _unchanged(self, process: Process, stat: Stat) -> bool:
        """Say whether a process still runs what ``/proc`` said before; what it runs now is remembered."""
        proc, program = self._proc, process.program
        if proc is None or stat.comm == process.stat_comm:
            return True
        exe, before = proc.exe(program.pid), program.exe
        process.stat_comm = stat.comm
        self._become(program, exe, stat.comm, proc.command(program.pid), PROC)
        return exe == before

    def _late(self, pid: int, stat: Stat) -> _Holder:
        """Return a process that only ``/proc`` knows of.

        Where execs are recorded and none was of it, it was at the event what its parent is: a copy. If it is something
        else now it became that since, or before anything was recorded.
        """
        parent = self._table.get(stat.ppid)
        if parent is not None and not self._is_there(parent, if_gone=False):
            parent = None  # its pid is another's by now
        process = self._adopt(pid, stat, parent)
        if parent is not None:
            process.labels = passed_on(parent)
        if self._execs and (parent is None or parent.program.exe != process.program.exe):
            return None, CHANGED, False
        return process, "", False

    def _adopt(self, pid: int, stat: Stat, parent: Optional[Process]) -> Process:
        """Return a new process made of what ``/proc`` says."""
        process = Process(pid, stat.ppid, self._now, self._line(parent))
        process.ticks, process.stat_comm = stat.ticks, stat.comm
        if self._proc is not None:
            process.program.become(self._proc.exe(pid), stat.comm, self._proc.command(pid), PROC)
        if parent is not None:
            process.certain_parent, process.presumed = parent.program, parent.presumed
        self._insert(process)
        return process

    def _fork(self, parent: Process, told: Told) -> None:
        """Remember the child that a system call made."""
        child = told.code
        # clone3 has its flags where no record shows them.
        if not child or child < 0 or (told.call == "clone" and told.flags & _CLONE_THREAD):
            return
        known = self._table.get(child)
        if known is not None and known.born == parent.program.pid and known.since >= told.time:
            parent.initial = True  # it was faster than its parent's record
            if known.ppid == known.born:
                known.certain_parent, known.presumed = parent.program, parent.presumed
                known.program.changes += 1
                self._state += 1
            return
        if parent.initial is None and self._proc is not None:
            parent.initial = self._proc.in_initial_namespace(parent.program.pid)
        if parent.initial is False:
            return  # the number is one of another namespace
        self._state += 1
        view, labels = parent.program.view, passed_on(parent)
        self._forks[child] = Fork(parent, self._line(parent), view, labels, parent.place, parent.presumed)
        if len(self._forks) > self._limit:
            self._forks.popitem(last=False)

    def _line(self, parent: Optional[Process]) -> tuple[Program, ...]:
        if parent is None:
            return ()
        parent.program.inherited = True
        return (parent.program, *parent.line)[: self._depth]

    def _become(
        self, program: Program, exe: Optional[str], comm: Optional[str], command: Optional[str], source: str
    ) -> None:
        program.become(exe, comm, command, source)
        self._state += 1
        if program.inherited:
            self._change_all()

    def _change_all(self) -> None:
        self._version += 1
        self._state += 1

    def _insert(self, process: Process) -> None:
        pid = process.program.pid
        self._state += 1
        self._table[pid] = process
        self._table.move_to_end(pid)
        if len(self._table) > self._limit:
            self._table.popitem(last=False)
