"""Whether ``/proc`` has a process that was there at some time, and not a later one that got its pid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events.enrichment.found import GONE, REUSED, UNSEEN

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.enrichment.proc import Proc, Stat
    from mig_audit.modules.audit.events.enrichment.process import Process

SLACK = 12
"""Milliseconds by which a record's time may be before a start, or a start before what it was: a tick of either clock."""


def why_absent(proc: Optional[Proc], process: Process, time: int) -> str:
    """Say why ``/proc`` cannot be asked about a process that was there at ``time`` (ms); nothing if it can."""
    if proc is None:
        return UNSEEN
    stat = proc.stat(process.program.pid)
    if stat is None:
        return GONE
    same = is_same(proc, process, stat, time)
    if same is None:
        return GONE
    return "" if same else REUSED


def is_there(proc: Optional[Proc], process: Process, *, if_gone: bool) -> bool:
    """Say whether ``/proc`` has this very process; ``if_gone`` where what has that pid has ended, or nothing has it."""
    stat = proc.stat(process.program.pid) if proc else None
    same = None if proc is None or stat is None else is_same(proc, process, stat, process.seen)
    return if_gone if same is None else same


def is_same(proc: Proc, process: Process, stat: Stat, time: int) -> Optional[bool]:
    """Say whether what ``/proc`` has under its pid is this process, which was there at ``time`` (ms).

    None where nothing tells: it has ended, and all that is left are its pid and its start.
    """
    if stat.start > time + SLACK or process.ticks not in {None, stat.ticks}:
        return False
    # A start is known to a clock tick only, in which a pid can be given twice: within one, the program must tell.
    young = stat.start > time - SLACK
    if young or process.ticks is None:
        exe = proc.exe(process.program.pid)
        if exe is None and young:
            return None
        if exe is not None and process.program.exe is not None and not process.program.runs(exe):
            return False
        process.ticks = stat.ticks
    return True
