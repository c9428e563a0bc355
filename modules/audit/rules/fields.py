"""The conditions of a rule: ``-F name=value`` and ``-C name=name``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules import values
from mig_audit.modules.audit.rules.architectures import architecture
from mig_audit.modules.audit.rules.model import Field
from mig_audit.modules.audit.rules.permissions import permission_bits
from mig_audit.modules.audit.tables import field_number

if TYPE_CHECKING:
    from collections.abc import Collection

    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.values import Reader
    from mig_audit.modules.audit.rules.words import Word

# In the order in which auditctl looks for them: the first kind that occurs anywhere splits the text.
OPERATORS = {
    "!=": c.AUDIT_NOT_EQUAL,
    ">=": c.AUDIT_GREATER_THAN_OR_EQUAL,
    "<=": c.AUDIT_LESS_THAN_OR_EQUAL,
    "&=": c.AUDIT_BIT_TEST,
    "=": c.AUDIT_EQUAL,
    ">": c.AUDIT_GREATER_THAN,
    "<": c.AUDIT_LESS_THAN,
    "&": c.AUDIT_BIT_MASK,
}
_SYMBOLS = {op: symbol for symbol, op in OPERATORS.items()}
_EQUALITY = ("!=", "=")
_EQUALITY_OPS = frozenset((c.AUDIT_EQUAL, c.AUDIT_NOT_EQUAL))
_EXIT = frozenset((c.AUDIT_FILTER_EXIT,))

COMPARISONS = {
    frozenset((first, second)): number
    for number, (first, second) in enumerate(
        (
            (c.AUDIT_UID, c.AUDIT_OBJ_UID),
            (c.AUDIT_GID, c.AUDIT_OBJ_GID),
            (c.AUDIT_EUID, c.AUDIT_OBJ_UID),
            (c.AUDIT_EGID, c.AUDIT_OBJ_GID),
            (c.AUDIT_LOGINUID, c.AUDIT_OBJ_UID),
            (c.AUDIT_SUID, c.AUDIT_OBJ_UID),
            (c.AUDIT_SGID, c.AUDIT_OBJ_GID),
            (c.AUDIT_FSUID, c.AUDIT_OBJ_UID),
            (c.AUDIT_FSGID, c.AUDIT_OBJ_GID),
            (c.AUDIT_UID, c.AUDIT_LOGINUID),
            (c.AUDIT_UID, c.AUDIT_EUID),
            (c.AUDIT_UID, c.AUDIT_FSUID),
            (c.AUDIT_UID, c.AUDIT_SUID),
            (c.AUDIT_LOGINUID, c.AUDIT_FSUID),
            (c.AUDIT_LOGINUID, c.AUDIT_SUID),
            (c.AUDIT_LOGINUID, c.AUDIT_EUID),
            (c.AUDIT_EUID, c.AUDIT_SUID),
            (c.AUDIT_EUID, c.AUDIT_FSUID),
            (c.AUDIT_SUID, c.AUDIT_FSUID),
            (c.AUDIT_GID, c.AUDIT_EGID),
            (c.AUDIT_GID, c.AUDIT_FSGID),
            (c.AUDIT_GID, c.AUDIT_SGID),
            (c.AUDIT_EGID, c.AUDIT_FSGID),
            (c.AUDIT_EGID, c.AUDIT_SGID),
            (c.AUDIT_SGID, c.AUDIT_FSGID),
        ),
        start=1,
    )
}
"""AUDIT_COMPARE_* of linux/audit.h by the pair of fields that it compares, in whichever order."""


@dataclass(frozen=True)
class _Kind:
    """How a field is written: its value, on which lists it may stand and with which operators, None for all.

    Without ``value`` it is a string.
    """

    value: Optional[Reader] = None
    lists: Optional[Collection[int]] = None
    operators: Optional[Collection[int]] = None


def _permission(word: Word, _names: Names) -> int:
    return permission_bits(word)


_USER = _Kind(values.user)
_GROUP = _Kind(values.group)
_NUMBER = _Kind(values.number)
_EXIT_NUMBER = _Kind(values.number, _EXIT)
_ARGUMENT = _Kind(values.signed_number)
_TEXT = _Kind()
_EXIT_TEXT = _Kind(None, _EXIT)

_KINDS = {
    c.AUDIT_PID: _NUMBER,
    c.AUDIT_UID: _USER,
    c.AUDIT_EUID: _USER,
    c.AUDIT_SUID: _USER,
    c.AUDIT_FSUID: _USER,
    c.AUDIT_GID: _GROUP,
    c.AUDIT_EGID: _GROUP,
    c.AUDIT_SGID: _GROUP,
    c.AUDIT_FSGID: _GROUP,
    c.AUDIT_LOGINUID: _USER,
    c.AUDIT_PERS: _NUMBER,
    c.AUDIT_ARCH: _Kind(architecture, None, _EQUALITY_OPS),
    c.AUDIT_MSGTYPE: _Kind(values.record_type, (c.AUDIT_FILTER_EXCLUDE, c.AUDIT_FILTER_USER)),
    c.AUDIT_SUBJ_USER: _TEXT,
    c.AUDIT_SUBJ_ROLE: _TEXT,
    c.AUDIT_SUBJ_TYPE: _TEXT,
    c.AUDIT_SUBJ_SEN: _TEXT,
    c.AUDIT_SUBJ_CLR: _TEXT,
    c.AUDIT_PPID: _EXIT_NUMBER,
    c.AUDIT_OBJ_USER: _EXIT_TEXT,
    c.AUDIT_OBJ_ROLE: _EXIT_TEXT,
    c.AUDIT_OBJ_TYPE: _EXIT_TEXT,
    c.AUDIT_OBJ_LEV_LOW: _EXIT_TEXT,
    c.AUDIT_OBJ_LEV_HIGH: _EXIT_TEXT,
    c.AUDIT_SESSIONID: _Kind(
        values.session, (c.AUDIT_FILTER_EXCLUDE, c.AUDIT_FILTER_USER, c.AUDIT_FILTER_EXIT)
    ),
    c.AUDIT_FSTYPE: _Kind(values.filesystem, (c.AUDIT_FILTER_FS,), _EQUALITY_OPS),
    c.AUDIT_DEVMAJOR: _EXIT_NUMBER,
    c.AUDIT_DEVMINOR: _EXIT_NUMBER,
    c.AUDIT_INODE: _Kind(values.number, _EXIT, _EQUALITY_OPS),
    c.AUDIT_EXIT: _Kind(values.exit_value, _EXIT),
    c.AUDIT_SUCCESS: _Kind(values.success, _EXIT),
    c.AUDIT_WATCH: _EXIT_TEXT,
    c.AUDIT_PERM: _Kind(_permission, (c.AUDIT_FILTER_EXIT, c.AUDIT_FILTER_EXCLUDE), (c.AUDIT_EQUAL,)),
    c.AUDIT_DIR: _EXIT_TEXT,
    c.AUDIT_FILETYPE: _Kind(values.file_type, _EXIT),
    c.AUDIT_OBJ_UID: _USER,
    c.AUDIT_OBJ_GID: _GROUP,
    c.AUDIT_FIELD_COMPARE: _Kind(values.comparison),
    c.AUDIT_EXE: _Kind(None, None, _EQUALITY_OPS),
    c.AUDIT_SADDR_FAM: _Kind(values.address_family),
    c.AUDIT_ARG0: _ARGUMENT,
    c.AUDIT_ARG1: _ARGUMENT,
    c.AUDIT_ARG2: _ARGUMENT,
    c.AUDIT_ARG3: _ARGUMENT,
    c.AUDIT_FILTERKEY: _TEXT,
}


def parse_field(argument: Word, filter_list: int, names: Names) -> Field:
    """Return the condition of an argument of -F, for a rule on a list."""
    name, op, value = _split(argument, OPERATORS)
    code = _code(name)
    kind = _KINDS[code]
    if kind.lists is not None and filter_list not in kind.lists:
        raise RuleError(f"{name.text} cannot be used on the {_list_name(filter_list)} list", name.column)
    if kind.operators is not None and op not in kind.operators:
        allowed = " and ".join(sorted(_SYMBOLS[allowed] for allowed in kind.operators))
        raise RuleError(f"{name.text} takes {allowed}, not {_SYMBOLS[op]}", name.columns[-1])
    if kind.value is not None:
        return Field(code, op, kind.value(value, names))
    most = c.AUDIT_MAX_KEY_LEN if code == c.AUDIT_FILTERKEY else c.PATH_MAX
    if len(value.data) > most:
        raise RuleError(f"{name.text} is longer than {most} bytes", value.column)
    return Field.of_text(code, op, value.data)


def parse_comparison(argument: Word, filter_list: int) -> Field:
    """Return the condition of an argument of -C: two fields that are to be equal, or not."""
    first, op, second = _split(argument, _EQUALITY)
    pair = (_code(first), _code(second))
    if filter_list != c.AUDIT_FILTER_EXIT:
        raise RuleError(f"-C cannot be used on the {_list_name(filter_list)} list", argument.column)
    number = COMPARISONS.get(frozenset(pair))
    if number is None:
        raise RuleError(f"{first.text} and {second.text} cannot be compared", second.column)
    return Field(c.AUDIT_FIELD_COMPARE, op, number)


def _split(argument: Word, symbols: Collection[str]) -> tuple[Word, int, Word]:
    symbol = next((symbol for symbol in symbols if symbol in argument.text), None)
    if symbol is None:
        raise RuleError(
            f"{argument.text!r} has no operator", argument.columns[-1], f"use one of {' '.join(symbols)}"
        )
    start = argument.text.index(symbol)
    name = argument.part(0, start)
    value = argument.part(start + len(symbol))
    if not name.text:
        raise RuleError(f"a field is missing before {symbol}", name.column)
    if not value.text:
        raise RuleError(f"a value is missing after {name.text}{symbol}", value.column)
    return name, OPERATORS[symbol], value


def _code(name: Word) -> int:
    code = field_number(name.text)
    if code is None:
        raise RuleError(f"there is no field {name.text!r}", name.column)
    return code


def _list_name(filter_list: int) -> str:
    return next(name for name, number in c.FILTER_LISTS.items() if number == filter_list)
