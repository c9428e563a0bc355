"""Calls that change from where names are looked up, or list what is in a directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.call import signed
from mig_audit.modules.audit.files.confidence import PROBABLE
from mig_audit.modules.audit.files.naming import name_of, object_of
from mig_audit.modules.audit.files.processes import Root
from mig_audit.modules.audit.files.rows import GETDENTS
from mig_audit.modules.audit.files.use import use_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process
    from mig_audit.modules.audit.files.rows import Row


def _chdir(host: Host, process: Process, call: Call) -> Sequence[Row]:
    process.cwd = name_of(host, process, call, object_of(call)).path
    return ()


def _fchdir(host: Host, process: Process, call: Call) -> Sequence[Row]:
    process.cwd = host.descriptor(process, signed(call.args[0])).file.path
    return ()


def _chroot(host: Host, process: Process, call: Call) -> Sequence[Row]:
    named = name_of(host, process, call, object_of(call))
    process.root = Root(None if named.path is None else named.path.rstrip("/"), named.confidence)
    if process.shares_root:
        host.shared_root_changed = True
    if not process.alone:
        process.root = Root(process.root.path, min(process.root.confidence, PROBABLE))
    return ()


def _pivot_root(_host: Host, process: Process, _call: Call) -> Sequence[Row]:
    process.namespace = True
    return ()


def _getdents(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return [use_of(host, process, call, signed(call.args[0])).row(GETDENTS, amount=call.returned)]


CALLS: Mapping[str, Handler] = {
    "chdir": _chdir,
    "fchdir": _fchdir,
    "chroot": _chroot,
    "pivot_root": _pivot_root,
    "getdents": _getdents,
    "getdents64": _getdents,
}
