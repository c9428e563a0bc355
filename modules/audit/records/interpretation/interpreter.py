"""The fields of a record and what each means; the words are libauparse's, which ``ausearch -i`` prints.

A value that is not of its field's shape means nothing, and stays as it is: nothing is guessed from half a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, NamedTuple, Optional, Protocol

from mig_audit.modules.audit.records.decoding import printable, printable_value, unprintable
from mig_audit.modules.audit.records.fields import parse_fields
from mig_audit.modules.audit.records.interpretation.arguments import (
    GROUP,
    USER,
    argument_text,
    argument_value,
    known_arguments,
    unknown_text,
)
from mig_audit.modules.audit.records.interpretation.fields import field_kind
from mig_audit.modules.audit.records.interpretation.keystrokes import keystrokes
from mig_audit.modules.audit.records.interpretation.numbers import (
    number,
    register,
    table_words,
    unknown_words,
)
from mig_audit.modules.audit.records.interpretation.values import READERS, UNSET, machine
from mig_audit.modules.audit.records.interpretation.words import choice_word
from mig_audit.modules.audit.tables import syscall_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.records.interpretation.fields import Kind
    from mig_audit.modules.audit.records.record import Record

_INT, _SIGN = 0xFFFF_FFFF, 0x8000_0000
_X32_BIT = 0x4000_0000  # asm/unistd.h __X32_SYSCALL_BIT: set in the numbers of x32 programs
_MULTIPLEXED = {"socketcall": "socket-calls", "ipc": "ipc-calls"}  # calls that are told in a0 what to do
_ARGUMENTS = ("a0", "a1", "a2", "a3")
# Kinds of fields whose words are found without the rest of the record, and say more than the value.
_TELLING = frozenset(
    (
        *("uring-operation", "address", "file-mode", "permissions-mode", "capability-set"),
        *("permissions", "promiscuity", "rule-number", "exit"),
    )
)


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
    fields = []
    for name, raw in pairs:
        kind = field_kind(record.type, name)
        text = None if kind is None else _text(kind, name, raw, scope)
        fields.append(Interpreted(name, raw, printable(raw) if text is None else text))
    return tuple(fields)


def field_words(record: str, name: str, value: str, accounts: Accounts) -> Optional[str]:
    """Return the words of a field that stands for itself, None if they say no more than its value.

    Args:
        record: the record's type.
        name: the field's name.
        value: its value as decoded text.
        accounts: who knows users and groups.
    """
    kind = field_kind(record, name)
    if kind is None:
        return None
    raw = unprintable(value)
    if kind.base:
        return table_words(kind, raw)
    if kind.name in {USER, GROUP}:
        uid = number(raw, 10)
        return None if uid is None or not -1 <= uid <= UNSET else _name(kind.name, uid & _INT, accounts)
    if kind.name == "keystrokes":
        text = keystrokes(raw)  # it comes decoded, as other strings do
        return None if text == f'"{value}"' else text
    return READERS[kind.name](raw) if kind.name in _TELLING else None


def _scope(record: Record, values: Mapping[str, bytes], accounts: Accounts) -> _Scope:
    arch = machine(values.get("arch", b""))
    args: tuple[Optional[str], ...] = ()
    if record.type == "SYSCALL":
        args = tuple([register(values.get(name)) for name in _ARGUMENTS])
    added = {} if record.enriched is None else dict(parse_fields(record.enriched))
    return _Scope(arch, _call(arch, number(values.get("syscall", b""), 10)), args, added, accounts)


def _text(kind: Kind, name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    if kind.base:
        return table_words(kind, raw) or unknown_words(kind, raw)
    reader = READERS.get(kind.name)
    return reader(raw) if reader else _SCOPED[kind.name](name, raw, scope)


def _argument(name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    text = register(raw)
    if text is None:
        return None
    for argument in known_arguments(scope.machine, scope.call) if scope.args else ():
        if name != _ARGUMENTS[argument.position]:
            continue
        if argument.kind in {USER, GROUP}:
            uid = argument_value(scope.args, argument.position) or 0
            return _account_text(argument.kind, uid & _INT, scope.accounts)
        return argument_text(argument, scope.args) or unknown_text(argument, scope.args) or f"0x{text}"
    return f"0x{text}"


def _user(name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    return _account(USER, name, raw, scope)


def _group(name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    return _account(GROUP, name, raw, scope)


def _account(kind: str, name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    uid = number(raw, 10)
    if uid is None or not -1 <= uid <= UNSET:
        return None
    added = scope.added.get(name.upper())
    # The host that wrote the log knew its users better than this one does.
    return printable_value(added) if added else _account_text(kind, uid & _INT, scope.accounts)


def _account_text(kind: str, uid: int, accounts: Accounts) -> str:
    name = _name(kind, uid, accounts)
    return f"unknown({uid - 2 * _SIGN if uid & _SIGN else uid})" if name is None else name


def _name(kind: str, uid: int, accounts: Accounts) -> Optional[str]:
    if uid == UNSET:
        return "unset"
    return accounts.user(uid) if kind == USER else accounts.group(uid)


def _syscall(_name: str, raw: bytes, scope: _Scope) -> Optional[str]:
    value = number(raw, 10)
    if value is None or scope.machine is None:
        return None
    call = _call(scope.machine, value)
    table = _MULTIPLEXED.get(call or "")
    if table is None or not scope.args:
        return call or f"unknown-syscall({value})"
    asked = choice_word(table, (argument_value(scope.args, 0) or 0) & _INT)
    return f"{call}({asked})" if asked else call


def _call(arch: Optional[str], value: Optional[int]) -> Optional[str]:
    if arch is None or value is None:
        return None
    return syscall_name(arch, value & ~_X32_BIT if arch == "x86_64" else value)


_SCOPED: Mapping[str, Callable[[str, bytes, _Scope], Optional[str]]] = {
    "argument": _argument,
    USER: _user,
    GROUP: _group,
    "syscall": _syscall,
}
