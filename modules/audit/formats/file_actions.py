"""What was done to a file, in one word, for formats that have a list of such words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events import Event

FILE_CATEGORIES = frozenset({"read", "write", "attribute", "metadata", "chmod", "chown"})

CREATE, DELETE, RENAME, OPEN, READ, UPDATE = "create", "delete", "rename", "open", "read", "update"
ATTRIBUTES, SECURITY, EXAMINE = "attributes", "security", "examine"

_OPENS = frozenset(["open", "openat", "openat2", "open_by_handle_at", "mq_open"])
_BY_SYSCALL: Mapping[str, str] = {
    **dict.fromkeys(["unlink", "unlinkat", "rmdir", "mq_unlink"], DELETE),
    **dict.fromkeys(["rename", "renameat", "renameat2"], RENAME),
    **dict.fromkeys(
        ["creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat"], CREATE
    ),
}
_BY_CATEGORY = {
    "read": READ,
    "write": UPDATE,
    "attribute": ATTRIBUTES,
    "metadata": EXAMINE,
    "chmod": SECURITY,
    "chown": SECURITY,
}
# st_mode's file type bits (linux/stat.h), in the words of stat(1)'s kind.
_KINDS = {
    0o100000: "file",
    0o040000: "directory",
    0o120000: "symlink",
    0o020000: "character-device",
    0o060000: "block-device",
    0o010000: "named-pipe",
    0o140000: "socket",
}
_KIND_BITS = 0o170000
_MODE = re.compile(r"[0-7]{1,12}")


def file_action(event: Event) -> Optional[str]:
    """Return what was done, or tried; None for an event that is about no file."""
    if event.category not in FILE_CATEGORIES:
        return None
    syscall = event.syscall.name if event.syscall else None
    if syscall in _OPENS:
        return CREATE if any(path.nametype == "CREATE" for path in event.paths) else OPEN
    return _BY_SYSCALL.get(syscall or "") or _BY_CATEGORY[event.category]


def file_kind(mode: Optional[str]) -> Optional[str]:
    """Return what kind of file an octal mode is of."""
    return _KINDS.get(int(mode, 8) & _KIND_BITS) if mode and _MODE.fullmatch(mode) else None


def permissions(mode: Optional[str]) -> Optional[str]:
    """Return the last four octal digits of a mode."""
    return None if mode is None else mode[-4:]
