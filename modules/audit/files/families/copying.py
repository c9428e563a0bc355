"""Calls by which the kernel moves bytes from one descriptor to another: a read and a write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.call import signed
from mig_audit.modules.audit.files.moving import IN_MEMORY_AT, move, place
from mig_audit.modules.audit.files.rows import PREAD, PWRITE, READ, WRITE
from mig_audit.modules.audit.files.use import use_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process
    from mig_audit.modules.audit.files.rows import Row
    from mig_audit.modules.audit.files.use import Use


def _sendfile(host: Host, process: Process, call: Call) -> Sequence[Row]:
    target, source, pointer, _ = call.args
    return [
        _read(use_of(host, process, call, signed(source)), pointer),
        move(use_of(host, process, call, signed(target)), WRITE),
    ]


def _between(host: Host, process: Process, call: Call) -> Sequence[Row]:
    source, pointer, target, other_pointer = call.args
    return [
        _read(use_of(host, process, call, signed(source)), pointer),
        _write(use_of(host, process, call, signed(target)), other_pointer),
    ]


def _read(use: Use, pointer: int) -> Row:
    return place(use, PREAD, IN_MEMORY_AT) if pointer else move(use, READ)


def _write(use: Use, pointer: int) -> Row:
    return place(use, PWRITE, IN_MEMORY_AT) if pointer else move(use, WRITE)


CALLS: Mapping[str, Handler] = {
    "sendfile": _sendfile,
    "sendfile64": _sendfile,
    "copy_file_range": _between,
    "splice": _between,
}
