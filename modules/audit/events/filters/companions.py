"""What the records beside a system call's tell, one field at a time, by the decoder's own functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from mig_audit.modules.audit.events.filters.fields import parse_ip
from mig_audit.modules.audit.events.values import title_words
from mig_audit.modules.audit.records import decode_sockaddr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.event import PathItem
    from mig_audit.modules.audit.events.glance import Seen

# These records have no message.
_NOTHING = frozenset({"op", "acct", "hostname", "terminal"})
_PATHS = frozenset({"path", "object", "inode"})
_ADDRESSES = frozenset({"address", "port", "family", "socket"})
_Values = tuple[Any, ...]


def values(glance: Seen, name: str, call: Optional[str], category: Optional[str]) -> Optional[_Values]:
    """Return the values of a field, None if these records do not tell.

    Args:
        glance: at the records.
        name: of the field.
        call: the system call's name, None if it is not known.
        category: of the event, None if it is not known.
    """
    if name in _PATHS:
        return _path(glance, name, call, category)
    if name in _ADDRESSES:
        return _address(name, glance.address)
    if name in {"command", "argument"}:
        return _arguments(glance, name)
    if name in {"cwd", "title"}:
        return one(glance.directory if name == "cwd" else _title(glance.title))
    if name == "type":
        return glance.types
    return () if name in _NOTHING else None


def _title(record: Optional[bytes]) -> Optional[str]:
    title = None if record is None else title_words(record.partition(b"=")[2])
    return None if title is None else " ".join(title)


def _arguments(glance: Seen, name: str) -> _Values:
    argv = glance.argv()
    if argv is None:
        return ()
    if name == "argument":
        return tuple([argument for argument in argv if argument is not None])
    return (" ".join([argument or "" for argument in argv]),)


def _path(glance: Seen, name: str, call: Optional[str], category: Optional[str]) -> Optional[_Values]:
    items = glance.path_items(call)
    if name == "path":
        return _some([item.path or item.name for item in items])
    if name == "inode":
        return _some([item.inode for item in items])
    return None if category is None else _object(items, category)


def _object(items: Sequence[PathItem], category: str) -> _Values:
    """Return what `Event.subject` is."""
    if not items:
        return ()
    objects = [item for item in items if item.nametype != "PARENT"]
    subject = items[0] if category == "execve" else objects[-1] if objects else items[-1]
    return one(subject.path or subject.name)


def _address(name: str, record: Optional[bytes]) -> _Values:
    address = None if record is None else decode_sockaddr(record.partition(b"=")[2])
    if address is None:
        return ()
    if name == "address":
        return one(parse_ip(address.address))
    return one({"port": address.port, "family": address.name, "socket": address.text}[name])


def _some(found: Sequence[object]) -> _Values:
    return tuple([value for value in found if value is not None])


def one(value: object) -> _Values:
    """Return the values of a field that has at most one."""
    return () if value is None else (value,)
