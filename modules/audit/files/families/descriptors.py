"""Calls that close, duplicate or mark descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.files.call import signed
from mig_audit.modules.audit.files.entering import close, enter
from mig_audit.modules.audit.files.rows import DUP
from mig_audit.modules.audit.files.use import use_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process
    from mig_audit.modules.audit.files.rows import Row
    from mig_audit.modules.audit.files.use import Use

# asm-generic/fcntl.h, linux/fcntl.h, linux/close_range.h
_CLOEXEC, _APPEND = 0o2000000, 0o2000
_DUPFD, _SETFD, _GETFL, _SETFL, _DUPFD_CLOEXEC = 0, 2, 3, 4, 1030
_FD_CLOEXEC = 1
_RANGE_UNSHARE, _RANGE_CLOEXEC = 2, 4


def _close(host: Host, process: Process, call: Call) -> Sequence[Row]:
    row = close(host, process, call, signed(call.args[0]))
    return () if row is None else [row]


def _close_range(host: Host, process: Process, call: Call) -> Sequence[Row]:
    first, last = (argument & 0xFFFF_FFFF for argument in call.args[:2])
    flags = call.args[2]
    if flags & _RANGE_UNSHARE and process.table.users > 1:
        unshare_table(host, process)
    within = [fd for fd in process.table if first <= fd <= last]
    if flags & _RANGE_CLOEXEC:
        for fd in within:
            process.table.mark(fd, cloexec=True)
        return ()
    rows = [close(host, process, call, fd, implicit=True) for fd in within]
    return [row for row in rows if row is not None]


def unshare_table(host: Host, process: Process) -> None:
    """Give a process a table of its own."""
    table = host.copied_table(process.table.entries(), process.table.doubted)
    host.leave(process)
    process.table = table


def _dup(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _duplicated(host, process, call, cloexec=False)


def _dup2(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _onto(host, process, call, cloexec=False)


def _dup3(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _onto(host, process, call, cloexec=bool(call.args[2] & _CLOEXEC))


def _onto(host: Host, process: Process, call: Call, *, cloexec: bool) -> Sequence[Row]:
    """Duplicate to a number that the program chose: what was open there is closed."""
    old, new = signed(call.args[0]), call.returned
    if old == new:
        return [_row(use_of(host, process, call, old))]
    closed = close(host, process, call, new, implicit=True)
    rows = _duplicated(host, process, call, cloexec=cloexec)
    return rows if closed is None else [closed, *rows]


def _duplicated(host: Host, process: Process, call: Call, *, cloexec: bool) -> Sequence[Row]:
    use = use_of(host, process, call, signed(call.args[0]))
    entry = use.entry
    stale = enter(host, process, call.returned, entry.file, cloexec=cloexec)
    if host.path_confidence(process, entry) < entry.file.path_confidence:
        # What is doubted of the one is doubted of the other.
        process.table.put(call.returned, entry.file, entry.tick, cloexec=cloexec)
    return [_row(use, stale)]


def _row(use: Use, flags: tuple[str, ...] = ()) -> Row:
    row = use.row(DUP)
    flags = tuple(dict.fromkeys((*row.flags, *flags)))
    return row._replace(fd=None, old=use.fd, new=use.call.returned, flags=flags)


def _fcntl(host: Host, process: Process, call: Call) -> Optional[Sequence[Row]]:
    fd, command, argument = (signed(value) for value in call.args[:3])
    if command in {_DUPFD, _DUPFD_CLOEXEC}:
        return _duplicated(host, process, call, cloexec=command == _DUPFD_CLOEXEC)
    if command == _SETFD:
        process.table.mark(fd, cloexec=bool(argument & _FD_CLOEXEC))
    elif command == _SETFL:
        host.descriptor(process, fd).file.append = bool(argument & _APPEND)
    elif command == _GETFL:
        host.descriptor(process, fd).file.append = bool(call.returned & _APPEND)
    else:
        return None
    return ()


CALLS: Mapping[str, Handler] = {
    "close": _close,
    "close_range": _close_range,
    "dup": _dup,
    "dup2": _dup2,
    "dup3": _dup3,
    "fcntl": _fcntl,
    "fcntl64": _fcntl,
}
