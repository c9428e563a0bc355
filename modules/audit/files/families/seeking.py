"""Calls that set a file's position, or its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.files.call import Layout, signed
from mig_audit.modules.audit.files.confidence import EXACT, PROBABLE, UNKNOWN
from mig_audit.modules.audit.files.hazards import strangers
from mig_audit.modules.audit.files.moving import offset
from mig_audit.modules.audit.files.naming import identity_of, name_of, object_of
from mig_audit.modules.audit.files.rows import IN_MEMORY, LSEEK, TRUNCATE, Row
from mig_audit.modules.audit.files.use import use_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process
    from mig_audit.modules.audit.files.use import Use

_SEEK_END = 2
_POSITIONS = 2**64  # files of memory have some that look negative
_KEEP_SIZE = 1  # linux/falloc.h
_CHANGES_SIZE = 0x28  # FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE


def _lseek(host: Host, process: Process, call: Call) -> Sequence[Row]:
    use, position = _use(host, process, call), (call.exit or 0) % _POSITIONS
    file = use.file
    if signed(call.args[2]) == _SEEK_END and file.identity is not None:
        host.sizes.put(file.identity, position - _word(call, 1))
    if not file.seekable:
        return [use.row(LSEEK)]
    # Of several who move it, one may have done so before this is told.
    file.put_at(position, PROBABLE if strangers(process, file) else EXACT, host.tick)
    return [use.row(LSEEK, position, EXACT)]


def _use(host: Host, process: Process, call: Call) -> Use:
    return use_of(host, process, call, signed(call.args[0]))


def _word(call: Call, index: int) -> int:
    """Return an argument that has as many bits as the machine's registers."""
    return signed(call.args[index], 64 if call.layout is Layout.WIDE else 32)


def _llseek(host: Host, process: Process, call: Call) -> Sequence[Row]:
    """The position that it returns is in memory, and from where it counts is in a register that records do not have."""
    use = _use(host, process, call)
    use.file.put_at(None, UNKNOWN, host.tick)
    return [use.row(LSEEK, None, UNKNOWN if use.file.seekable else None, flags=(IN_MEMORY,))]


def _truncate(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _truncated(host, process, call, _word(call, 1))


def _truncate64(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _truncated(host, process, call, offset(call, 1).start)


def _truncated(host: Host, process: Process, call: Call, size: Optional[int]) -> Sequence[Row]:
    item = object_of(call)
    named, identity = name_of(host, process, call, item), identity_of(item)
    _put_size(host, identity, size)
    return [
        Row(
            TRUNCATE,
            call,
            call.pid,
            None,
            named.path,
            named.confidence,
            identity,
            start=size,
            start_confidence=UNKNOWN if size is None else EXACT,
        )
    ]


def _put_size(host: Host, identity: Optional[tuple[str, int]], size: Optional[int]) -> None:
    if identity is None:
        return
    if size is None:
        host.sizes.forget(identity)
    else:
        host.sizes.put(identity, size)


def _ftruncate(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _ftruncated(host, process, call, _word(call, 1))


def _ftruncate64(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _ftruncated(host, process, call, offset(call, 1).start)


def _ftruncated(host: Host, process: Process, call: Call, size: Optional[int]) -> Sequence[Row]:
    use = _use(host, process, call)
    _put_size(host, use.file.identity, size)
    return [use.row(TRUNCATE, size, UNKNOWN if size is None else EXACT)]


def _fallocate(host: Host, process: Process, call: Call) -> Sequence[Row]:
    """Where the file ends after it is known if its end was known, and all four arguments are seen."""
    use, mode = _use(host, process, call), signed(call.args[1])
    if mode & _KEEP_SIZE:
        return [use.row(TRUNCATE)]
    identity = use.file.identity
    known = None if identity is None else host.sizes.get(identity)
    end: Optional[int] = None
    if known is not None and call.layout is Layout.WIDE and not mode & _CHANGES_SIZE:
        end = max(known, call.args[2] + call.args[3])
    _put_size(host, identity, end)
    return [use.row(TRUNCATE, end, UNKNOWN if end is None else PROBABLE)]


CALLS: Mapping[str, Handler] = {
    "lseek": _lseek,
    "_llseek": _llseek,
    "truncate": _truncate,
    "truncate64": _truncate64,
    "ftruncate": _ftruncate,
    "ftruncate64": _ftruncate64,
    "fallocate": _fallocate,
}
