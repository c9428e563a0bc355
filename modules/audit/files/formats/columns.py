"""What rows hold, by name: the columns of a table, and the members of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Union

from mig_audit.modules.audit.events.event import second_text
from mig_audit.modules.audit.files.confidence import WORDS
from mig_audit.modules.audit.files.rows import (
    CLOSE,
    DUP,
    EXEC,
    FAIL,
    FORK,
    GAP,
    GETDENTS,
    OPEN,
    OPEN_DIR,
    RENAME,
    UNLINK,
)

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.rows import Row

Value = Union[str, int, list[str], None]

COLUMNS = (
    "time",
    "host",
    "serial",
    "row",
    "call",
    "pid",
    "exe",
    "user",
    "login",
    "fd",
    "file",
    "path",
    "path_confidence",
    "dev",
    "inode",
    "start",
    "start_confidence",
    "bytes",
    "old",
    "new",
    "parent",
    "child",
    "target",
    "error",
    "missing",
    "duration_ms",
    "flags",
)


def values(row: Row, hostname: str) -> tuple[Value, ...]:
    """Return what a row of this host has in each of `COLUMNS`; None where it has nothing."""
    kind, call, pid = row[:3]
    who = call.who
    identity = row.identity
    device, inode = identity if identity is not None else (None, None)
    is_gap, is_fork = kind == GAP, kind == FORK
    return (
        f"{second_text(call.seconds)}.{call.milliseconds:03}+00:00",
        call.node or hostname,
        call.serial,
        kind,
        call.name,
        pid,
        who.exe,
        who.user,
        who.login,
        row.fd,
        row.file,
        row.path,
        None if row.path_confidence is None and (is_gap or is_fork) else WORDS[row.path_confidence],
        device,
        inode,
        row.start,
        _start_confidence(row),
        None if is_gap else row.amount,
        row.old,
        row.new,
        pid if is_fork else None,
        row.child,
        row.target,
        call.errno if kind == FAIL else None,
        row.amount if is_gap else None,
        row.duration,
        list(row.flags),
    )


_WITHOUT_POSITION = frozenset({OPEN, OPEN_DIR, CLOSE, DUP, FORK, GAP, FAIL, RENAME, UNLINK, EXEC, GETDENTS})


def _start_confidence(row: Row) -> Optional[str]:
    return None if row.kind in _WITHOUT_POSITION else WORDS[row.start_confidence]
