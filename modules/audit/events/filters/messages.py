"""What one message of a program tells before it is decoded: who sent it, what it does not have, and its fields.

The text after ``msg=`` is the program's; what the kernel writes before it counts first. A value is known here if the
text is of the usual shape and has its name once, or not at all: what the decoder makes of anything else is for it to
say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

from mig_audit.modules.audit.events import category
from mig_audit.modules.audit.events.filters import companions
from mig_audit.modules.audit.events.filters.early import enriched, identities_of
from mig_audit.modules.audit.events.filters.fields import ENRICHED, IDENTITY, parse_ip
from mig_audit.modules.audit.events.values import marked_value, plain_value, string_value
from mig_audit.modules.audit.records.fields import PLAIN, PLAIN_PAIR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mig_audit.modules.audit.events.enrichment.model import Enrichment
    from mig_audit.modules.audit.events.filters.leaves import Leaf
    from mig_audit.modules.audit.events.identities import LookUp

# kernel/audit.c, audit_log_common_recv_msg; the text has no other quote.
_HEADER = re.compile(
    rb"pid=(?P<pid>[0-9]{1,10}) uid=(?P<uid>[0-9]{1,10}) auid=(?P<auid>[0-9]{1,10}) ses=(?P<session>[0-9]{1,10}) "
)
_TEXT = re.compile(rb"(?:subj=[^ '\"=]{1,64} )?msg='([^']*)'")
_SENDERS: Mapping[str, tuple[str, ...]] = {"user": ("auid", "uid"), "uid": ("uid",), "auid": ("auid",)}
_SENDER_NUMBERS = frozenset({"pid", "session"})
# Fields that only records of one type can give.
_SOURCES = {
    **dict.fromkeys(("path", "object", "inode"), "PATH"),
    **dict.fromkeys(("port", "family", "socket"), "SOCKADDR"),
    "argument": "EXECVE",
    "title": "PROCTITLE",
}
_CALLS = frozenset({"syscall", "arch", "exit", "errno", "a0", "a1", "a2", "a3"})
_CALL_NAMES = (b"syscall=", b"uring_op=")
_RESULTS = {b"success": True, b"yes": True, b"1": True, b"failed": False, b"no": False, b"0": False}
_READ: Mapping[str, tuple[bytes, Callable[[Optional[bytes]], Any]]] = {
    "exe": (b"exe", string_value),
    "comm": (b"comm", string_value),
    "cwd": (b"cwd", string_value),
    "command": (b"cmd", string_value),
    "tty": (b"tty", marked_value),
    "op": (b"op", plain_value),
    "acct": (b"acct", string_value),
    "hostname": (b"hostname", plain_value),
    "terminal": (b"terminal", plain_value),
    "address": (b"addr", lambda raw: parse_ip(plain_value(raw))),
    "success": (b"res", lambda raw: None if raw is None else _RESULTS.get(raw)),
}


class EarlyOther:
    """The records of an event without a system call."""

    __slots__ = ("_body", "_numbers", "_texts", "_types", "enrichment", "look_up", "node")

    glance = None
    call_number = None
    keys = None

    def __init__(
        self,
        types: Sequence[str],
        bodies: Sequence[bytes],
        look_up: Optional[LookUp] = None,
        enrichment: Optional[Enrichment] = None,
        node: str = "",
    ) -> None:
        self.node = node
        self._types = types
        self._body = bodies[0]
        self._numbers = _HEADER.match(bodies[0]) if len(types) == 1 else None
        self._texts: Optional[list[tuple[bytes, bytes]]] = None
        self.look_up = look_up
        self.enrichment = enrichment

    def values(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return the values of the field that a comparison asks for, None if that must be looked for."""
        name = leaf.field.name
        if name == "type":
            return tuple(self._types)
        if name in ENRICHED:
            return enriched(self.enrichment, name)
        if name == "node":
            return companions.one(self.node or None)
        source = _SOURCES.get(name)
        if source is not None:
            return None if source in self._types else ()
        return None if self._numbers is None else self._of_message(leaf, self._numbers)

    def _of_message(self, leaf: Leaf, numbers: re.Match[bytes]) -> Optional[tuple[Any, ...]]:
        """Return what the kernel says of who sent it, or what the text says."""
        name = leaf.field.name
        if name in _SENDERS:
            return identities_of(numbers.groupdict(), _SENDERS[name], self.look_up, names=leaf.asks_names)
        if name in _SENDER_NUMBERS:
            return (int(numbers[name]),)
        return self._of_text(leaf)

    def _of_text(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return what the words of the program say."""
        name = leaf.field.name
        if name in _CALLS:
            return () if not any(each in self._body for each in _CALL_NAMES) else None
        if name == "category":
            unusual = b"apparmor=" in self._body or any(each in self._body for each in _CALL_NAMES)
            return None if unusual else (category.categorise(self._types, None, None, apparmor=False),)
        if name == "key":
            return () if b"key=" not in self._body else None
        if leaf.field.kind == IDENTITY or name == "ppid":
            return () if b"%b=" % name.encode() not in self._body else None
        return self._read(name) if name in _READ else None

    def _read(self, name: str) -> Optional[tuple[Any, ...]]:
        field, read = _READ[name]
        if field == b"res" and b"result=" in self._body:
            return None  # another name of the same
        if b"%b=" % field not in self._body:
            return ()
        if self._texts is None:
            self._texts = self._split()
        found = [value for each, value in self._texts if each == field]
        if len(found) != 1 or (field == b"res" and found[0] not in _RESULTS):
            return None
        return companions.one(read(found[0]))

    def _split(self) -> list[tuple[bytes, bytes]]:
        """Return the fields of the text; none if it is not of the usual shape."""
        start = self._numbers.end() if self._numbers else 0
        text = _TEXT.fullmatch(self._body, start)
        return PLAIN_PAIR.findall(text[1]) if text and PLAIN.fullmatch(text[1]) else []
