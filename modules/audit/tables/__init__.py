"""Names and numbers of kernel audit, at the level of libaudit 4.2.1, from generated data files.

Nothing is loaded until it is asked for, then once. Names are understood in upper and lower case, in libaudit's and in
the kernel's spelling; libaudit's is the one given back, because ausearch and auditctl print it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Optional

from mig_audit.modules.audit.tables.table import Table, load, table

URING = "uring"
"""The name that stands for an architecture in the calls that look up io_uring operations."""

_UNKNOWN = r"UNKNOWN\[([0-9]{1,10})\]"


def record_type_name(number: int) -> str:
    """Return for instance ``SYSCALL`` for 1300; ``UNKNOWN[n]``, as auditd writes it, for what has no name."""
    return table("record-types").name(number) or f"UNKNOWN[{number}]"


def record_type_number(name: str) -> Optional[int]:
    """Return the number of a record type; ``UNKNOWN[n]`` is n."""
    unknown = re.fullmatch(_UNKNOWN, name)
    return int(unknown[1]) if unknown else table("record-types").number(name)


def arch_name(elf: int) -> Optional[str]:
    """Return for instance ``x86_64`` for 0xc000003e, AUDIT_ARCH_X86_64 of linux/audit.h.

    Little-endian ARM is ``armeb``: that is what libaudit and so ausearch call it.
    """
    return table("machines").name(elf)


def arch_elf(name: str) -> Optional[int]:
    """Return the AUDIT_ARCH number of a machine, by libaudit's name or one of uname's, for instance ``i686``."""
    return table("machines").number(name)


def syscall_name(arch: str, number: int) -> Optional[str]:
    """Return the name of a system call of an architecture, None for an unknown call or architecture."""
    known = _syscalls(arch)
    return known.name(number) if known else None


def syscall_number(arch: str, name: str) -> Optional[int]:
    """Return the number of a system call of an architecture, None for an unknown call or architecture."""
    known = _syscalls(arch)
    return known.number(name) if known else None


@lru_cache(maxsize=32)  # bounded: the name may come from a record
def _syscalls(arch: str) -> Optional[Table]:
    if arch == URING:
        return table("syscalls-uring")
    elf = arch_elf(arch)
    return None if elf is None else table(f"syscalls-{arch_name(elf)}")


@lru_cache(maxsize=64)
def permission_syscalls(arch: str, permission: str) -> tuple[int, ...]:
    """Return the system calls of an architecture that ``r``, ``w``, ``x`` or ``a`` of a rule stands for, in order.

    Only calls that libaudit has under these names count, so that a rule has auditctl's bytes.
    """
    known = _syscalls(arch)
    wanted = frozenset(load("permissions")[permission])
    return tuple(sorted(number for number, name in known.names.items() if name in wanted)) if known else ()


def errno_name(number: int) -> Optional[str]:
    """Return for instance ``ENOENT`` for 2; the number is positive."""
    return table("errnos").name(number)


def errno_number(name: str) -> Optional[int]:
    """Return the number of an errno name, 11 for both EAGAIN and EWOULDBLOCK."""
    return table("errnos").number(name)


def field_name(code: int) -> Optional[str]:
    """Return the name of a rule's field, for instance ``auid`` for AUDIT_LOGINUID."""
    return table("fields").name(code)


def field_number(name: str) -> Optional[int]:
    """Return the code of a rule's field; ``loginuid`` is ``auid``."""
    return table("fields").number(name)


def file_type_name(number: int) -> Optional[str]:
    """Return for instance ``socket`` for the file type bits 0xc000 of st_mode."""
    return table("file-types").name(number)


def file_type_number(name: str) -> Optional[int]:
    """Return the st_mode bits of a file type."""
    return table("file-types").number(name)


def filesystem_name(magic: int) -> Optional[str]:
    """Return for instance ``tracefs`` for its magic number, from linux/magic.h."""
    return table("filesystems").name(magic)


def filesystem_number(name: str) -> Optional[int]:
    """Return the magic number of a file system."""
    return table("filesystems").number(name)
