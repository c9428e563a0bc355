"""Why what is known of a descriptor may be wrong, as the flags that rows have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.descriptors import NEVER
from mig_audit.modules.audit.files.rows import (
    BIRTH_UNSEEN,
    GAPPED,
    PROVISIONAL,
    RING,
    SCM,
    SHARED,
    STALE_FD,
    THREADS,
    UNKNOWN_FD,
)

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.open_file import OpenFile
    from mig_audit.modules.audit.files.processes import Process


def doubts(host: Host, process: Process, tick: int) -> tuple[str, ...]:
    """Return why a descriptor that was known at a tick may lead to another file by now."""
    if host.trusts(tick, process) and not process.rings:
        return ()
    found = []
    if host.doubts_always or NEVER < tick < host.doubted:
        found.append(GAPPED)
    if tick < process.table.doubted or process.splits or process.lazy:
        found.append(STALE_FD)
    if process.provisional:
        found.append(PROVISIONAL)
    if process.rings:
        found.append(RING)
    return tuple(found)


def strangers(process: Process, file: OpenFile) -> tuple[str, ...]:
    """Return why a file's position may have been moved by another, between two calls or during one."""
    sent = process.table.may_have_sent(file)
    if process.alone and len(file.holders) == 1 and not file.elsewhere and not sent:
        return ()
    found = []
    if file.shared:
        found.append(SHARED)
    if sent:
        found.append(SCM)
    if process.threads == 0:
        found.append(BIRTH_UNSEEN)
    elif not process.alone:
        found.append(THREADS)
    return tuple(found)


def origin(process: Process, file: OpenFile) -> tuple[str, ...]:
    """Return the flags of a file itself; of one that came from nowhere, what may have brought it."""
    if UNKNOWN_FD in file.flags and process.receives:
        return (*file.flags, SCM)
    return file.flags
