"""Rules back to text that means the same rule again.

What ``auditctl -l`` prints is for people: one listing in fourteen is no rule, or another one. This text is for programs
as well; `listing` has auditctl's.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.architectures import missing_abis, narrow, native
from mig_audit.modules.audit.rules.fields import COMPARISONS, OPERATORS
from mig_audit.modules.audit.rules.model import ALL_SYSCALLS, SYSCALLS
from mig_audit.modules.audit.rules.names import HOST
from mig_audit.modules.audit.rules.permissions import PERMISSIONS
from mig_audit.modules.audit.rules.targets import ACTIONS
from mig_audit.modules.audit.rules.text import parse_rule
from mig_audit.modules.audit.tables import (
    URING,
    arch_name,
    errno_name,
    field_name,
    file_type_name,
    filesystem_name,
)
from mig_audit.modules.audit.tables.table import load, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mig_audit.modules.audit.rules.model import Field, Rule
    from mig_audit.modules.audit.rules.names import Names

SYMBOLS = {op: symbol for symbol, op in OPERATORS.items()}
"""The operators of conditions, as they are written."""

LIST_NAMES = {number: name for name, number in c.FILTER_LISTS.items()}
"""The names of the filter lists."""

ACTION_NAMES = {number: name for name, number in ACTIONS.items()}
"""The names of the actions."""

COMPARED = {
    number: sorted(pair, key=lambda code: (code != c.AUDIT_UID, code != c.AUDIT_LOGINUID, code))
    for pair, number in COMPARISONS.items()
}
"""The two fields of each AUDIT_COMPARE_*, in auditctl's order."""

_SYSCALL_LISTS = frozenset((c.AUDIT_FILTER_EXIT, c.AUDIT_FILTER_URING_EXIT))
_PATHS = frozenset((c.AUDIT_PERM, c.AUDIT_WATCH, c.AUDIT_DIR))
_ARGUMENTS = frozenset((c.AUDIT_ARG0, c.AUDIT_ARG1, c.AUDIT_ARG2, c.AUDIT_ARG3))
_CLASSES = 16  # AUDIT_SYSCALL_CLASSES of linux/audit.h: the highest bits of a mask stand for sets of calls
_LISTED_ALL = ALL_SYSCALLS >> _CLASSES
_UNSET = 0xFFFFFFFF
_SIGN = 0x80000000
_MODULUS = 1 << 32


class _Place(Enum):
    """Where -S stands in a text."""

    NOWHERE = "not at all"
    EARLY = "as soon as its names mean something"
    LATE = "after all else"


def as_listed(rule: Rule) -> Rule:
    """Return a rule as the kernel lists it once it is loaded.

    That is without its place at the head of the list, and, if it is for all system calls, without the 16 bits of the
    mask by which it named sets of them.
    """
    return replace(rule, prepend=False, mask=_LISTED_ALL if rule.mask == ALL_SYSCALLS else rule.mask)


def print_rule(rule: Rule, *, names: Names = HOST) -> str:
    r"""Return a rule in auditctl's language, for a host.

    `parse_rule` makes the same rule of it, and the host's users, groups and files have no part in that; its machine
    has. Only a rule for all system calls as the kernel lists it becomes the one that was loaded; they differ as
    `as_listed` says. Bytes that are not UTF-8 are surrogate escapes, a space or a backslash in a word has a backslash
    before it. A rule that names hundreds of system calls may be longer than a line of a rule file can be.

    Raises:
        RuleError: the language has no words for it, so something else than auditctl made it.
    """
    same = (rule, replace(rule, mask=ALL_SYSCALLS)) if rule.mask == _LISTED_ALL else (rule,)
    text = next((text for text in _texts(rule, names) if _parsed(text, names) in same), None)
    if text is None:
        raise RuleError("auditctl's language has no words for this rule", 1, "load it by its bytes")
    return text


def _parsed(text: str, names: Names) -> Optional[Rule]:
    try:
        return parse_rule(text, names).rule
    except RuleError:
        return None


def _texts(rule: Rule, names: Names) -> Iterator[str]:
    """Yield what may say a rule, the usual way first.

    It depends on where -S stands and how perm is written whether perm widens the system calls to those that can use it:
    ``-F perm=`` does that after arch or -S, ``-p`` never does.
    """
    complete = rule.mask in {ALL_SYSCALLS, _LISTED_ALL}
    places: list[_Place] = []
    if (
        rule.filter_list not in _SYSCALL_LISTS
        or (complete and rule.filter_list == c.AUDIT_FILTER_URING_EXIT)
        or not _PATHS.isdisjoint(field.code for field in rule.fields)
    ):
        places.append(_Place.NOWHERE)
    if rule.filter_list in _SYSCALL_LISTS:
        places += [_Place.EARLY, _Place.LATE]
    for place in places:
        for perm in (_perm_field, _perm_option):
            yield _ended(" ".join(_words(rule, names, perm, place)))
    if complete:
        yield from _watch(rule, names)


def _ended(text: str) -> str:
    return (
        f"{text} --" if text.endswith("\r") else text
    )  # a carriage return there would be a Windows line end


def _words(rule: Rule, names: Names, perm: Callable[[Field], str], place: _Place) -> Iterator[str]:
    option = "-A" if rule.prepend else "-a"
    action = ACTION_NAMES.get(rule.action, str(rule.action))
    yield f"{option} {action},{LIST_NAMES.get(rule.filter_list, str(rule.filter_list))}"
    conditions = [
        perm(field) if field.code == c.AUDIT_PERM else _condition(field, rule.filter_list, names)
        for field in rule.fields
    ]
    if place is not _Place.NOWHERE:
        # arch decides what the names of -S mean, and is refused after them
        arches = [index for index, field in enumerate(rule.fields, start=1) if field.code == c.AUDIT_ARCH]
        index = len(conditions) if place is _Place.LATE else max(arches, default=0)
        conditions.insert(index, f"-S {_syscall_names(rule, machine_of(rule, names))}")
    yield from conditions


