"""What is asked of an event here: one system call, its arguments as numbers, and the names it was given."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.paths import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events import Event, Identity, PathItem


class Layout(Enum):
    """How a machine's system calls take numbers of 64 bits.

    ``WIDE``: in one register. ``I386``: in two, the low half first. ``OTHER``: in two, in ways that differ.
    """

    WIDE = "wide"
    I386 = "i386"
    OTHER = "other"


_LAYOUTS = {
    **dict.fromkeys(("x86_64", "aarch64", "ppc64", "ppc64le", "s390x", "riscv64"), Layout.WIDE),
    "i386": Layout.I386,
}
URING = "io_uring"
"""What stands for the machine in an operation that io_uring did."""

_NUMBERS = {"FD_PAIR": ("fd0", "fd1"), "MMAP": ("fd", "flags"), "OPENAT2": ("oflag", "resolve")}
_BASES = {"oflag": 8, "flags": 16, "resolve": 16}
_CALLS = frozenset({"SYSCALL", "URINGOP"})
_NO_ARGUMENTS = (0, 0, 0, 0)


class Who(NamedTuple):
    """Who made a call: the program, the user as whom it acts, and the one who logged in."""

    exe: Optional[str]
    user: Optional[str]
    login: Optional[str]


class Call(NamedTuple):
    """One system call that is over.

    Attributes:
        node: the host, where the log names it.
        seconds: since the epoch, when the call began.
        milliseconds: the rest of that time.
        serial: the kernel's number, in the order in which calls were over.
        name: of the call, None if it has none.
        machine: whose call it is; `URING` for an operation of a ring.
        success: None where the kernel does not say (exit).
        exit: what it returned.
        errno: the name of the error that it returned.
        args: a0 to a3 as unsigned numbers.
        pid: of the thread group.
        ppid: of the parent.
        who: made it.
        cwd: the working directory before it.
        paths: its PATH records; which directory a relative name is relative to is not found out yet.
        told: numbers that further records tell: ``fd0``, ``fd1``, ``fd``, ``flags``, ``oflag``,
            ``resolve``.
        torn: a PATH record is missing.
    """

    node: str
    seconds: int
    milliseconds: int
    serial: int
    name: Optional[str]
    machine: Optional[str]
    success: Optional[bool]
    exit: Optional[int]
    errno: Optional[str]
    args: tuple[int, ...]
    pid: int
    ppid: Optional[int]
    who: Who
    cwd: Optional[str]
    paths: tuple[PathItem, ...]
    told: Mapping[str, int]
    torn: bool

    @property
    def layout(self) -> Layout:
        """Return how numbers of 64 bits are among the arguments."""
        return _LAYOUTS.get(self.machine or "", Layout.OTHER)

    @property
    def returned(self) -> int:
        """Return what a call that succeeded gave back, which is never negative."""
        return max(self.exit or 0, 0)


NOBODY = Call(
    "",
    0,
    0,
    0,
    None,
    None,
    None,
    None,
    None,
    _NO_ARGUMENTS,
    0,
    None,
    Who(None, None, None),
    None,
    (),
    {},
    torn=False,
)
"""What stands for a call in a row that no call is told by."""


def call_of(event: Event) -> Optional[Call]:
    """Return the call of an event; None of an event without one, or whose process it does not tell."""
    syscall, process = event.syscall, event.process
    if syscall is None or process.pid is None or event.part or _CALLS.isdisjoint(event.types):
        return None
    return Call(
        event.node,
        event.seconds,
        event.milliseconds,
        event.serial,
        syscall.name,
        syscall.arch_name,
        syscall.success,
        syscall.exit,
        syscall.errno,
        tuple([int(argument, 16) if argument else 0 for argument in syscall.args]) or _NO_ARGUMENTS,
        process.pid,
        process.ppid,
        _who(process.exe, account_of(event.identities.euid), account_of(event.identities.auid)),
        process.cwd,
        tuple([item._replace(path=NOWHERE.absolute(item.name, item.nametype)) for item in event.paths]),
        _told(event),
        "path" in event.gaps,
    )


@lru_cache(maxsize=1024)
def _who(exe: Optional[str], user: Optional[str], login: Optional[str]) -> Who:
    return Who(exe, user, login)


def account_of(identity: Optional[Identity]) -> Optional[str]:
    """Return the name of a user, or else the number."""
    return None if identity is None else identity.name or str(identity.number)


def _told(event: Event) -> Mapping[str, int]:
    told: dict[str, int] = {}
    for field in event.rest:
        if field.name in _NUMBERS.get(field.record, ()) and field.name not in told:
            try:
                told[field.name] = int(field.value, _BASES.get(field.name, 10))
            except ValueError:
                continue  # it is told by nobody then, as if the record were not there
    return told


def signed(value: int, bits: int = 32) -> int:
    """Return the number that the low bits of a register are."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
