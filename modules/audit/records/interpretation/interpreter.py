"""The fields of a record and what each means; the words are libauparse's, which ``ausearch -i`` prints.

A value that is not of its field's shape means nothing, and stays as it is: nothing is guessed from half a number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional, Protocol

from mig_audit.modules.audit.records.decoding import Absent, decode, printable, printable_value
from mig_audit.modules.audit.records.fields import parse_fields
from mig_audit.modules.audit.records.interpretation.addresses import address
from mig_audit.modules.audit.records.interpretation.arguments import (
    GROUP,
    USER,
    argument_text,
    argument_value,
    known_arguments,
    unknown_text,
)
from mig_audit.modules.audit.records.interpretation.fields import Kind, field_kind
from mig_audit.modules.audit.records.interpretation.keystrokes import keystrokes
from mig_audit.modules.audit.records.interpretation.modes import file_mode, permissions
from mig_audit.modules.audit.records.interpretation.words import choice_word, choices, document, flag_words
from mig_audit.modules.audit.tables import URING, arch_name, errno_name, syscall_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.records.record import Record

_UNSET = 4_294_967_295
_INT, _SIGN = 0xFFFF_FFFF, 0x8000_0000
_LARGEST = 2**64 - 1
_HEXADECIMAL = 16
_X32_BIT = 0x4000_0000  # asm/unistd.h __X32_SYSCALL_BIT: set in the numbers of x32 programs
_SHAPES = {
    8: re.compile(rb"[0-7]{1,22}"),
    10: re.compile(rb"-?[0-9]{1,20}"),
    16: re.compile(rb"(?:0x)?[0-9a-fA-F]{1,16}"),
}
_HEX_BYTES = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_MULTIPLEXED = {"socketcall": "socket-calls", "ipc": "ipc-calls"}  # calls that are told in a0 what to do
_PERMISSIONS = ((4, "read"), (2, "write"), (1, "exec"), (8, "attr"))  # linux/audit.h AUDIT_PERM_*
_ALL_PERMISSIONS = 15


class Accounts(Protocol):
    """Knows the names of ids; None where there is none."""

    def user(self, uid: int) -> Optional[str]:
        """Return the user's name as printable text."""

    def group(self, gid: int) -> Optional[str]:
        """Return the group's name as printable text."""


class Interpreted(NamedTuple):
    """One field.

    Attributes:
        name: its name, as `parse_fields` gives it.
        raw: its value as the record has it.
        text: what that means, printable; the value itself where it means nothing else.
    """

    name: str
    raw: bytes
    text: str


class _Scope(NamedTuple):
    """What the fields of one record are read by: its system call, what auditd added, and who knows names."""

    machine: Optional[str]
    call: Optional[str]
    args: tuple[Optional[str], ...]
    added: Mapping[str, bytes]
    accounts: Accounts


def interpret(record: Record, accounts: Accounts) -> tuple[Interpreted, ...]:
    """Return every field of a record, in order; never raises.

    Args:
        record: of any type.
        accounts: who knows users and groups; what auditd added to the record goes before it.
    """
    pairs = parse_fields(record.body)
    scope = _scope(record, dict(reversed(pairs)), accounts)
    return tuple(
        [
            Interpreted(name, raw, printable(raw) if kind is None else _text(kind, name, raw, scope))
            for name, raw in pairs
            for kind in (field_kind(record.type, name),)
        ]
    )


def _scope(record: Record, values: Mapping[str, bytes], accounts: Accounts) -> _Scope:
    machine = _machine(values.get("arch", b""))
    number = _number(values.get("syscall", b""), 10)
    args: tuple[Optional[str], ...] = ()
    if record.type == "SYSCALL":
        args = tuple([_hex(values.get(name)) for name in ("a0", "a1", "a2", "a3")])
    added = {} if record.enriched is None else dict(parse_fields(record.enriched))
    return _Scope(machine, _call(machine, number), args, added, accounts)


def _text(kind: Kind, name: str, raw: bytes, scope: _Scope) -> str:
    if kind.base:
        text = _table_text(kind, raw)
    elif kind.name in _READERS:
        text = _READERS[kind.name](raw)
    else:
        text = _SCOPED[kind.name](name, raw, scope)
    return printable(raw) if text is None else text


def _table_text(kind: Kind, raw: bytes) -> Optional[str]:
    value = _number(raw, kind.base)
    if value is None:
        return None
    digits = raw.decode("ascii")
    if kind.name == "personality":
        words = choice_word("personalities", value & _INT), flag_words("personality-flags", value & _INT)
        if words[0]:
            return "|".join(word for word in words if word)
        return choices("personalities").unknown_text(digits, kind.base)
    if kind.name in document()["flags"]:
        return flag_words(kind.name, value & _INT) or (digits if digits[:2] == "0x" else f"0x{digits}")
    word = choice_word(kind.name, value & _INT)
    number = f"0x{value & _INT:x}" if kind.base == _HEXADECIMAL else digits
    return word or choices(kind.name).unknown_text(digits, kind.base) or number


