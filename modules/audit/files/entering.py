"""New descriptors, closed descriptors, and what contradicts what was known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.files.confidence import PROBABLE
from mig_audit.modules.audit.files.rows import CLOSE, IMPLICIT, STALE_FD, THREADS
from mig_audit.modules.audit.files.use import Use, use_of

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.open_file import OpenFile
    from mig_audit.modules.audit.files.processes import Process
    from mig_audit.modules.audit.files.rows import Row


_MOST_DISPLACED = 1024  # of one table


def enter(host: Host, process: Process, fd: int, file: OpenFile, *, cloexec: bool = False) -> tuple[str, ...]:
    """Enter a descriptor under a number that the kernel chose, which is one that is not open.

    If it is open here, its close was not seen. Among threads that may only mean that the close is told later than the
    open that was given its number; otherwise all that is known of the process's descriptors is to be doubted. Return
    the flags that the row of the call has from that.
    """
    before = process.table.put(fd, file, host.tick, cloexec=cloexec, since=host.now)
    if before is None:
        return ()
    displaced = process.table.displaced
    if not process.alone and fd not in displaced and len(displaced) < _MOST_DISPLACED:
        displaced[fd] = before
        process.table.distrust(fd)
        return ()
    host.counts.stale += 1
    host.doubt(process)
    return (STALE_FD,)


def close(host: Host, process: Process, call: Call, fd: int, *, implicit: bool = False) -> Optional[Row]:
    """Close a descriptor; None if it is not known, and was not named by its number."""
    displaced = process.table.displaced.pop(fd, None)
    if displaced is None and implicit and process.table.get(fd) is None:
        return None
    flags = (IMPLICIT,) if implicit else ()
    if displaced is None:
        row = use_of(host, process, call, fd).row(CLOSE, flags=flags)
        process.table.remove(fd)
        return row
    # Either this closes what was open before, and is told late, or that was closed unseen.
    host.changes.bring_up_to_date(displaced.file)
    process.table.trust(fd, host.tick)
    row = Use(host, process, call, fd, displaced).row(CLOSE, flags=(*flags, THREADS))
    return row._replace(path_confidence=min(displaced.file.path_confidence, PROBABLE))
