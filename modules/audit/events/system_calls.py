"""The system call of an event: which it was, on its own architecture, and how it ended."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.category import effective_syscall
from mig_audit.modules.audit.events.draft import HEX
from mig_audit.modules.audit.events.event import Syscall
from mig_audit.modules.audit.events.values import ascii_value, number_value, result_value
from mig_audit.modules.audit.tables import URING, arch_name, errno_name, syscall_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_X32_BIT = 0x4000_0000  # asm/unistd.h __X32_SYSCALL_BIT: set in the numbers of x32 programs
_MAX_ERRNO = 4095  # linux/err.h MAX_ERRNO


class Call(NamedTuple):
    """The architecture's name, the call's number and its name."""

    arch_name: Optional[str]
    number: Optional[int]
    name: Optional[str]


def decode_syscall(home: Mapping[str, bytes]) -> Syscall:
    """Return the system call that these fields of a SYSCALL or URINGOP record tell of."""
    arch, number, name = recorded_call(home)
    a0, a1, a2, a3 = home.get("a0"), home.get("a1"), home.get("a2"), home.get("a3")
    args = (ascii_value(a0), ascii_value(a1), ascii_value(a2), ascii_value(a3))
    code = number_value(home.get("exit"))
    return Syscall(
        ascii_value(home.get("arch")),
        arch,
        number,
        effective_syscall(name, int(args[0], 16) if args[0] else None),
        result_value(home.get("success")),
        code,
        None if code is None else error_of(code),
        args if a0 or a1 else (),
    )


def error_of(code: int) -> Optional[str]:
    """Return the name of the error that a call returned; None if it is none, or has no name."""
    return errno_name(-code) if -_MAX_ERRNO <= code < 0 else None


def recorded_call(home: Mapping[str, bytes]) -> Call:
    """Return which call these fields name; of ``socketcall``, only that."""
    number = home.get("syscall", b"") or home.get("uring_op", b"")
    return resolve_call(home.get("arch", b""), number, uring="uring_op" in home)


@lru_cache(maxsize=4096)
def resolve_call(arch: bytes, number: bytes, *, uring: bool) -> Call:
    """Return what a record's ``arch`` and ``syscall`` mean, or what its ``uring_op`` does."""
    value = number_value(number)
    if uring:
        return Call("io_uring", value, None if value is None else syscall_name(URING, value))
    machine = arch_name(int(arch, 16)) if HEX.fullmatch(arch) else None
    if machine is None or value is None:
        return Call(machine, value, None)
    return Call(machine, value, syscall_name(machine, value & ~_X32_BIT if machine == "x86_64" else value))
