"""Which system calls audisp-json has a category for, and the summary of each category."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.tables import syscall_name

if TYPE_CHECKING:
    from collections.abc import Mapping

READ, EXECVE, PROMISCUOUS, APPARMOR = "read", "execve", "promiscuous", "apparmor"
SOCKET = "socket"
UNNAMED = "(null)"  # what C prints for the name that nobody gave the categories of reading and of AppArmor

# The beginnings of names that stand for a category, in the order in which they are tried.
_BEGINNINGS = (
    (("write", "unlink", "rename"), "write"),
    (("read", "open", "link", "mmap", "sendfile"), READ),
    (("setxattr",), "attribute"),
    (("chmod", "fchmodat"), "chmod"),
    (("chown", "fchown"), "chown"),
    (("ptrace",), "ptrace"),
    (("execve",), EXECVE),
    (("ioctl",), PROMISCUOUS),
    (("adjtimex",), "time"),
    (("socket",), SOCKET),
    (("listen",), "listen"),
)
# The last system call of libaudit 3.0.9; later ones have no name there, so setxattrat and fchmodat2 are unknown. Two
# numbers that were left free (uretprobe, uprobe) were given away later.
_LAST_SYSCALL = 450
_UNNAMED_SYSCALLS = frozenset({335, 336})

_PATH_SUMMARIES = {"write": b"Write: ", "attribute": b"Attribute: ", "chmod": b"Chmod: ", "chown": b"Chown: "}
_FIXED_SUMMARIES = {
    "ptrace": b"Ptrace",
    "time": b"time has been modified",
    "socket": b"Socket",
    "listen": b"Listen",
}


@lru_cache(maxsize=1)
def syscall_categories() -> Mapping[int, Optional[str]]:
    """Return the category of every system call that has a name, None for those without one.

    Whatever the architecture of the call, its number is one of x86_64: those of a 32-bit program are mistaken.
    """
    numbers = (number for number in range(_LAST_SYSCALL + 1) if number not in _UNNAMED_SYSCALLS)
    names = ((number, syscall_name("x86_64", number)) for number in numbers)
    return {number: _category(name) for number, name in names if name is not None}


def path_summary(category: str, path: bytes) -> Optional[bytes]:
    """Return the summary of a category that is about a path, None for others."""
    beginning = _PATH_SUMMARIES.get(category)
    return None if beginning is None else beginning + path


def fixed_summary(category: str) -> bytes:
    """Return the summary of a category that says the same of every event; empty for `READ`."""
    return _FIXED_SUMMARIES.get(category, b"")


def _category(name: str) -> Optional[str]:
    return next((category for beginnings, category in _BEGINNINGS if name.startswith(beginnings)), None)
