"""Calls that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events.paths import directory_arguments
from mig_audit.modules.audit.files.call import signed
from mig_audit.modules.audit.files.naming import (
    AT_FDCWD,
    directory_argument,
    identity_of,
    name_of,
    object_of,
)
from mig_audit.modules.audit.files.rows import FAIL, Row

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process

_BY_DESCRIPTOR = frozenset(
    [
        "close",
        "read",
        "readv",
        "write",
        "writev",
        "pread",
        "pread64",
        "preadv",
        "preadv2",
        "pwrite",
        "pwrite64",
        "pwritev",
        "pwritev2",
        "lseek",
        "_llseek",
        "ftruncate",
        "ftruncate64",
        "fallocate",
        "dup",
        "dup2",
        "dup3",
        "fcntl",
        "fcntl64",
        "fchdir",
        "getdents",
        "getdents64",
    ]
)
_NO_DESCRIPTOR = "EBADF"


def fail(host: Host, process: Process, call: Call) -> Row:
    """Return the row of a call that failed; one that was refused a descriptor that is known shows that it was closed."""
    fd: Optional[int] = signed(call.args[0]) if call.name in _BY_DESCRIPTOR else None
    item = object_of(call)
    if item is not None or fd is None:
        directories = directory_arguments(call.name)
        directory = directory_argument(call, directories[-1]) if directories else AT_FDCWD
        named = name_of(host, process, call, item, directory)
        confidence = None if item is None else named.confidence
        return Row(FAIL, call, process.pid, None, named.path, confidence, identity_of(item))
    entry = process.table.get(fd)
    if entry is None:
        return Row(FAIL, call, process.pid, fd)
    host.changes.bring_up_to_date(entry.file)
    if call.errno == _NO_DESCRIPTOR and call.name == "close":
        host.counts.stale += 1
        host.doubt(process)
        process.table.remove(fd)
    file = entry.file
    return Row(
        FAIL,
        call,
        process.pid,
        fd,
        file.path,
        host.path_confidence(process, entry),
        file.identity,
        file=file.number,
        flags=file.flags,
    )
