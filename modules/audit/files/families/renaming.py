"""Calls that give, change and take away names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.files.confidence import EXACT, PROBABLE
from mig_audit.modules.audit.files.names import Change
from mig_audit.modules.audit.files.naming import (
    AT_FDCWD,
    NAMELESS,
    Named,
    directory_argument,
    identity_of,
    name_of,
    object_of,
)
from mig_audit.modules.audit.files.open_file import DIRECTORY, kind_of
from mig_audit.modules.audit.files.rows import RENAME, UNLINK, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.events import PathItem
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.families import Handler
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.processes import Process


def _rename(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _renamed(host, process, call, AT_FDCWD, AT_FDCWD)


def _renameat(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _renamed(host, process, call, directory_argument(call, 0), directory_argument(call, 2))


def _renamed(host: Host, process: Process, call: Call, old: int, new: int) -> Sequence[Row]:
    """Find the file that was moved by its inode: the order of the items differs."""
    created = _last(call, "CREATE")
    identity = identity_of(created)
    removed = [item for item in call.paths if item.nametype == "DELETE"]
    if sum(item.nametype == "CREATE" for item in call.paths) > 1:
        return _exchanged(host, process, call, removed, (old, new))
    moved = next((item for item in removed if identity_of(item) == identity), removed[0] if removed else None)
    before = name_of(host, process, call, moved, old)
    after = name_of(host, process, call, created, new)
    confidence = min(before.confidence, after.confidence)
    if call.name == "renameat2" and len(removed) > 1:
        # Its flags are in a fifth argument: it may have exchanged the two.
        confidence = min(confidence, PROBABLE)
    kind = kind_of(moved.mode if moved is not None else None)
    host.changes.add(Change(before.path, after.path, confidence, identity, kind))
    if identity is not None:
        host.names.forget(identity)
        if confidence is EXACT:
            host.remember_name(identity, after.path)
    row = Row(RENAME, call, process.pid, None, before.path, confidence, identity, target=after.path)
    return [row]


def _exchanged(
    host: Host, process: Process, call: Call, removed: Sequence[PathItem], directories: tuple[int, int]
) -> Sequence[Row]:
    """Two files have each other's names now (RENAME_EXCHANGE): only then are two names made."""
    both = [name_of(host, process, call, *each) for each in zip(removed, directories)]
    before, after = (*both, NAMELESS, NAMELESS)[:2]
    confidence = min(before.confidence, after.confidence)
    host.changes.add(Change(before.path, after.path, confidence, None, DIRECTORY, is_exchange=True))
    for item in removed:
        found = identity_of(item)
        if found is not None:
            host.names.forget(found)
    identity = identity_of(removed[0]) if removed else None
    return [Row(RENAME, call, process.pid, None, before.path, confidence, identity, target=after.path)]


def _last(call: Call, nametype: str) -> Optional[PathItem]:
    return next((item for item in reversed(call.paths) if item.nametype == nametype), None)


def _unlink(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _removed(host, process, call, AT_FDCWD)


def _unlinkat(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _removed(host, process, call, directory_argument(call, 0))


def _removed(host: Host, process: Process, call: Call, directory: int) -> Sequence[Row]:
    item = _last(call, "DELETE") or object_of(call)
    named, identity = name_of(host, process, call, item, directory), identity_of(item)
    host.changes.add(Change(named.path, None, named.confidence, identity))
    if identity is not None:
        host.names.forget(identity)
    return [Row(UNLINK, call, process.pid, None, named.path, named.confidence, identity)]


def _link(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _linked(host, process, call, AT_FDCWD)


def _linkat(host: Host, process: Process, call: Call) -> Sequence[Row]:
    return _linked(host, process, call, directory_argument(call, 2))


def _linked(host: Host, process: Process, call: Call, directory: int) -> Sequence[Row]:
    created = _last(call, "CREATE")
    named: Named = name_of(host, process, call, created, directory)
    identity = identity_of(created) or identity_of(_last(call, "NORMAL"))
    host.changes.add(Change(None, named.path, named.confidence, identity, is_link=True))
    return ()


def _made(host: Host, process: Process, call: Call) -> Sequence[Row]:
    directory = directory_argument(call, 0) if call.name == "mkdirat" else AT_FDCWD
    created = _last(call, "CREATE")
    named = name_of(host, process, call, created, directory)
    if named.confidence is EXACT:
        host.remember_name(identity_of(created), named.path)
    return ()


CALLS: Mapping[str, Handler] = {
    "rename": _rename,
    "renameat": _renameat,
    "renameat2": _renameat,
    "unlink": _unlink,
    "unlinkat": _unlinkat,
    "rmdir": _unlink,
    "link": _link,
    "linkat": _linkat,
    "mkdir": _made,
    "mkdirat": _made,
}
