"""The absolute name of what a call was given a name of, and how certain that is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.files.call import signed
from mig_audit.modules.audit.files.confidence import PROBABLE, UNKNOWN, Confidence

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import PathItem
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.open_file import Identity
    from mig_audit.modules.audit.files.processes import Process

AT_FDCWD = -100  # linux/fcntl.h
_DELETED = " (deleted)"  # the kernel's own word, after a working directory that is gone
_PROC = re.compile(r"/proc/(self|thread-self|[0-9]{1,10})(?:/task/[0-9]{1,10})?(/.*)?")
_FD = re.compile(r"/fd/([0-9]{1,10})")
_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}


class Named(NamedTuple):
    """A name; None if it is not known."""

    path: Optional[str]
    confidence: Confidence


NAMELESS = Named(None, UNKNOWN)


def identity_of(item: Optional[PathItem]) -> Optional[Identity]:
    """Return which file a PATH record is about."""
    if item is None or item.dev is None or item.inode is None:
        return None
    return item.dev, item.inode


def object_of(call: Call) -> Optional[PathItem]:
    """Return the PATH record of what a call was about, which is no directory that something is in."""
    for item in reversed(call.paths):
        if item.nametype != "PARENT":
            return item
    return None


def name_of(
    host: Host, process: Process, call: Call, item: Optional[PathItem], directory: int = AT_FDCWD
) -> Named:
    """Return the name that a PATH record has, relative to a descriptor that the call was given.

    The name is the one that the program gave: symbolic links stay.
    """
    if item is None or call.torn:
        return NAMELESS
    name = item.name
    if not name:
        return _known(host, item) if name == "" or directory != AT_FDCWD else NAMELESS
    if name.startswith("/"):
        return _absolute(host, process, name)
    if directory == AT_FDCWD:
        base = _working_directory(host, process, call)
    else:
        base = _opened(host, process, call, item, directory)
    if base.path is None:
        return NAMELESS
    return _plain(f"{base.path}/{name}", base.confidence)


def directory_argument(call: Call, index: int) -> int:
    """Return the descriptor of a directory; programs differ in whether they extend AT_FDCWD to 64 bits."""
    return signed(call.args[index])


def _known(host: Host, item: PathItem) -> Named:
    """Return the name by which the file was opened before."""
    identity = identity_of(item)
    path = None if identity is None else host.names.get(identity)
    return NAMELESS if path is None else Named(path, PROBABLE)


def _working_directory(host: Host, process: Process, call: Call) -> Named:
    cwd = call.cwd
    if cwd is None or not cwd.startswith("/") or cwd.endswith(_DELETED):
        return NAMELESS
    named = _below_root(host, process, cwd)
    # A working directory outside of the root has a name that does not begin there.
    return Named(named.path, min(named.confidence, PROBABLE)) if process.root.path else named


def _below_root(host: Host, process: Process, path: str) -> Named:
    root = process.root
    if root.path is None:
        return NAMELESS
    doubted = process.shares_root and host.shared_root_changed
    return Named(root.path + path, min(root.confidence, PROBABLE) if doubted else root.confidence)


def _opened(host: Host, process: Process, call: Call, item: PathItem, directory: int) -> Named:
    """Return the name of a directory that was opened before."""
    entry = process.table.get(directory)
    parent = next((each for each in call.paths if each.nametype == "PARENT"), None)
    is_here = "/" not in (item.name or "")
    if entry is not None:
        host.changes.bring_up_to_date(entry.file)
        opened, seen = entry.file.identity, identity_of(parent)
        contradicted = is_here and opened is not None and seen is not None and opened != seen
        if contradicted:
            host.doubt(process)
        elif entry.file.path is not None:
            return Named(entry.file.path.rstrip("/"), host.path_confidence(process, entry))
    # A name of a directory that it is known by, for the kernel's own is that of the working directory.
    return _known(host, parent) if parent is not None and is_here else NAMELESS


def _absolute(host: Host, process: Process, name: str) -> Named:
    special = _STANDARD.get(name)
    if special is not None:
        return _of_descriptor(host, process, special)
    found = _PROC.fullmatch(name) if name.startswith("/proc/") else None
    if found is None:
        named = _below_root(host, process, name)
        return NAMELESS if named.path is None else _plain(named.path, named.confidence)
    whose, rest = found.groups()
    owner = host.process(int(whose)) if whose.isdigit() else process
    descriptor = _FD.fullmatch(rest or "")
    if descriptor is not None and owner is not None:
        return _of_descriptor(host, owner, int(descriptor[1]))
    if rest in {"/exe", "/cwd", "/root"}:
        known = owner.cwd if owner is not None and rest == "/cwd" else None
        return NAMELESS if known is None else Named(known, PROBABLE)
    if not whose.isdigit():
        name = name.replace(whose, str(process.pid), 1)
    named = _below_root(host, process, name)
    if named.path is None:
        return NAMELESS
    # The number that is in the name is that of the thread, or of a namespace.
    hidden = whose == "thread-self" or (whose == "self" and process.namespace)
    return _plain(named.path, min(named.confidence, PROBABLE) if hidden else named.confidence)


def _of_descriptor(host: Host, process: Process, fd: int) -> Named:
    entry = process.table.get(fd)
    if entry is None or entry.file.path is None:
        return NAMELESS
    host.changes.bring_up_to_date(entry.file)
    return Named(entry.file.path, min(entry.file.path_confidence, PROBABLE))


def _plain(path: str, confidence: Confidence) -> Named:
    """Return a name without ``.`` and empty parts; with ``..``, which a symbolic link before it can lead elsewhere."""
    if "/." not in path and "//" not in path and (path[-1:] != "/" or path == "/"):
        return Named(path, confidence)
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            confidence = min(confidence, PROBABLE)
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return Named(f"/{'/'.join(parts)}", confidence)
