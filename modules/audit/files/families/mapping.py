"""Calls that map a file into memory; what is read and written there afterwards, nobody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.files.call import Layout
from mig_audit.modules.audit.files.confidence import UNKNOWN
from mig_audit.modules.audit.files.rows import MMAP
from mig_audit.modules.audit.files.use import use_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process
    from mig_audit.modules.audit.files.rows import Row

_SHARED = 0x1  # linux/mman.h MAP_SHARED, which MAP_SHARED_VALIDATE has too
_PROTECTIONS = {1: "prot_read", 2: "prot_write", 4: "prot_exec"}


def _mmap(host: Host, process: Process, call: Call) -> Optional[Sequence[Row]]:
    """Where in the file it begins is in a register that records do not have."""
    fd = call.told.get("fd", -1)
    if fd < 0:
        return None
    flags = ("map_shared",) if call.told.get("flags", 0) & _SHARED else ()
    length: Optional[int] = call.args[1]
    if call.layout is Layout.WIDE or call.name == "mmap2":
        flags = (*flags, *[name for bit, name in _PROTECTIONS.items() if call.args[2] & bit])
    else:
        length = None  # the older call has all of its arguments in memory
    return [use_of(host, process, call, fd).row(MMAP, None, UNKNOWN, length, flags)]


CALLS: Mapping[str, Handler] = {"mmap": _mmap, "mmap2": _mmap}
