"""The system calls of a rule, and the operations of io_uring: names and numbers to bits of the mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import strictness
from mig_audit.modules.audit.rules.architectures import narrow
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS, SYSCALLS
from mig_audit.modules.audit.rules.strictness import StricterError
from mig_audit.modules.audit.rules.values import integer, starts_number
from mig_audit.modules.audit.tables import URING, syscall_name, syscall_number

if TYPE_CHECKING:
    from mig_audit.modules.audit.rules.words import Word

# auditctl's `-S all` stops at IORING_OP_UNLINKAT
_URING_ALL = range(37)


def syscall_mask(argument: Word, machine: str) -> int:
    """Return the mask for an argument of -S: names, numbers and ``all``, separated by commas.

    ``machine`` is an architecture, or ``uring`` for the operations of io_uring.
    """
    names = [piece for piece in argument.pieces(",") if piece.text]
    if not names:
        raise StricterError(
            strictness.NO_SYSCALLS,
            "-S without a system call",
            argument.column,
            "a rule without -S has them all",
        )
    mask = 0
    for name in names:
        mask |= _bits(name, machine)
    return mask


def _bits(name: Word, machine: str) -> int:
    if name.text == "all":
        return all_operations() if machine == URING else ALL_SYSCALLS
    found = syscall_number(machine, name.text)
    if found is None and starts_number(name):
        found = integer(name)
    if found is None or found >= SYSCALLS:
        without = "io_uring has no operation" if machine == URING else f"{machine} has no system call"
        what = f"{without} {name.text!r}" + (" that audit sees" if machine == URING else "")
        raise RuleError(what, name.column)
    return 1 << found


def all_operations() -> int:
    """Return the mask that auditctl's ``-S all`` has on the io_uring list: the first 11 operations with a name."""
    return sum(1 << number for number in _URING_ALL if syscall_name(URING, number) is not None)


def ambiguous(argument: Word, machine: str) -> bool:
    """Tell whether a name of an argument of -S has another number, or none, for a machine's 32-bit programs."""
    other = narrow(machine)
    return other is not None and any(
        syscall_number(machine, name.text) not in {None, syscall_number(other, name.text)}
        for name in argument.pieces(",")
    )
