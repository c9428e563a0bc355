"""Calls that open a file by a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.files.confidence import EXACT, PROBABLE
from mig_audit.modules.audit.files.entering import enter
from mig_audit.modules.audit.files.naming import (
    AT_FDCWD,
    Named,
    directory_argument,
    identity_of,
    name_of,
    object_of,
)
from mig_audit.modules.audit.files.open_file import DIRECTORY, MEMORY, kind_of
from mig_audit.modules.audit.files.rows import NAMESPACE, OPEN, OPEN_DIR, TMPFILE, TORN, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.open_file import OpenFile
    from mig_audit.modules.audit.files.processes import Process

# asm-generic/fcntl.h; these are the same on all machines but a few that are not followed
_TRUNC, _APPEND, _CLOEXEC = 0o1000, 0o2000, 0o2000000
_DIRECTORY_FLAG, _TMPFILE_FLAG = 0o200000, 0o20000000
_ARM_DIRECTORY = 0o40000  # asm/fcntl.h of arm, arm64 and powerpc
_ARM_MACHINES = frozenset({"aarch64", "armeb", "ppc", "ppc64", "ppc64le"})
_IN_ROOT = 0x10  # linux/openat2.h
_MEMFD_CLOEXEC = 1  # linux/memfd.h
_CREAT_FLAGS = 0o1101  # O_CREAT|O_WRONLY|O_TRUNC


def _open(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _opened(host, process, call, call.args[1], AT_FDCWD)


def _creat(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _opened(host, process, call, _CREAT_FLAGS, AT_FDCWD)


def _openat(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _opened(host, process, call, call.args[2], directory_argument(call, 0))


def _openat2(host: Host, process: Process, call: Call) -> Sequence[Row]:
    flags = call.told.get("oflag")  # which older kernels do not tell
    if call.told.get("resolve", 0) & _IN_ROOT:
        # What is absolute begins at the directory, too.
        paths = tuple([item._replace(name=(item.name or "").lstrip("/")) for item in call.paths])
        call = call._replace(paths=paths)
    return _opened(host, process, call, flags, directory_argument(call, 0))


def _open_by_handle(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _opened(host, process, call, call.args[2], directory_argument(call, 0))


def _opened(host: Host, process: Process, call: Call, flags: Optional[int], directory: int) -> Sequence[Row]:
    item = object_of(call)
    known = flags or 0
    identity = identity_of(item)
    kind = kind_of(item.mode if item is not None else None)
    named = name_of(host, process, call, item, directory)
    marks: tuple[str, ...] = (TORN,) if call.torn else ()
    if known & _TMPFILE_FLAG:
        # The record has the name of the folder; the file is called by its inode there, as in /proc.
        marks = (*marks, TMPFILE)
        if named.path is not None and identity is not None:
            named = Named(f"{named.path}/#{identity[1]}", min(named.confidence, PROBABLE))
    elif kind is None and known & (_ARM_DIRECTORY if call.machine in _ARM_MACHINES else _DIRECTORY_FLAG):
        kind = DIRECTORY
    if identity is not None:
        if (item is not None and item.nametype == "CREATE") or known & (_TRUNC | _TMPFILE_FLAG):
            host.sizes.put(identity, 0)
        if not known & _TMPFILE_FLAG and named.confidence is EXACT:
            host.remember_name(identity, named.path)
    file = host.new_file(kind)
    file.call(named.path, named.confidence)
    file.identity = identity
    file.append = bool(known & _APPEND)
    file.flags = (*marks, NAMESPACE) if process.namespace else marks
    if file.seekable:
        file.put_at(0, EXACT if flags is not None else PROBABLE, host.tick)
    stale = enter(host, process, call.returned, file, cloexec=bool(known & _CLOEXEC))
    return [_row(OPEN_DIR if kind == DIRECTORY else OPEN, call, file, stale)]


def _row(kind: str, call: Call, file: OpenFile, flags: tuple[str, ...]) -> Row:
    return Row(
        kind,
        call,
        call.pid,
        call.returned,
        file.path,
        file.path_confidence,
        file.identity,
        file=file.number,
        flags=(*file.flags, *flags),
    )


def _memfd(host: Host, process: Process, call: Call) -> Sequence[Row]:
    file = host.new_file(MEMORY)
    file.put_at(0, EXACT, host.tick)
    stale = enter(host, process, call.returned, file, cloexec=bool(call.args[1] & _MEMFD_CLOEXEC))
    return [_row(OPEN, call, file, stale)]


CALLS: Mapping[str, Handler] = {
    "open": _open,
    "creat": _creat,
    "openat": _openat,
    "openat2": _openat2,
    "open_by_handle_at": _open_by_handle,
    "memfd_create": _memfd,
}
