"""What one event tells of processes: read from the decoded event, or from its SYSCALL record alone."""

from __future__ import annotations

import re
from functools import lru_cache

from mig_audit.lean_typing import TYPE_CHECKING, NamedTuple, Optional
from mig_audit.modules.audit.events.decoder import resolve_call, string_value
from mig_audit.modules.audit.events.draft import SYSCALL_TAIL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.event import Event

EXECS = frozenset({"execve", "execveat"})
FORKS = frozenset({"fork", "vfork", "clone", "clone3"})
EXIT = "exit_group"

_SPECIAL = EXECS | FORKS | {EXIT}
_SOCKETCALL = "socketcall"
_SYSCALL = "SYSCALL"
_MESSAGE = re.compile(rb"pid=([1-9][0-9]{0,9}) uid=")  # kernel/audit.c, audit_log_common_recv_msg
_LONGEST = 1024  # bytes of the end of a record that is remembered
_CALL = re.compile(
    rb"arch=([0-9a-f]{1,8}) syscall=([0-9]{1,10})(?: success=(?:yes|no) exit=-?[0-9]{1,20})?"
    rb" a0=[0-9a-f]{1,16} a1=[0-9a-f]{1,16} a2=[0-9a-f]{1,16} a3=[0-9a-f]{1,16}"
    rb" items=[0-9]{1,10} ppid=([0-9]{1,10}) pid=([0-9]{1,10}) (auid=.*)",
    re.DOTALL,
)
_TAIL = re.compile(SYSCALL_TAIL)


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
    )


Call = tuple[bytes, bytes, bytes]
"""Of a SYSCALL record: ppid, pid, and the end of it, from ``auid=`` on."""


def ordinary_call(types: Sequence[str], bodies: Sequence[bytes]) -> Optional[Call]:
    """Return what an event says of its process; None where it must be decoded for it.

    It need not be where it is a call that neither starts nor ends a process, in the kernel's usual shape, or one message,
    of which ppid and end are empty.
    """
    if _SYSCALL not in types:
        message = _MESSAGE.match(bodies[0]) if len(types) == 1 else None
        return (b"", message[1], b"") if message else None
    match = _CALL.fullmatch(bodies[types.index(_SYSCALL)])
    if match is None:
        return None
    arch, number, ppid, pid, tail = match.groups()
    if len(tail) > _LONGEST or pid == b"0" or not _is_ordinary(arch, number) or _program(tail) is None:
        return None
    return ppid, pid, tail


def told_by_call(call: Call, time: int) -> Told:
    """Return what `ordinary_call` found, at that time."""
    ppid, pid, tail = call
    if not tail:
        return Told(int(pid), None, time, None, None)
    exe, comm = _program(tail) or (None, None)
    return Told(int(pid), int(ppid), time, exe, comm)


@lru_cache(maxsize=4096)
def _is_ordinary(arch: bytes, number: bytes) -> bool:
    name = resolve_call(arch, number, uring=False).name
    return name not in _SPECIAL and name != _SOCKETCALL


@lru_cache(maxsize=4096)
def _program(tail: bytes) -> Optional[tuple[Optional[str], Optional[str]]]:
    match = _TAIL.fullmatch(tail)
    return None if match is None else (string_value(match["exe"]), string_value(match["comm"]))
