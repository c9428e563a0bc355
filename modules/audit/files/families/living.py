"""Calls that make, change and end processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.births import bear, born, confirm, expect
from mig_audit.modules.audit.files.entering import close
from mig_audit.modules.audit.files.families.descriptors import unshare_table
from mig_audit.modules.audit.files.host import Departed
from mig_audit.modules.audit.files.naming import AT_FDCWD, directory_argument, identity_of, name_of
from mig_audit.modules.audit.files.rows import EXEC, LAZY, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process

# linux/sched.h
_CLONE_FS, _CLONE_FILES, _CLONE_THREAD, _CLONE_NEWNS = 0x200, 0x400, 0x10000, 0x20000
_MOST_REOPENED = 64  # descriptors of one process that an ioctl may have kept from being closed
_FLAGS_SECOND = frozenset({"s390", "s390x"})  # there the stack comes first


def _fork(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return bear(host, process, call)


def _clone(host: Host, process: Process, call: Call) -> Sequence[Row]:
    flags = call.args[1 if call.machine in _FLAGS_SECOND else 0]
    if not flags & _CLONE_THREAD:
        rows = bear(host, process, call, shares_table=bool(flags & _CLONE_FILES))
        _share(host, process, call, flags)
        return rows
    if not flags & _CLONE_FILES:
        process.splits = True
    if process.threads:
        process.threads += 1
    return ()


def _share(host: Host, process: Process, call: Call, flags: int) -> None:
    """Take note of what a child shares besides descriptors, and of what it does not."""
    child = host.process(call.returned)
    if flags & _CLONE_FS:
        process.shares_root = True
        if child is not None:
            child.shares_root = True
    if flags & _CLONE_NEWNS and child is not None:
        child.namespace = True


def _clone3(host: Host, process: Process, call: Call) -> Sequence[Row]:
    """Its flags are in memory: it made a thread, unless a process of that number shows up."""
    if confirm(host, process, call.returned, shares_table=True):
        return [born(call, call.returned, LAZY)]
    if call.returned:
        expect(host, process, call, is_process=False)
    return ()


def _execve(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _executed(host, process, call, AT_FDCWD)


def _execveat(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _executed(host, process, call, directory_argument(call, 0))


def _executed(host: Host, process: Process, call: Call, directory: int) -> Sequence[Row]:
    """The first item is the program that was named; a script's interpreter and the loader follow."""
    item = min(call.paths, key=lambda each: each.item or 0, default=None)
    named = name_of(host, process, call, item, directory)
    if process.table.users > 1:
        unshare_table(host, process)
    process.threads = 1
    process.waiting.clear()
    process.rings = process.splits = process.lazy = process.shares_root = False
    row = Row(EXEC, call, process.pid, None, named.path, named.confidence, identity_of(item))
    return [row, *_closed(host, process, call)]


def _closed(host: Host, process: Process, call: Call) -> Sequence[Row]:
    """Close what another program does not get: the marks may have been taken away by an ioctl, which is not seen."""
    closing = process.table.closing_at_exec()
    kept = {fd: process.table.get(fd) for fd in closing[:_MOST_REOPENED]}
    for fd in closing[_MOST_REOPENED:]:
        entry = process.table.get(fd)
        if entry is not None:
            entry.file.elsewhere = True
    closed = [close(host, process, call, fd, implicit=True) for fd in closing]
    process.table.closed_at_exec = {fd: entry for fd, entry in kept.items() if entry is not None}
    return [each for each in closed if each is not None]


def _exit(host: Host, process: Process, call: Call) -> Sequence[Row]:
    """End a thread, nobody knows which; with the last one, the process."""
    if process.threads > 1:
        process.threads -= 1
    elif process.waiting:
        number = next(iter(process.waiting))
        del process.waiting[number]
        host.waiting.forget((process.pid, number))
    elif process.threads:
        return _exit_group(host, process, call)
    return ()


def _exit_group(host: Host, process: Process, call: Call) -> Sequence[Row]:
    closed = []
    if process.table.users == 1:
        closed = [close(host, process, call, fd, implicit=True) for fd in process.table]
    if process.provisional:
        gone = Departed(process.maker, process.pid, call, process.altered)
        host.departed.put((process.maker, process.pid), gone)
    host.dismiss(process)
    return [each for each in closed if each is not None]


def _unshare(host: Host, process: Process, call: Call) -> Sequence[Row]:
    if call.args[0] & _CLONE_NEWNS:
        process.namespace = True
    if call.args[0] & _CLONE_FILES:
        if process.threads != 1 or process.waiting:
            # One thread has a table of its own now, and none of them can be told from another.
            process.splits = True
        elif process.table.users > 1:
            unshare_table(host, process)
    return ()


def _setns(_host: Host, process: Process, call: Call) -> Sequence[Row]:
    if not call.args[1] or call.args[1] & _CLONE_NEWNS:
        process.namespace = True
    return ()


CALLS: Mapping[str, Handler] = {
    "fork": _fork,
    "vfork": _fork,
    "clone": _clone,
    "clone3": _clone3,
    "execve": _execve,
    "execveat": _execveat,
    "exit": _exit,
    "exit_group": _exit_group,
    "unshare": _unshare,
    "setns": _setns,
}
