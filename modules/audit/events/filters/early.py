"""What the kernel's SYSCALL record, and those beside it, tell of an event before it is decoded.

A filter that drops most events would otherwise decode them only to drop them. The values are those that the decoder
would give (its own functions make them); where they may not be, there are none. Names of users are those that the decoder
has for them at the time, if it can be asked.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mig_audit.lean_typing import TYPE_CHECKING, Any, Optional, Protocol
from mig_audit.modules.audit.events import category
from mig_audit.modules.audit.events.draft import IDENTITIES, SYSCALL_TAIL
from mig_audit.modules.audit.events.event import Identity
from mig_audit.modules.audit.events.filters.fields import IDENTITY, Call
from mig_audit.modules.audit.records import Absent, decode, printable
from mig_audit.modules.audit.tables import arch_name, errno_name, syscall_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.decoder import LookUp
    from mig_audit.modules.audit.events.filters.companions import Companions
    from mig_audit.modules.audit.events.filters.leaves import Leaf

_X32_BIT = 0x4000_0000  # asm/unistd.h __X32_SYSCALL_BIT
_MAX_ERRNO = 4095
_SOCKETCALL = "socketcall"
_STRINGS = frozenset({"exe", "comm"})
_ARGUMENTS = ("a0", "a1", "a2", "a3")
_NUMBERS = {**dict.fromkeys(_ARGUMENTS, 16), "pid": 10, "ppid": 10, "exit": 10}
_LONGEST = 1024  # bytes of the end of a record that is remembered
_TAIL = re.compile(SYSCALL_TAIL)
_USERS = ("auid", "uid")
# What the kernel writes before a program's words (kernel/audit.c, audit_log_common_recv_msg): the first of a name counts.
_MESSAGE = re.compile(
    rb"pid=(?P<pid>[0-9]{1,10}) uid=(?P<uid>[0-9]{1,10}) auid=(?P<auid>[0-9]{1,10}) ses=(?P<session>[0-9]{1,10}) "
)
_SENDERS = {"user": _USERS, "uid": ("uid",), "auid": ("auid",)}
_SENDER_NUMBERS = frozenset({"pid", "session"})
# Fields that only records of one type can give.
_SOURCES = {
    **dict.fromkeys(("path", "object", "inode"), "PATH"),
    **dict.fromkeys(("port", "family", "socket"), "SOCKADDR"),
    "argument": "EXECVE",
    "title": "PROCTITLE",
}
# Records that say nothing about the event as a whole, whatever is in them; and those that do not if this is all they
# have, the first time.
_QUIET = frozenset({"PATH", "EXECVE"})
_ONE_FIELD = {"CWD": b"cwd=", "PROCTITLE": b"proctitle=", "SOCKADDR": b"saddr="}


class Early(Protocol):
    """What is known of an event before it is decoded."""

    @property
    def readable(self) -> bool:
        """Return whether anything is."""

    @property
    def call_number(self) -> Optional[str]:
        """Return the system call's number in decimal, None if it is not known whether there is one."""

    @property
    def keys(self) -> Optional[tuple[str, ...]]:
        """Return the keys of the rules that matched, None if they are not known."""

    def values(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return the values of the field that a comparison asks for, None if they are not known."""


class EarlyRecord:
    """The body of one SYSCALL record, and the records beside it if they are to be asked as well.

    Attributes:
        readable: whether it has the kernel's shape to its end; without that, nothing is known.
    """

    SHAPE = re.compile(
        rb"arch=(?P<arch>[0-9a-f]{1,8}) syscall=(?P<syscall>[0-9]{1,10})"
        rb"(?: success=(?P<success>yes|no) exit=(?P<exit>-?[0-9]{1,20}))?"
        rb" a0=(?P<a0>[0-9a-f]{1,16}) a1=(?P<a1>[0-9a-f]{1,16}) a2=(?P<a2>[0-9a-f]{1,16}) a3=(?P<a3>[0-9a-f]{1,16})"
        rb" items=[0-9]{1,10} ppid=(?P<ppid>[0-9]{1,10}) pid=(?P<pid>[0-9]{1,10}) (?P<tail>auid=.*)"
    )
    REPEATED = frozenset({"exe", "comm", "key", "success", "syscall", "arch", "session", "user", *IDENTITIES})
    """The fields that are told by what repeats from call to call of the same program: `repeated`."""

    def __init__(
        self,
        shape: re.Match[bytes],
        companions: Optional[Companions] = None,
        look_up: Optional[LookUp] = None,
    ) -> None:
        self._head = shape
        self._companions = companions
        self._look_up = look_up
        tail = shape["tail"]
        self._tail = (_short_tail if len(tail) <= _LONGEST else _parse_tail)(tail)
        self.readable = bool(self._tail)

    @staticmethod
    def repeated(shape: re.Match[bytes]) -> tuple[bytes, ...]:
        """Return what the fields of ``REPEATED`` are told by."""
        return shape.group("arch", "syscall", "success", "tail")

    @property
    def call_number(self) -> str:
        """Return the system call's number, as the record has it."""
        return str(int(self._head["syscall"]))

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of the rules that matched."""
        raw = self._tail["key"]
        return () if raw == b"(null)" else tuple([printable(key) for key in _decoded(raw).split(b"\x01")])

    def values(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return the values of the field that a comparison asks for, None if this record does not tell."""
        tail, name = self._tail, leaf.field.name
        if leaf.field.kind == IDENTITY:
            return self._identities(_USERS if name == "user" else (name,), names=leaf.asks_names)
        if name == "key":
            return self.keys
        if name == "success":
            success = self._head["success"]
            return () if success is None else (success == b"yes",)
        if name in _STRINGS:
            return _string(tail[name])
        if name == "session":
            return (int(tail["ses"]),)
        return self._number(name) if name in _NUMBERS else self._call(name)

    def _identities(self, names_of: Sequence[str], *, names: bool) -> Optional[tuple[Identity, ...]]:
        return _identities(self._tail, names_of, self._look_up, names=names)

    def _number(self, name: str) -> tuple[int, ...]:
        raw = self._head[name]
        return () if raw is None else (int(raw, _NUMBERS[name]),)

    def _call(self, name: str) -> Optional[tuple[Any, ...]]:
        """Return what is known of the call itself."""
        machine = arch_name(int(self._head["arch"], 16))
        if name == "arch":
            return () if machine is None else (machine,)
        if name == "errno":
            code = int(self._head["exit"] or 0)
            error = errno_name(-code) if -_MAX_ERRNO <= code < 0 else None
            return () if error is None else (error,)
        number = int(self._head["syscall"])
        known = number & ~_X32_BIT if machine == "x86_64" else number
        call = None if machine is None else syscall_name(machine, known)
        if call == _SOCKETCALL:
            return None
        if name == "syscall":
            return (Call(number, call),)
        kind = None if call == "openat2" else self._category(call)
        if name == "category":
            return None if kind is None else (kind,)
        return self._companion(name, call, kind)

    def _companion(self, name: str, call: Optional[str], kind: Optional[str]) -> Optional[tuple[Any, ...]]:
        if self._companions is None:
            return None
        args = tuple([self._head[register].decode("ascii") for register in _ARGUMENTS])
        return self._companions.values(name, call, args, kind)

    def _category(self, call: Optional[str]) -> str:
        return category.categorise(("SYSCALL",), call, self._flags(call), apparmor=False)

    def _flags(self, call: Optional[str]) -> Optional[int]:
        index = category.open_flags_index(call)
        return None if index is None else int(self._head[f"a{index}"], 16) & 0xFFFF_FFFF


class OtherRecords:
    """The records of an event without a system call: what it does not have, and of a message, who sent it."""

    readable = True
    call_number = None
    keys = None

    def __init__(
        self, types: Sequence[str], bodies: Sequence[bytes], look_up: Optional[LookUp] = None
    ) -> None:
        self._types = types
        self._look_up = look_up
        match = _MESSAGE.match(bodies[0]) if len(types) == 1 else None
        self._sender = match.groupdict() if match else {}

    def values(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return the values of the field that a comparison asks for, None if that must be looked for."""
        name, sender = leaf.field.name, self._sender
        if name == "type":
            return tuple(self._types)
        source = _SOURCES.get(name)
        if source is not None:
            return None if source in self._types else ()
        if name in _SENDERS and sender:
            return _identities(sender, _SENDERS[name], self._look_up, names=leaf.asks_names)
        if name in _SENDER_NUMBERS and sender:
            return (int(sender[name]),)
        return None


def _identities(
    numbers: dict[str, bytes], names_of: Sequence[str], look_up: Optional[LookUp], *, names: bool
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
    """Return the fields of the end of a SYSCALL record; none, if it has another shape."""
    match = _TAIL.fullmatch(tail)
    return match.groupdict() if match else {}


_short_tail = lru_cache(maxsize=4096)(_parse_tail)


def early_body(types: Sequence[str], bodies: Sequence[bytes]) -> Optional[bytes]:
    """Return the SYSCALL record of an event if it alone says who did what and how it went, else None."""
    found: Optional[bytes] = None
    seen: set[str] = set()
    for name, record in zip(types, bodies):
        if name == "SYSCALL":
            if found is not None:
                return None
            found = record
        elif name in _ONE_FIELD:
            body = record.strip(b" ")
            if name in seen or not body.startswith(_ONE_FIELD[name]) or b" " in body:
                return None
            seen.add(name)
        elif name not in _QUIET and (name != "EOE" or record.strip()):
            return None
    return found


def _string(raw: bytes) -> tuple[str, ...]:
    value = decode(raw)
    return () if isinstance(value, Absent) else (printable(value),)


def _decoded(raw: bytes) -> bytes:
    value = decode(raw)
    return b"" if isinstance(value, Absent) else value