def _watch(rule: Rule, names: Names) -> Iterator[str]:
    """Yield the form of a watch: its path is no part of a condition, so it may look like one."""
    if len(rule.fields) > 1 and rule.fields[0].text is not None and rule.fields[1].code == c.AUDIT_PERM:
        path, perm, *others = rule.fields
        words = [f"-w {escaped_text(path)}", _perm_option(perm)]
        yield _ended(" ".join([*words, *(_condition(field, rule.filter_list, names) for field in others)]))


def machine_of(rule: Rule, names: Names) -> Optional[str]:
    """Return the architecture whose system calls a rule's mask is about; None if it is not known."""
    if rule.filter_list == c.AUDIT_FILTER_URING_EXIT:
        return URING
    arches = [field.value for field in rule.fields if field.code == c.AUDIT_ARCH]
    return arch_name(arches[-1]) if arches else native(names)


def _syscall_names(rule: Rule, machine: Optional[str]) -> str:
    """Return the system calls of a rule's mask as -S takes them: names, numbers where there are none, or ``all``."""
    if rule.mask in {ALL_SYSCALLS, _LISTED_ALL} and machine != URING:
        return "all"
    return call_names((number for number in range(SYSCALLS) if rule.mask >> number & 1), machine)


def call_names(numbers: Iterable[int], machine: Optional[str]) -> str:
    """Return system calls by libaudit's names, or by their numbers where it has none."""
    names = {} if machine is None else _libaudit_names(machine)
    return ",".join(names.get(number) or str(number) for number in numbers)


@cache
def _libaudit_names(machine: str) -> dict[int, str]:
    # not the kernel's further names, which auditctl would refuse
    return {number: name for name, number in load(f"syscalls-{machine}")["names"].items()}


def permission_letters(bits: int) -> str:
    """Return the letters of AUDIT_PERM_* bits, in the order rwxa."""
    return "".join(letter for letter, bit in PERMISSIONS.items() if bits & bit)


def _perm_field(field: Field) -> str:
    return f"-F perm{SYMBOLS.get(field.op, '?')}{permission_letters(field.value)}"


def _perm_option(field: Field) -> str:
    return f"-p {permission_letters(field.value)}"


def condition_text(field: Field, filter_list: int, names: Names) -> str:
    """Return a condition without its option, for instance ``uid>=1000``."""
    return _condition(field, filter_list, names)[len("-F ") :]


def _condition(field: Field, filter_list: int, names: Names) -> str:
    symbol = SYMBOLS.get(field.op, "?")
    if field.code == c.AUDIT_FIELD_COMPARE and filter_list == c.AUDIT_FILTER_EXIT and _has_names(field):
        first, second = (field_name(code) for code in COMPARED[field.value])
        return f"-C {first}{symbol}{second}"
    if field.code == c.AUDIT_FILTERKEY and field.op == c.AUDIT_EQUAL:
        keys = (field.text or b"").split(c.AUDIT_KEY_SEPARATOR)
        return " ".join(f"-F key={escaped_text(replace(field, text=key, value=len(key)))}" for key in keys)
    return f"-F {field_name(field.code) or field.code}{symbol}{_value(field, names)}"


def _has_names(field: Field) -> bool:
    return field.value in COMPARED and field.op in {c.AUDIT_EQUAL, c.AUDIT_NOT_EQUAL}


def _value(field: Field, names: Names) -> str:
    if field.code in c.TEXT_FIELDS:
        return escaped_text(field)
    if field.code == c.AUDIT_ARCH:
        return _architecture(field.value, names)
    if field.code in {c.AUDIT_LOGINUID, c.AUDIT_SESSIONID} and field.value == _UNSET:
        return "unset"
    if field.code == c.AUDIT_EXIT:
        return exit_text(field.value)
    if field.code in _ARGUMENTS:
        return f"{field.value:#x}"
    namer = _NAMERS.get(field.code)
    return (namer and namer(field.value)) or str(field.value)


_NAMERS: dict[int, Callable[[int], Optional[str]]] = {
    c.AUDIT_MSGTYPE: lambda number: table("record-types").name(number),
    c.AUDIT_FILETYPE: file_type_name,
    c.AUDIT_FSTYPE: filesystem_name,
}


def _architecture(elf: int, names: Names) -> str:
    """Return b64 or b32 where it means this on the host, else the name of the machine."""
    machine = arch_name(elf)
    host = native(names)
    missing = missing_abis(names)
    if machine is None or host is None:
        return machine or f"{elf:#x}"
    wide = "b32" if "b64" in missing else "b64"
    if machine == host:
        return wide
    return "b32" if wide == "b64" and "b32" not in missing and machine == narrow(host) else machine


def exit_text(value: int) -> str:
    """Return the value of an exit field: an errno with a minus where it is one, else a number."""
    if value < _SIGN:
        return str(value)
    name = errno_name(_MODULUS - value)
    return f"-{name}" if name else str(value - _MODULUS)


def escaped_text(field: Field) -> str:
    """Return the value of a string field as a rule file has it."""
    text = (field.text or b"").decode("utf-8", "surrogateescape")
    return text.replace("\\", "\\\\").replace(" ", "\\ ")
