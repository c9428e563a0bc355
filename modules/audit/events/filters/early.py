"""What is known of an event before it is decoded: from a glance at a system call's records, or from one message.

A filter that drops most events would otherwise decode them only to drop them. The values are those that the decoder
would give (its own functions make them); where they may not be, there are none. Names of users are those that the
decoder has for them at the time, if it can be asked.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Optional, Protocol

from mig_audit.modules.audit.events import category
from mig_audit.modules.audit.events.draft import SYSCALL_TAIL
from mig_audit.modules.audit.events.event import Identity
from mig_audit.modules.audit.events.filters import companions
from mig_audit.modules.audit.events.filters.fields import ENRICHED, Call
from mig_audit.modules.audit.events.glance import call_of
from mig_audit.modules.audit.events.system_calls import error_of
from mig_audit.modules.audit.events.values import (
    marked_value,
    plain_value,
    rule_keys,
    string_value,
)
from mig_audit.modules.audit.records.memo import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mig_audit.modules.audit.events.enrichment.model import Enrichment
    from mig_audit.modules.audit.events.filters.leaves import Leaf
    from mig_audit.modules.audit.events.glance import Seen
    from mig_audit.modules.audit.events.identities import LookUp

_SOCKETCALL = "socketcall"
_OUTCOME = frozenset({"success", "exit", "errno"})
_TAIL = re.compile(SYSCALL_TAIL)
_USERS = ("auid", "uid")
_NUMBERS: Mapping[str, Callable[[Seen], int]] = {
    "a0": lambda seen: int(seen.a0, 16),
    "a1": lambda seen: int(seen.a1, 16),
    "a2": lambda seen: int(seen.a2, 16),
    "a3": lambda seen: int(seen.a3, 16),
    "pid": lambda seen: int(seen.pid),
    "ppid": lambda seen: int(seen.ppid),
}
_TEXTS: Mapping[str, tuple[str, Callable[[Optional[bytes]], Optional[str]]]] = {
    "exe": ("exe", string_value),
    "comm": ("comm", string_value),
    "tty": ("tty", marked_value),
    "subj": ("subj", plain_value),
}


class Early(Protocol):
    """What is known of an event before it is decoded."""

    @property
    def glance(self) -> Optional[Seen]:
        """Return what is seen of a system call's records; None of another event."""

    @property
    def call_number(self) -> Optional[str]:
        """Return the system call's number in decimal, None if it is not known whether there is one."""

    @property
    def keys(self) -> Optional[tuple[str, ...]]:
        """Return the keys of the rules that matched, None if they are not known."""

    @property
    def look_up(self) -> Optional[LookUp]:
        """Return where names are to be had."""

    @property
    def enrichment(self) -> Optional[Enrichment]:
        """Return what the event is enriched with."""

    def values(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return the values of the field that a comparison asks for, None if they are not known."""


class EarlyCall:
    """An event of a system call."""

    __slots__ = ("enrichment", "glance", "look_up", "node")

    def __init__(
        self,
        glance: Seen,
        look_up: Optional[LookUp] = None,
        enrichment: Optional[Enrichment] = None,
        node: str = "",
    ) -> None:
        self.glance = glance
        self.look_up = look_up
        self.enrichment = enrichment
        self.node = node

    @property
    def call_number(self) -> str:
        """Return the system call's number, as the record has it."""
        return str(call_of(self.glance.call).number)

    @property
    def keys(self) -> Optional[tuple[str, ...]]:
        """Return the keys of the rules that matched."""
        tail = _tail_fields(self.glance.who)
        return rule_keys(tail["key"]) if tail else None

    def values(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return the values of the field that a comparison asks for, None if these records do not tell."""
        seen, name = self.glance, leaf.field.name
        if name in _NUMBERS:
            return (_NUMBERS[name](seen),)
        if name in ENRICHED:
            return enriched(self.enrichment, name)
        if name in TAIL_FIELDS:
            return self._from_tail(leaf)
        if name == "node":
            return companions.one(self.node or None)
        return self._of_outcome(name) if name in _OUTCOME else self._of_call(name)

    def _from_tail(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return what the end of the record tells; nothing is known if it has another shape."""
        tail, name = _tail_fields(self.glance.who), leaf.field.name
        if not tail:
            return None
        if name == "key":
            return rule_keys(tail["key"])
        if name == "session":
            return (int(tail["ses"]),)
        if name in _TEXTS:
            field, read = _TEXTS[name]
            return companions.one(read(tail[field]))
        names_of = _USERS if name == "user" else (name,)
        return identities_of(tail, names_of, self.look_up, names=leaf.asks_names)

    def _of_call(self, name: str) -> Optional[tuple[Any, ...]]:
        """Return what is known of the call itself, or of the records beside it."""
        call = call_of(self.glance.call)
        if name == "arch":
            return companions.one(call.arch_name)
        if call.name == _SOCKETCALL:
            return None  # which call that is stands in its first argument
        if name == "syscall":
            return (Call(call.number, call.name),)
        kind = None if call.name == "openat2" else self._category(call.name)
        if name == "category":
            return None if kind is None else (kind,)
        return companions.values(self.glance, name, call.name, kind)

    def _of_outcome(self, name: str) -> tuple[Any, ...]:
        """Return how the call ended."""
        success, code = self.glance.outcome
        if success is None or code is None:
            return ()
        if name == "success":
            return (success == b"yes",)
        number = int(code)
        if name == "exit":
            return (number,)
        return companions.one(error_of(number))

    def _category(self, call: Optional[str]) -> str:
        index = category.open_flags_index(call)
        flags = None if index is None else int(self.glance.args[index], 16) & 0xFFFF_FFFF
        return category.categorise(("SYSCALL",), call, flags, apparmor=False)


TAIL_FIELDS = frozenset(
    [
        "key",
        "session",
        *_TEXTS,
        "user",
        "auid",
        "uid",
        "gid",
        "euid",
        "suid",
        "fsuid",
        "egid",
        "sgid",
        "fsgid",
    ]
)
"""The fields that the end of a SYSCALL record tells."""


def enriched(enrichment: Optional[Enrichment], name: str) -> tuple[Any, ...]:
    """Return the values of a field that enrichment gives."""
    return () if enrichment is None else ENRICHED[name](enrichment)


def identities_of(
    numbers: Mapping[str, bytes], names_of: Sequence[str], look_up: Optional[LookUp], *, names: bool
) -> Optional[tuple[Identity, ...]]:
    """Return some identities, with names if those are asked for and can be known."""
    if not names:
        return tuple([Identity(int(numbers[each]), None) for each in names_of])
    if look_up is None:
        return None
    known = look_up.find(numbers)
    found = [getattr(known, each) for each in names_of]
    return tuple([identity for identity in found if identity is not None])


def _parse_tail(tail: bytes) -> dict[str, bytes]:
    match = _TAIL.fullmatch(tail)
    return match.groupdict() if match else {}


_short_tail = lru_cache(maxsize=4096)(_parse_tail)


def _tail_fields(tail: bytes) -> dict[str, bytes]:
    """Return the fields of the end of a SYSCALL record; none, if it has another shape."""
    return _short_tail(tail) if len(tail) <= LONGEST else _parse_tail(tail)
