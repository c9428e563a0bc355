"""OCSF's objects: users, processes, files and endpoints, without what no record says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from mig_audit.modules.audit.events.names import UNSET
from mig_audit.modules.audit.formats.actors import command
from mig_audit.modules.audit.formats.enriched import around
from mig_audit.modules.audit.formats.file_actions import file_kind

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Identity, PathItem
    from mig_audit.modules.audit.events.enrichment import Ancestor
    from mig_audit.modules.audit.formats.network import Remote

Object = dict[str, Any]

_NO_TERMINAL = frozenset({"(none)", "?"})
_REGULAR = "file"
_FILE_TYPES = {
    None: (0, "Unknown"),
    _REGULAR: (1, "Regular File"),
    "directory": (2, "Folder"),
    "character-device": (3, "Character Device"),
    "block-device": (4, "Block Device"),
    "socket": (5, "Local Socket"),
    "named-pipe": (6, "Named Pipe"),
    "symlink": (7, "Symbolic Link"),
}


def known(**values: Any) -> Object:  # noqa: ANN401  # any JSON value
    """Return an object of the values that are there: not None, nor empty text, objects or lists."""
    return {name: value for name, value in values.items() if value or value == 0}


def user(identity: Optional[Identity], **more: Any) -> Object:  # noqa: ANN401  # any JSON value
    """Return a user; empty for nobody and for "unset"."""
    if identity is None or (identity.number == UNSET and identity.name is None):
        return {}
    number = None if identity.number is None else str(identity.number)
    return known(name=identity.name, uid=number, **more)


def account(event: Event) -> Object:
    """Return the user that a message is about, else the one who logged in, else whose process sent it."""
    if event.message is not None and event.message.acct:
        return {"name": event.message.acct}
    return user(event.identities.auid) or user(event.identities.uid)


def file(path: Optional[str], mode: Optional[str] = None, **more: Any) -> Object:  # noqa: ANN401  # any JSON value
    """Return a file; empty without a name."""
    if not path:
        return {}
    type_id, type_name = _FILE_TYPES[file_kind(mode)]
    folder, _, name = path.rstrip("/").rpartition("/")
    return known(
        name=name or path, path=path, type_id=type_id, type=type_name, parent_folder=folder or None, **more
    )


def path_file(path: PathItem) -> Object:
    """Return the file of a PATH record."""
    owner = {} if path.ouid is None else {"uid": str(path.ouid)}
    inode = None if path.inode is None else str(path.inode)
    return file(path.path or path.name, path.mode, uid=inode, owner=owner)


def process(event: Event) -> Object:
    """Return the process that the event is of; empty without a process id."""
    own, identities = event.process, event.identities
    if own.pid is None:
        return {}
    return known(
        pid=own.pid,
        name=own.comm,
        file=executable(own.exe, around(event).sha256),
        cmd_line=command(event),
        working_directory=own.cwd,
        parent_process=parent(event),
        ancestry=[_ancestor(ancestor) for ancestor in around(event).ancestors],
        environment_variables=[{"name": name, "value": value} for name, value in around(event).environment],
        user=user(identities.euid or identities.uid),
        auid=_number(identities.auid),
        euid=_number(identities.euid),
        egid=_number(identities.egid),
        session=session(event),
    )


def parent(event: Event) -> Object:
    """Return the parent; empty where no record names it."""
    number, told = event.process.ppid, around(event).parent
    if number is None:
        return {}
    if told is None or told.pid != number:
        return {"pid": number}
    return known(pid=number, name=told.comm, file=executable(told.exe), cmd_line=told.command)


def _ancestor(ancestor: Ancestor) -> Object:
    return known(pid=ancestor.pid, name=ancestor.comm, path=ancestor.exe, cmd_line=ancestor.command)


def executable(path: Optional[str], sha256: Optional[str] = None) -> Object:
    """Return the file of a program."""
    if not path:
        return {}
    hashes = [{"algorithm_id": 3, "algorithm": "SHA-256", "value": sha256}] if sha256 else []
    return {**file(path, hashes=hashes), "type_id": 1, "type": "Regular File"}


def session(event: Event) -> Object:
    """Return the login session; empty for "unset"."""
    number = event.process.session
    terminal = (event.message and event.message.terminal) or event.process.tty
    terminal = None if terminal in _NO_TERMINAL else terminal
    return {} if number in {None, UNSET} else known(uid=str(number), terminal=terminal)


def actor(event: Event, doer: Object) -> Object:
    """Return who did it: the process, and the user who logged in or owns the process."""
    who = user(event.identities.auid) or user(event.identities.uid)
    group = user(event.identities.gid)
    return known(
        process=doer,
        user={**who, "groups": [group]} if who and group else who,
        session=session(event),
    )


def endpoint(peer: Remote) -> Object:
    """Return the other end of a connection."""
    return known(ip=peer.address, port=peer.port, hostname=peer.host)


def _number(identity: Optional[Identity]) -> Optional[int]:
    return None if identity is None or identity.number == UNSET else identity.number
