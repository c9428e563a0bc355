"""What one event tells of processes: read from the decoded event, or from a glance at its records."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.draft import SYSCALL_TAIL
from mig_audit.modules.audit.events.glance import call_of
from mig_audit.modules.audit.events.values import string_value
from mig_audit.modules.audit.records.memo import LONGEST

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.event import Event, PathItem
    from mig_audit.modules.audit.events.glance import Seen

EXECS = frozenset({"execve", "execveat"})
FORKS = frozenset({"fork", "vfork", "clone", "clone3"})
EXIT = "exit_group"

_SPECIAL = EXECS | FORKS | {EXIT}
_SYSCALL = "SYSCALL"
_WHO = re.compile(SYSCALL_TAIL)


class Told(NamedTuple):
    """What is told.

    Attributes:
        pid: of the process.
        ppid: of its parent.
        time: milliseconds since the epoch.
        exe: its program.
        comm: its name.
        call: the system call, if it is one of those that start and end processes.
        done: whether it succeeded.
        code: what it returned.
        flags: its first argument.
        argv: the arguments of a program that was started.
        files: its PATH records.
        all_files: whether none of these is missing.
    """

    pid: int
    ppid: Optional[int]
    time: int
    exe: Optional[str]
    comm: Optional[str]
    call: Optional[str] = None
    done: bool = False
    code: Optional[int] = None
    flags: int = 0
    argv: Optional[tuple[Optional[str], ...]] = None
    files: tuple[PathItem, ...] = ()
    all_files: bool = True

    @property
    def starts(self) -> bool:
        """Say whether a program was started."""
        return self.done and self.call in EXECS


def told_by(event: Event) -> Optional[Told]:
    """Return what an event tells; None if it names no process.

    Of a message, the pid alone counts: the rest may be a program's words.
    """
    process, syscall = event.process, event.syscall
    if process.pid is None or process.pid <= 0:
        return None
    time = event.seconds * 1000 + event.milliseconds
    if _SYSCALL not in event.types:
        return Told(process.pid, None, time, None, None)
    told = Told(process.pid, process.ppid, time, process.exe, process.comm)
    if syscall is None or syscall.name not in _SPECIAL:
        return told
    flags = syscall.args[0] if syscall.args else None
    return told._replace(
        call=syscall.name,
        done=syscall.success is True,
        code=syscall.exit,
        flags=int(flags, 16) if flags else 0,
        argv=process.argv,
        files=event.paths,
        all_files="path" not in event.gaps,
    )


class Program(NamedTuple):
    """What the end of a SYSCALL record tells; ``known`` is false where it has another shape than the kernel's."""

    exe: Optional[str]
    comm: Optional[str]
    known: bool = True


def told_by_glance(glance: Seen, time: int) -> Optional[Told]:
    """Return what the records of a system call's event tell; None where it must be decoded for that."""
    program = (program_of if len(glance.who) <= LONGEST else _read_program)(glance.who)
    pid = int(glance.pid)
    if not program.known or not pid:
        return None
    told = Told(pid, int(glance.ppid), time, program.exe, program.comm)
    name = special_call(glance.call)
    if name is None:
        return told
    success, code = glance.outcome
    return told._replace(
        call=name,
        done=success == b"yes",
        code=None if code is None else int(code),
        flags=int(glance.a0, 16),
        argv=glance.argv(),
        files=glance.path_items(name) if name in EXECS else (),
        all_files=len(glance.paths) >= int(glance.items),
    )


@lru_cache(maxsize=4096)
def special_call(call: bytes) -> Optional[str]:
    """Return the name of a system call that starts or ends processes, None of any other."""
    name = call_of(call).name
    return name if name in _SPECIAL else None


def _read_program(who: bytes) -> Program:
    match = _WHO.fullmatch(who)
    if match is None:
        return Program(None, None, known=False)
    return Program(string_value(match["exe"]), string_value(match["comm"]))


program_of = lru_cache(maxsize=4096)(_read_program)
"""Returns what the end of a SYSCALL record tells."""
