"""How processes come to be: by calls that say so, and by showing up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.files.processes import Process, Waiting
from mig_audit.modules.audit.files.rows import FORK, LAZY, NAMESPACE, PROVISIONAL, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.host import Host

_MOST_WAITING = 1024  # of one process


def appear(host: Host, call: Call) -> tuple[Process, Sequence[Row]]:
    """Return the process of a call that is the first of it, and the rows that come of that.

    It was made by a call that was seen, and does not say so until it shows up; or by a call of its parent that is over
    only when the child executes a program (vfork), so that it is told later; or before the log began.
    """
    parent = host.process(call.ppid)
    if parent is None:
        process = Process(call.pid, host.new_table(), threads=0)
        host.admit(process)
        return process, ()
    waiting = host.waiting.forget((parent.pid, call.pid))
    if waiting is not None:
        return _awaited(host, call.pid, call.pid, waiting)
    number = _of_a_namespace(host, parent)
    waiting = None if number is None else host.waiting.forget((parent.pid, number))
    if waiting is not None:
        return _awaited(host, call.pid, waiting.call.returned, waiting, NAMESPACE)
    process = _copy(host, call.pid, parent)
    process.provisional = True
    process.maker = parent.pid
    host.admit(process)
    return process, ()


def _of_a_namespace(host: Host, parent: Process) -> Optional[int]:
    """Return the number by which a parent knows a child that never showed up under it.

    What a call returns is the number in the caller's own namespace. There it may be smaller than the caller's number on
    the host, which is what records have; on the host itself a child's number is greater until numbers begin anew.
    """
    numbers = (number for number in (*parent.awaited, *parent.waiting) if number < parent.pid)
    return next((number for number in numbers if (parent.pid, number) in host.waiting), None)


def _awaited(
    host: Host, pid: int, number: int, waiting: Waiting, *flags: str
) -> tuple[Process, Sequence[Row]]:
    call, entries, doubted, maker, is_process = waiting
    maker.waiting.pop(number, None)
    maker.awaited.pop(number, None)
    process = Process(pid, host.copied_table(entries, doubted), root=maker.root)
    _inherit(process, maker)
    guessed = NAMESPACE in flags or host.process(pid) is not None
    host.admit(process)
    if not is_process:
        process.lazy = True
        process.maker = maker.pid
    if guessed:
        host.doubt(process)  # it may be another child than this one
    return process, [born(call, pid, *(() if is_process else (LAZY,)), *flags)]


def expect(host: Host, process: Process, call: Call, *, is_process: bool) -> None:
    """Remember what a call made, until it shows up: without flags nobody knows whether it is a thread."""
    made = process.awaited if is_process else process.waiting
    if len(made) < _MOST_WAITING:
        made[call.returned] = None
        entries = process.table.entries()
        waiting = Waiting(call, entries, process.table.doubted, process, is_process)
        host.waiting.put((process.pid, call.returned), waiting, 1 + len(entries))
    elif not is_process:
        process.threads = 0  # so many threads are not counted


def bear(host: Host, process: Process, call: Call, *, shares_table: bool = False) -> Sequence[Row]:
    """Make the child of a call that returned its number."""
    number = call.returned
    if not number:
        return ()
    if confirm(host, process, number, shares_table=shares_table):
        return [born(call, number)]
    # What is there already has another number on the host, or had the number and ended unseen.
    if (number < process.pid or host.process(number) is not None) and not shares_table:
        expect(host, process, call, is_process=True)
        return ()
    child = _sharing(number, process) if shares_table else _copy(host, number, process)
    host.admit(child)
    if not process.alone:
        host.doubt(child)  # other threads may have changed the table between the copy and the record
    return [born(call, number)]


def confirm(host: Host, process: Process, number: int, *, shares_table: bool) -> bool:
    """Say whether a child was there already, or is gone again, when the call that made it was over.

    If it may share the table of its maker, what it did to its copy was done to the maker's, too.
    """
    departed = host.departed.forget((process.pid, number))
    if departed is not None:
        if shares_table and departed.altered:
            host.doubt(process)
        return True
    child = host.process(number)
    if child is None or not child.provisional or child.maker != process.pid:
        return False
    # With other threads at work, the copy may have been taken too late.
    child.provisional = False
    if shares_table and child.altered:
        host.doubt(process)
    if not process.alone:
        host.doubt(child)
    return True


def unconfirmed(host: Host) -> list[Row]:
    """Return rows of children whose making was not seen to its end; for the end of a log."""
    rows = [
        Row(FORK, gone.call, gone.maker, child=gone.pid, flags=(PROVISIONAL,))
        for gone in host.departed.values()
    ]
    rows += [
        Row(FORK, process.first, process.maker, child=process.pid, flags=(PROVISIONAL,))
        for process in host.processes()
        if process.provisional and process.first is not None
    ]
    rows += [
        born(waiting.call, waiting.call.returned, PROVISIONAL)
        for waiting in host.waiting.values()
        if waiting.is_process
    ]
    return rows


def born(call: Call, child: int, *flags: str) -> Row:
    """Return the row of a process that was made."""
    return Row(FORK, call, call.pid, child=child, flags=flags)


def _copy(host: Host, pid: int, parent: Process) -> Process:
    table = host.copied_table(parent.table.entries(), parent.table.doubted)
    process = Process(pid, table, root=parent.root)
    _inherit(process, parent)
    return process


def _sharing(pid: int, parent: Process) -> Process:
    parent.table.users += 1
    process = Process(pid, parent.table, root=parent.root)
    _inherit(process, parent)
    return process


def _inherit(process: Process, parent: Process) -> None:
    process.cwd = parent.cwd
    process.rings = parent.rings
    process.receives = parent.receives
    process.namespace = parent.namespace


def follow(host: Host, process: Process, changes: int) -> None:
    """Take note that a process whose table may be its maker's had changed it so often before its call."""
    if process.table.changes == changes:
        return
    process.altered = True
    maker = host.process(process.maker) if process.lazy else None
    if maker is not None:
        host.doubt(maker)
