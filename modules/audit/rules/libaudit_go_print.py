"""Rules to libaudit-go's JSON: a document in the dialect whose rules have an order, or one element of either.

What is printed is what `parse_libaudit_go` reads as the very same rule. libaudit-go itself has faults that no document
can avoid: it loads a rule without syscalls so that it never matches, takes every ``arch`` for x86-64, does not find the
field ``pid`` that it has, and knows no system call that is younger than copy_file_range.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Optional, Union

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.architectures import architecture, missing_abis, native
from mig_audit.modules.audit.rules.fields import OPERATORS as SYMBOLS
from mig_audit.modules.audit.rules.libaudit_go import NEW, parse_libaudit_go
from mig_audit.modules.audit.rules.libaudit_go_words import ARCHITECTURES, OPERATORS
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS, SYSCALLS
from mig_audit.modules.audit.rules.names import HOST
from mig_audit.modules.audit.rules.permissions import PERMISSIONS
from mig_audit.modules.audit.rules.targets import ACTIONS
from mig_audit.modules.audit.rules.words import Word
from mig_audit.modules.audit.tables import arch_name, field_name, file_type_name, syscall_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mig_audit.modules.audit.rules.model import Field, Rule
    from mig_audit.modules.audit.rules.names import Names

_LISTS = {
    number: name for name, number in c.FILTER_LISTS.items() if name in {"task", "exit", "user", "exclude"}
}
_ACTIONS = {number: name for name, number in ACTIONS.items()}
_OPERATORS = {SYMBOLS[symbol]: name for name, symbol in OPERATORS.items()}
_NOT_FIELDS = frozenset((c.AUDIT_EXE, c.AUDIT_SESSIONID, c.AUDIT_SADDR_FAM, c.AUDIT_FSTYPE))
_USERS = frozenset(
    (c.AUDIT_UID, c.AUDIT_EUID, c.AUDIT_SUID, c.AUDIT_FSUID, c.AUDIT_LOGINUID, c.AUDIT_OBJ_UID)
)
_LISTED_ALL = ALL_SYSCALLS >> 16  # the kernel lists no rule with the bits of AUDIT_SYSCALL_CLASSES
_UNSET = 0xFFFFFFFF
_SIGN = 0x80000000

_Element = dict[str, object]


def print_libaudit_go(rules: Sequence[Rule], names: Names = HOST) -> str:
    """Return a document of libaudit-go's new dialect; it is for a host, whose directories and architecture count.

    Read again on that host, it is the same rules; those for all system calls as they were before the kernel listed
    them.

    Raises:
        RuleError: a rule, which the error counts from 1, has something that the dialect has no words for.
    """
    return as_document({NEW: [_numbered(number, rule, names) for number, rule in enumerate(rules, start=1)]})


def as_document(members: Mapping[str, object]) -> str:
    """Return the text of a document."""
    return json.dumps(members, ensure_ascii=False, indent=2) + "\n"


def _numbered(number: int, rule: Rule, names: Names) -> _Element:
    try:
        return print_element(rule, names)
    except RuleError as error:
        what = f"rule {number} cannot be written for libaudit-go: {error.what}"
        raise RuleError(what, 1, error.remedy) from error


def print_element(rule: Rule, names: Names = HOST) -> dict[str, object]:
    """Return the element for a rule; one with a ``path`` is a file rule.

    Raises:
        RuleError: the rule has something that the dialects have no words for.
    """
    if rule.mask == _LISTED_ALL:
        rule = replace(rule, mask=ALL_SYSCALLS)
    watch = _watch(rule)
    if watch is not None and _means(watch, rule, names):
        return watch
    element = _syscall_rule(rule, names)
    if not _means(element, rule, names):
        raise RuleError("its JSON would mean another rule")
    return element


def _means(element: _Element, rule: Rule, names: Names) -> bool:
    document = json.dumps({NEW: [element]}).encode("utf-8")
    (read,) = parse_libaudit_go(document, names, lambda _path: True).rules
    return read.parsed is not None and read.parsed.rule == rule


def _watch(rule: Rule) -> Optional[_Element]:
    if len(rule.fields) < len(("path", "perm")) or _is_odd(rule.fields[0]):
        return None
    path, permission, *rest = rule.fields
    key = _key(rest)
    if permission.code != c.AUDIT_PERM or len(rest) > len(key):
        return None
    return {"path": _text(path), "permission": _permission(permission.value), **key}


def _is_odd(field: Field) -> bool:
    """Tell whether a path is one that libaudit-go does not take for a watch."""
    path = field.text or b"/"
    name = path.rpartition(b"/")[2]
    return path == b"/" or b".." in path or b"*" in name or b"?" in name


def _syscall_rule(rule: Rule, names: Names) -> _Element:
    if rule.prepend:
        raise RuleError("a rule cannot be the first of its list", 1, "add it with -a")
    if rule.filter_list not in _LISTS or rule.action not in _ACTIONS:
        known = ", ".join((*_LISTS.values(), *_ACTIONS.values()))
        raise RuleError(f"there is no list or action of this rule, only {known}")
    conditions = list(rule.fields)
    key = _key(conditions[-1:])
    if key:
        conditions.pop()
    if any(field.code == c.AUDIT_FILTERKEY for field in conditions):
        raise RuleError("a key is no condition, and there is one")
    return {
        "actions": [_ACTIONS[rule.action], _LISTS[rule.filter_list]],
        **_syscalls(rule, names),
        **({"fields": [_field(field, rule, names) for field in conditions]} if conditions else {}),
        **key,
    }


def _key(fields: Sequence[Field]) -> _Element:
    for field in fields:
        if field.code == c.AUDIT_FILTERKEY and field.op == c.AUDIT_EQUAL:
            if c.AUDIT_KEY_SEPARATOR in (field.text or b""):
                raise RuleError("a rule has one key", 1, "make two rules of it")
            return {"key": _text(field)}
    return {}


def _syscalls(rule: Rule, names: Names) -> _Element:
    if rule.filter_list != c.AUDIT_FILTER_EXIT or rule.mask == ALL_SYSCALLS:
        return {}
    machine = next((arch_name(field.value) for field in rule.fields if field.code == c.AUDIT_ARCH), None)
    return {"syscalls": list(_names_of(rule.mask, machine or native(names) or ""))}


def _names_of(mask: int, machine: str) -> Iterator[str]:
    for number in range(SYSCALLS):
        if mask >> number & 1:
            name = syscall_name(machine, number)
            if name is None:
                raise RuleError(f"system call {number} of {machine or 'this machine'} has no name")
            yield name


def _field(field: Field, rule: Rule, names: Names) -> _Element:
    name = field_name(field.code)
    if name is None or field.code in _NOT_FIELDS:
        raise RuleError(f"there is no field {name or field.code}")
    if rule.filter_list == c.AUDIT_FILTER_EXCLUDE and field.code != c.AUDIT_MSGTYPE:
        raise RuleError(f"{name} cannot be used on the exclude list, msgtype alone can")
    if field.op not in _OPERATORS:
        raise RuleError(f"there is no operator {field.op:#x}")
    return {"name": name, "op": _OPERATORS[field.op], "value": _value(field, names)}


def _value(field: Field, names: Names) -> Union[int, str]:
    if field.text is not None:
        return _text(field)
    if field.code == c.AUDIT_ARCH:
        return _arch(field, names)
    if field.code in _USERS and field.value == _UNSET:
        return "unset"
    return _WRITTEN.get(field.code, int)(field.value)


def _arch(field: Field, names: Names) -> int:
    for width, abi in ARCHITECTURES.items():
        if abi not in missing_abis(names) and field.value == _of_abi(abi, names):
            return int(width)
    raise RuleError(f"arch is 64 or 32 of the host, not {arch_name(field.value)}")


def _of_abi(abi: str, names: Names) -> Optional[int]:
    return None if native(names) is None else architecture(Word(abi, (1,) * (len(abi) + 1)), names)


def _permission(bits: int) -> str:
    return "".join(letter for letter, bit in PERMISSIONS.items() if bits & bit)


def _signed(value: int) -> int:
    return value - (1 << 32) if value & _SIGN else value


def _file_type(value: int) -> str:
    return file_type_name(value) or ""


def _text(field: Field) -> str:
    try:
        return (field.text or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise RuleError(f"{field_name(field.code)} is not UTF-8") from error


_WRITTEN: dict[int, Callable[[int], Union[int, str]]] = {
    c.AUDIT_PERM: _permission,
    c.AUDIT_FILETYPE: _file_type,
    c.AUDIT_EXIT: _signed,
}
