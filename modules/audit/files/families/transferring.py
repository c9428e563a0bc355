"""Calls that read or write at a file's own position, or at one that they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.call import signed
from mig_audit.modules.audit.files.moving import is_none, move, offset, place
from mig_audit.modules.audit.files.rows import PREAD, PWRITE, READ, RWF_INVISIBLE, WRITE
from mig_audit.modules.audit.files.use import use_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process
    from mig_audit.modules.audit.files.rows import Row
    from mig_audit.modules.audit.files.use import Use

_OFFSET = 3  # which argument it is


def _use(host: Host, process: Process, call: Call) -> Use:
    return use_of(host, process, call, signed(call.args[0]))


def _read(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return [move(_use(host, process, call), READ)]


def _write(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return [move(_use(host, process, call), WRITE)]


def _pread(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return [place(_use(host, process, call), PREAD, offset(call, _OFFSET))]


def _pwrite(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return [place(_use(host, process, call), PWRITE, offset(call, _OFFSET))]


def _preadv2(host: Host, process: Process, call: Call) -> Sequence[Row]:
    if is_none(call, _OFFSET):
        return _read(host, process, call)
    at = offset(call, _OFFSET)
    return [place(_use(host, process, call), PREAD, at.with_flags(RWF_INVISIBLE))]


def _pwritev2(host: Host, process: Process, call: Call) -> Sequence[Row]:
    if is_none(call, _OFFSET):
        return [move(_use(host, process, call), WRITE, RWF_INVISIBLE)]
    at = offset(call, _OFFSET)
    return [place(_use(host, process, call), PWRITE, at.with_flags(RWF_INVISIBLE))]


CALLS: Mapping[str, Handler] = {
    "read": _read,
    "readv": _read,
    "write": _write,
    "writev": _write,
    "pread": _pread,
    "pread64": _pread,
    "preadv": _pread,
    "pwrite": _pwrite,
    "pwrite64": _pwrite,
    "pwritev": _pwrite,
    "preadv2": _preadv2,
    "pwritev2": _pwritev2,
}