def _argument(name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    text = _hex(raw)
    if text is None:
        return None
    for argument in known_arguments(scope.machine, scope.call):
        if name == f"a{argument.position}" and scope.args:
            value = argument_value(scope.args, argument.position) or 0
            if argument.kind in {USER, GROUP}:
                return _account_text(argument.kind, value & _INT, scope.accounts)
            return argument_text(argument, scope.args) or unknown_text(argument, scope.args) or f"0x{text}"
    return f"0x{text}"


def _user(name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    return _account(USER, name, raw, scope)


def _group(name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    return _account(GROUP, name, raw, scope)


def _account(kind: str, name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    number = _number(raw, 10)
    if number is None or not -1 <= number <= _UNSET:
        return None
    added = scope.added.get(name.upper())
    # The host that wrote the log knew its users better than this one does.
    return printable_value(added) if added else _account_text(kind, number & _INT, scope.accounts)


def _account_text(kind: str, number: int, accounts: Accounts) -> str:
    if number == _UNSET:
        return "unset"
    name = accounts.user(number) if kind == USER else accounts.group(number)
    return f"unknown({number - 2 * _SIGN if number & _SIGN else number})" if name is None else name


def _syscall(_name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    number = _number(raw, 10)
    if number is None or scope.machine is None:
        return None
    call = _call(scope.machine, number)
    table = _MULTIPLEXED.get(call or "")
    if table is None or not scope.args:
        return call or f"unknown-syscall({number})"
    asked = choice_word(table, (argument_value(scope.args, 0) or 0) & _INT)
    return f"{call}({asked})" if asked else call


def _call(machine: Optional[str], number: Optional[int]) -> Optional[str]:
    if machine is None or number is None:
        return None
    return syscall_name(machine, number & ~_X32_BIT if machine == "x86_64" else number)


def _machine_text(raw: bytes) -> Optional[str]:
    if _number(raw, 16) is None:
        return None
    return _machine(raw) or f"unknown-elf-type({printable(raw)})"


def _machine(raw: bytes) -> Optional[str]:
    number = _number(raw, 16)
    return None if number is None else arch_name(number)


def _uring_operation(raw: bytes) -> Optional[str]:
    number = _number(raw, 10)
    return None if number is None else syscall_name(URING, number)


def _exit(raw: bytes) -> Optional[str]:
    number = _number(raw, 10)
    name = errno_name(-number) if number is not None and number < 0 else None
    return None if name is None else f"{name}({document()['errors'][name]})"


def _keys(raw: bytes) -> Optional[str]:
    """Return the keys of all rules that matched; auditctl joins several with 0x01."""
    value = decode(raw)
    if isinstance(value, Absent):
        return None
    return ",".join(printable(key) for key in value.split(b"\x01"))


def _title(raw: bytes) -> Optional[str]:
    value = decode(raw)
    return None if isinstance(value, Absent) else printable(value.replace(b"\0", b" "))


def _keystrokes(raw: bytes) -> Optional[str]:
    return keystrokes(bytes.fromhex(raw.decode("ascii"))) if _HEX_BYTES.fullmatch(raw) else None


def _session(raw: bytes) -> Optional[str]:
    return "unset" if _number(raw, 10) == _UNSET else None


def _result(raw: bytes) -> Optional[str]:
    number = _number(raw, 10)
    return None if number is None or number < 0 else {0: "no", 1: "yes"}.get(number, "unset")


def _file_mode(raw: bytes) -> Optional[str]:
    mode = _number(raw, 8)
    return None if mode is None else file_mode(mode)


def _permissions_mode(raw: bytes) -> Optional[str]:
    mode = _number(raw, 8)
    return None if mode is None else permissions(mode)


def _capabilities(raw: bytes) -> Optional[str]:
    value = _number(raw, 16)
    if value is None:
        return None
    words = choices("capabilities").words
    return ",".join(words[bit] for bit in sorted(words) if value >> bit & 1) or "none"


def _rule_permissions(raw: bytes) -> Optional[str]:
    value = _number(raw, 10)
    if value is None:
        return None
    return ",".join(word for bit, word in _PERMISSIONS if (value or _ALL_PERMISSIONS) & bit) or None


def _promiscuity(raw: bytes) -> Optional[str]:
    value = _number(raw, 10)
    return None if value is None else "yes" if value else "no"


def _permission_list(raw: bytes) -> Optional[str]:
    return ",".join(printable(word) for word in raw.split())


def _rule_number(raw: bytes) -> Optional[str]:
    value = _number(raw, 16)
    return None if value is None else str(value)


def _number(raw: bytes, base: int) -> Optional[int]:
    number = int(raw, base) if _SHAPES[base].fullmatch(raw) else None
    return number if number is not None and number <= _LARGEST else None


def _hex(raw: Optional[bytes]) -> Optional[str]:
    return (
        raw.decode("ascii") if raw is not None and raw[:2] != b"0x" and _SHAPES[16].fullmatch(raw) else None
    )


_READERS: Mapping[str, Callable[[bytes], Optional[str]]] = {
    "machine": _machine_text,
    "uring-operation": _uring_operation,
    "exit": _exit,
    "string": printable_value,
    "keys": _keys,
    "title": _title,
    "keystrokes": _keystrokes,
    "address": address,
    "session": _session,
    "result": _result,
    "file-mode": _file_mode,
    "permissions-mode": _permissions_mode,
    "capability-set": _capabilities,
    "permissions": _rule_permissions,
    "promiscuity": _promiscuity,
    "permission-list": _permission_list,
    "rule-number": _rule_number,
}
_SCOPED: Mapping[str, Callable[[str, bytes, _Scope], Optional[str]]] = {
    "argument": _argument,
    "user": _user,
    "group": _group,
    "syscall": _syscall,
}
