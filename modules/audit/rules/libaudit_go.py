"""libaudit-go's JSON to rules, in both of its dialects; `libaudit_go_print` is the way back.

The old one is that of GSoC 2016's audit.rules.json and of rules2json.py: ``file_rules`` and ``syscall_rules``. The new
one, of 2017, has them in one ordered list, ``audit_rules``. What their loaders passed over in silence is an error here:
of the element where it is in one, of the document otherwise. An element means what its text for auditctl means.

A field's value may be written as auditctl writes it where libaudit-go knows numbers only, and fields and lists that
libaudit-go has not may be used.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules.libaudit_go_json import JsonObject, one_line, read_json
from mig_audit.modules.audit.rules.libaudit_go_rule import Reading, file_rule, syscall_rule
from mig_audit.modules.audit.rules.libaudit_go_words import STRICT
from mig_audit.modules.audit.rules.names import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.rules.libaudit_go_json import Line
    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.text import ParsedRule

OLD = ("file_rules", "syscall_rules")
"""The arrays of the old dialect."""

NEW = "audit_rules"
"""The array of the new one."""

_SETTINGS = ("delete", "enable", "buffer", "rate", STRICT)
_DIGITS = re.compile(r"[0-9]{1,10}")
_WORD = 0xFFFFFFFF
_MOST_ENABLED = 2  # AUDIT_LOCKED of linux/audit.h


@dataclass(frozen=True)
class LibauditGoRule:
    """One element of a document: its JSON path, its text as compact JSON, and the rule or the error.

    ``strict_path_check`` is what it, or else the document, says of a path that is not there.
    """

    path: str
    text: str
    parsed: Optional[ParsedRule]
    error: Optional[RuleError]
    strict_path_check: bool = False


@dataclass(frozen=True)
class LibauditGoSettings:
    """What a document says beside its rules, None where it says nothing; nobody obeys it here.

    ``enable`` is 0, 1 or 2, ``buffer`` the backlog limit in records, ``rate`` in records a second, and ``delete``
    whether all rules of the kernel were to be deleted first.
    """

    enable: Optional[int] = None
    buffer: Optional[int] = None
    rate: Optional[int] = None
    delete: Optional[bool] = None


@dataclass(frozen=True)
class LibauditGoRules:
    """A document: ``old`` or ``new``, every element in order, the settings, and what it says of missing paths."""

    dialect: str
    rules: tuple[LibauditGoRule, ...]
    settings: LibauditGoSettings
    strict_path_check: bool


def parse_libaudit_go(
    data: bytes, names: Names = HOST, exists: Callable[[bytes], bool] = os.path.exists
) -> LibauditGoRules:
    """Return the rules of a document in JSON, each with its element; a bad element never stops the others.

    ``names`` is the host that the rules are for, and ``exists`` tells whether a path is there on it.

    Raises:
        RuleError: the bytes are no such document, or it says something beside its rules that has no meaning.
    """
    document = read_json(data)
    if not isinstance(document, JsonObject):
        raise RuleError("the document is no JSON object", 1, f"write {{{NEW!r}: [...]}}")
    dialect = _dialect(document)
    strict = bool(_flag(document, STRICT))
    reading = Reading(names, exists, strict, dialect == "new")
    return LibauditGoRules(dialect, tuple(_elements(document, reading)), _settings(document), strict)


def _dialect(document: JsonObject) -> str:
    for name in document.repeated():
        raise RuleError(f"{name!r} occurs twice in the document", 1, "keep one")
    given = [name for name, _ in document.members]
    for name in given:
        if name not in {*OLD, NEW, *_SETTINGS}:
            known = ", ".join((NEW, *OLD, *_SETTINGS))
            raise RuleError(f"{name!r} has no meaning in the document", 1, f"known are {known}")
    old = [name for name in given if name in OLD]
    if old and NEW in given:
        raise RuleError(f"the document has {NEW} and {old[0]}", 1, f"put every rule into {NEW}")
    if not old and NEW not in given:
        raise RuleError(f"the document has no {NEW}", 1, f"older ones have {' or '.join(OLD)}")
    return "old" if old else "new"


def _elements(document: JsonObject, reading: Reading) -> Iterator[LibauditGoRule]:
    for name, elements in document.members:
        if name not in {*OLD, NEW}:
            continue
        if not isinstance(elements, list):
            raise RuleError(f"{name} is no array")
        for index, element in enumerate(elements):
            yield _element(name, f"$.{name}[{index}]", element, reading)


def _element(name: str, path: str, element: object, reading: Reading) -> LibauditGoRule:
    line = one_line(element)
    try:
        parsed = _parsed(name, element, line, reading)
    except RuleError as error:
        return LibauditGoRule(path, line.text, None, error.alone())
    return LibauditGoRule(path, line.text, parsed, None, _is_strict(element, reading))


def _is_strict(element: object, reading: Reading) -> bool:
    own = element.get(STRICT) if isinstance(element, JsonObject) else None
    return reading.strict_path_check if own is None else bool(own)


def _parsed(name: str, element: object, line: Line, reading: Reading) -> ParsedRule:
    if not isinstance(element, JsonObject):
        raise RuleError("a rule is a JSON object")
    has_path = any(member == "path" for member, _ in element.members)
    if name == "file_rules" or (name == NEW and has_path):
        return file_rule(element, line, reading)
    return syscall_rule(element, line, reading)


def _settings(document: JsonObject) -> LibauditGoSettings:
    return LibauditGoSettings(
        _number(document, "enable", _MOST_ENABLED),
        _number(document, "buffer", _WORD),
        _number(document, "rate", _WORD),
        _flag(document, "delete"),
    )


def _number(document: JsonObject, name: str, most: int) -> Optional[int]:
    value = document.get(name)
    if value is None:
        return None
    if name == "enable" and isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise RuleError(f"{name} is not a number from 0 to {most}")
    return value


def _flag(document: JsonObject, name: str) -> Optional[bool]:
    value = document.get(name)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    raise RuleError(f"{name} is neither true nor false")
