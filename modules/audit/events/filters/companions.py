"""What the records beside a system call's tell, one field at a time, by the decoder's own functions."""

from __future__ import annotations

from mig_audit.lean_typing import TYPE_CHECKING, Any, NamedTuple, Optional
from mig_audit.modules.audit.events.decoder import string_value, title_words
from mig_audit.modules.audit.events.draft import only_value
from mig_audit.modules.audit.events.event import Syscall
from mig_audit.modules.audit.events.execve import parse_arguments
from mig_audit.modules.audit.events.filters.fields import parse_ip
from mig_audit.modules.audit.events.paths import find_directory, parse_path
from mig_audit.modules.audit.records import decode_sockaddr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.event import PathItem
    from mig_audit.modules.audit.records import SocketAddress

# These records have no message, and whoever asks here enriches nothing.
_NOTHING = frozenset(
    [
        "op",
        "acct",
        "hostname",
        "terminal",
        "node",
        "parent",
        "ancestor",
        "container",
        "unit",
        "script",
        "sha256",
        "label",
    ]
)
_PATHS = frozenset({"path", "object", "inode"})
_ADDRESSES = frozenset({"address", "port", "family", "socket"})
_ARGUMENTS = frozenset({"command", "argument"})
_Values = tuple[Any, ...]


class Companions(NamedTuple):
    """The records of an event of which the system call's alone says who did what (see `early`).

    Attributes:
        types: of all records.
        bodies: of all records.
    """

    types: Sequence[str]
    bodies: Sequence[bytes]

    def values(
        self, name: str, call: Optional[str], args: tuple[str, ...], category: Optional[str]
    ) -> Optional[_Values]:
        """Return the values of a field, None if these records do not tell.

        Args:
            name: of the field.
            call: the system call's name, None if it is not known.
            args: its arguments as they are written.
            category: of the event, None if it is not known.
        """
        if name in _PATHS:
            return self._path(name, call, args, category)
        if name in _ADDRESSES:
            return _address(name, self._address())
        if name in _ARGUMENTS:
            return self._arguments(name)
        if name in _NOTHING:
            return ()
        return self._text(name)

    def _text(self, name: str) -> Optional[_Values]:
        if name == "type":
            return tuple(self.types)
        if name == "cwd":
            return _one(self._cwd())
        if name == "title":
            title = title_words(self._only("PROCTITLE", b"proctitle="))
            return () if title is None else (" ".join(title),)
        return None

    def _only(self, kind: str, start: bytes) -> Optional[bytes]:
        return only_value(self.bodies[self.types.index(kind)], start) if kind in self.types else None

    def _cwd(self) -> Optional[str]:
        return string_value(self._only("CWD", b"cwd="))

    def _address(self) -> Optional[SocketAddress]:
        raw = self._only("SOCKADDR", b"saddr=")
        return None if raw is None else decode_sockaddr(raw)

    def _arguments(self, name: str) -> _Values:
        bodies = [body for kind, body in zip(self.types, self.bodies) if kind == "EXECVE"]
        if not bodies:
            return ()
        argv = parse_arguments(bodies)[0].argv
        if name == "argument":
            return tuple([argument for argument in argv if argument is not None])
        return (" ".join([argument or "" for argument in argv]),)

    def _path(
        self, name: str, call: Optional[str], args: tuple[str, ...], category: Optional[str]
    ) -> Optional[_Values]:
        syscall = Syscall(None, None, None, call, None, None, None, args)
        directory = find_directory(self._cwd(), syscall)
        items = [parse_path(body, directory) for kind, body in zip(self.types, self.bodies) if kind == "PATH"]
        if name == "path":
            return tuple([item.path or item.name for item in items if item.path or item.name])
        if name == "inode":
            return tuple([item.inode for item in items if item.inode is not None])
        if category is None:
            return None
        return _object(items, category)


def _object(items: Sequence[PathItem], category: str) -> _Values:
    """Return what `Event.subject` is."""
    if not items:
        return ()
    objects = [item for item in items if item.nametype != "PARENT"]
    subject = items[0] if category == "execve" else objects[-1] if objects else items[-1]
    return _one(subject.path or subject.name)


def _address(name: str, address: Optional[SocketAddress]) -> _Values:
    if address is None:
        return ()
    if name == "address":
        return _one(parse_ip(address.address))
    return _one({"port": address.port, "family": address.name, "socket": address.text}[name])


def _one(value: object) -> _Values:
    return () if value is None else (value,)
