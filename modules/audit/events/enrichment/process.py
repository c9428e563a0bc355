"""One process, as the table of processes keeps it."""

from __future__ import annotations

from sys import getsizeof
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.enrichment.model import LOG, Ancestor

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.enrichment.model import Place

COMMAND_LIMIT = 512
"""Characters of a command that are kept."""

EXE_LIMIT = 512
"""Characters of a program's path that are kept: one of 4,096 bytes has 16,384 where they are no text."""


class Program:
    """What a process runs, as long as it lives; its descendants keep this, and not all of it.

    Attributes:
        changes: how often it became another.
        inherited: whether there are descendants that keep it.
    """

    __slots__ = ("_view", "changes", "comm", "command", "exe", "inherited", "pid", "source")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.exe: Optional[str] = None
        self.comm: Optional[str] = None
        self.command: Optional[str] = None
        self.source = LOG
        self.changes = 0
        self.inherited = False
        self._view: Optional[Ancestor] = None

    def become(self, exe: Optional[str], comm: Optional[str], command: Optional[str], source: str) -> None:
        """Take note of what it runs now."""
        self.exe, self.comm, self.source = exe and exe[:EXE_LIMIT], comm, source
        self.command = None if command is None else command[:COMMAND_LIMIT]
        self._view = None
        self.changes += 1

    @property
    def size(self) -> int:
        """Return how many bytes its names take."""
        return sum(map(getsizeof, filter(None, (self.exe, self.comm, self.command))))

    def runs(self, exe: str) -> bool:
        """Say whether this is its program, as far as that is kept."""
        return self.exe == exe[:EXE_LIMIT]

    @property
    def view(self) -> Ancestor:
        """Return it as others see it."""
        if self._view is None:
            self._view = Ancestor(self.pid, self.exe, self.comm, self.command, self.source)
        return self._view


class Process:
    """One process, from when it was first seen.

    Attributes:
        program: what it runs, and its pid.
        ppid: its parent's pid, in its latest event.
        born: the same in its first.
        since: when it was first seen, in milliseconds of stream time.
        seen: when it was last certain to be there.
        checked: the wall-clock time at which ``/proc`` last said so.
        line: the processes it descends from, its first parent first.
        presumed: whether one of these is taken for the parent of the one before it only because its pid was seen a
            short time before.
        certain_parent: what that process runs which is certain to have the pid ``ppid``: a process that gets another
            parent gets another ppid.
        ticks: its start, if ``/proc`` told it.
        stat_comm: its name in ``/proc`` when its program was read there.
        ended: whether its exit was recorded.
        initial: whether the numbers by which it knows its children are those of the records; None if not known.
        place: where its control groups say it runs.
        labels: what rules call it, and whether its children are called so too.
    """

    __slots__ = (
        "born",
        "certain_parent",
        "checked",
        "ended",
        "initial",
        "labels",
        "line",
        "place",
        "ppid",
        "presumed",
        "program",
        "seen",
        "since",
        "stat_comm",
        "ticks",
    )

    def __init__(self, pid: int, ppid: int, since: int, line: tuple[Program, ...]) -> None:
        self.program = Program(pid)
        self.ppid = self.born = ppid
        self.since = self.seen = since
        self.checked = -1.0
        self.line = line
        self.presumed = False
        self.certain_parent: Optional[Program] = None
        self.ticks: Optional[int] = None
        self.stat_comm: Optional[str] = None
        self.ended = False
        self.initial: Optional[bool] = None
        self.place: Optional[Place] = None
        self.labels: dict[str, bool] = {}

    def programs(self) -> tuple[Program, ...]:
        """Return all that it keeps: its own, and those of others."""
        certain = () if self.certain_parent is None else (self.certain_parent,)
        return (self.program, *certain, *self.line)


class Fork(NamedTuple):
    """A child that its parent's record tells of, before it was seen itself; it is what its parent was then."""

    parent: Process
    line: tuple[Program, ...]
    program: Ancestor
    labels: dict[str, bool]
    place: Optional[Place]
    presumed: bool

    def born(self, pid: int, since: int) -> Process:
        """Return the child when it is seen, at a time in milliseconds."""
        process = Process(pid, self.parent.program.pid, since, self.line)
        process.program.become(self.program.exe, self.program.comm, self.program.command, LOG)
        process.labels, process.place = dict(self.labels), self.place
        process.certain_parent, process.presumed = self.parent.program, self.presumed
        return process


def passed_on(parent: Process) -> dict[str, bool]:
    """Return the labels that a child has from its parent."""
    return {label: True for label, children in parent.labels.items() if children}
