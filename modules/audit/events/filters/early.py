"""What the kernel's SYSCALL record alone tells of an event, before anything is decoded.

A filter that drops most events would otherwise decode them only to drop them. The values are those that the decoder
would give (its own functions make them); where they may not be, there are none. Names of users are not asked for here:
the decoder remembers them for a while, and the two might differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Optional

from mig_audit.modules.audit.events import category
from mig_audit.modules.audit.events.draft import SYSCALL_SHAPE
from mig_audit.modules.audit.events.event import Identity
from mig_audit.modules.audit.events.filters.fields import IDENTITY, Call
from mig_audit.modules.audit.records import Absent, decode, printable
from mig_audit.modules.audit.tables import arch_name, errno_name, syscall_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.filters.leaves import Leaf

_X32_BIT = 0x4000_0000  # asm/unistd.h __X32_SYSCALL_BIT
_MAX_ERRNO = 4095
_SOCKETCALL = "socketcall"
_STRINGS = frozenset({"exe", "comm"})
_ARGUMENTS = ("a0", "a1", "a2", "a3")
_NUMBERS = {
    **{name: (name, 16) for name in _ARGUMENTS},
    "pid": ("pid", 10),
    "ppid": ("ppid", 10),
    "session": ("ses", 10),
    "exit": ("exit", 10),
}
_USERS = ("auid", "uid")
# Records that say nothing about the event as a whole, whatever is in them; and those that do not if this is all they
# have, the first time.
_QUIET = frozenset({"PATH", "EXECVE"})
_ONE_FIELD = {"CWD": b"cwd=", "PROCTITLE": b"proctitle=", "SOCKADDR": b"saddr="}


class EarlyRecord:
    """The body of one SYSCALL record.

    Attributes:
        body: as the record has it.
        readable: whether it has the kernel's shape; without that, nothing is known.
    """

    # The groups are what repeats from call to call of the same program: the call and its success; who made it.
    # A look back sees to it that there is a return value behind a success, and nowhere else.
    SHAPE = re.compile(
        rb"(arch=[0-9a-f]{1,8} syscall=[0-9]{1,10}(?: success=(?:yes|no))?)"
        rb"(?:(?<=[so]) exit=-?[0-9]{1,20}|(?<![so]))"
        rb" a0=[0-9a-f]{1,16} a1=[0-9a-f]{1,16} a2=[0-9a-f]{1,16} a3=[0-9a-f]{1,16}"
        rb" items=[0-9]{1,10} ppid=[0-9]{1,10} pid=[0-9]{1,10}( auid=.*)"
    )
    VARYING = frozenset({"pid", "ppid", "exit", "errno", "category", *_ARGUMENTS})
    """The fields that are not told by the groups."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        shape = SYSCALL_SHAPE.fullmatch(body)
        self._raw = shape.groupdict() if shape else {}
        self.readable = bool(shape)

    @property
    def call_number(self) -> str:
        """Return the system call's number, as the record has it."""
        return str(int(self._raw["syscall"]))

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the keys of the rules that matched."""
        raw = self._raw["key"]
        return () if raw == b"(null)" else tuple([printable(key) for key in _decoded(raw).split(b"\x01")])

    def values(self, leaf: Leaf) -> Optional[tuple[Any, ...]]:
        """Return the values of the field that a comparison asks for, None if this record does not tell."""
        raw, name = self._raw, leaf.field.name
        if leaf.field.kind == IDENTITY:
            names = _USERS if name == "user" else (name,)
            return None if leaf.asks_names else tuple([Identity(int(raw[each]), None) for each in names])
        if name == "key":
            return self.keys
        if name == "success":
            return () if raw["success"] is None else (raw["success"] == b"yes",)
        if name in _STRINGS:
            return _string(raw[name])
        return self._number(name) if name in _NUMBERS else self._call(name)

    def _number(self, name: str) -> tuple[int, ...]:
        raw, (key, base) = self._raw, _NUMBERS[name]
        return () if raw[key] is None else (int(raw[key], base),)

    def _call(self, name: str) -> Optional[tuple[Any, ...]]:
        """Return what is known of the call itself."""
        machine = arch_name(int(self._raw["arch"], 16))
        if name == "arch":
            return () if machine is None else (machine,)
        if name == "errno":
            code = int(self._raw["exit"] or 0)
            error = errno_name(-code) if -_MAX_ERRNO <= code < 0 else None
            return () if error is None else (error,)
        if name not in {"syscall", "category"}:
            return None
        number = int(self._raw["syscall"])
        known = number & ~_X32_BIT if machine == "x86_64" else number
        call = None if machine is None else syscall_name(machine, known)
        if call == _SOCKETCALL:
            return None
        if name == "syscall":
            return (Call(number, call),)
        return (
            None
            if call == "openat2"
            else (category.categorise(("SYSCALL",), call, self._flags(call), apparmor=False),)
        )

    def _flags(self, call: Optional[str]) -> Optional[int]:
        index = category.open_flags_index(call)
        return None if index is None else int(self._raw[f"a{index}"], 16) & 0xFFFF_FFFF


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
