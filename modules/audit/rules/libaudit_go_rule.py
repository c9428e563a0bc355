"""One rule of libaudit-go's JSON: its members become auditctl's options, so that both languages give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules import fields
from mig_audit.modules.audit.rules.draft import Draft
from mig_audit.modules.audit.rules.libaudit_go_element import Element
from mig_audit.modules.audit.rules.libaudit_go_json import JsonObject
from mig_audit.modules.audit.rules.libaudit_go_words import ARCHITECTURES, OPERATORS, STRICT
from mig_audit.modules.audit.rules.options import Option
from mig_audit.modules.audit.rules.targets import ACTIONS
from mig_audit.modules.audit.rules.text import ParsedRule
from mig_audit.modules.audit.rules.words import Word
from mig_audit.modules.audit.tables import field_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mig_audit.modules.audit.rules.libaudit_go_json import Line, Place
    from mig_audit.modules.audit.rules.names import Names

_FILE_MEMBERS = ("path", "permission", "key", STRICT)
_SYSCALL_MEMBERS = ("actions", "syscalls", "fields", "key")
_FIELD_MEMBERS = ("name", "op", "value")
_ENTRY = "entry"
_LISTS = (*c.FILTER_LISTS, _ENTRY)
_WORD_FIELDS = frozenset((*c.TEXT_FIELDS, c.AUDIT_PERM, c.AUDIT_FILETYPE))
_KEY_REASONS = frozenset((c.AUDIT_PERM, c.AUDIT_WATCH, c.AUDIT_DIR, c.AUDIT_EXE))


@dataclass(frozen=True)
class Reading:
    """How a document's rules are read: for which host, what is there, and what the document says for all of them."""

    names: Names
    exists: Callable[[bytes], bool]
    strict_path_check: bool
    permission_required: bool


@dataclass(frozen=True)
class _Condition:
    """One field of a rule, as an argument of -F, and the field's code."""

    code: int
    word: Word

    @property
    def is_key(self) -> bool:
        """Whether it is the rule's key, and no condition at all."""
        return self.word.text.startswith("key=")


def file_rule(members: JsonObject, line: Line, reading: Reading) -> ParsedRule:
    """Return the rule of an element with a path: what ``-w PATH -p PERMISSION -k KEY`` is.

    Raises:
        RuleError: it is no file rule; ``column`` is where, in the line.
    """
    element = Element(members, line)
    element.check(members, (), _FILE_MEMBERS)
    path = element.string("path")
    if path is None:
        raise element.error("a file rule needs a path", "path")
    strict = members.get(STRICT)
    if strict is not None and not isinstance(strict, bool):
        raise element.error(f"{STRICT} is true or false", STRICT)
    options = [_option("-w", path), *_permission(element, reading), *_key(element)]
    parsed = _drafted(options, line, reading.names)
    if reading.exists(path.data.rstrip(b"/") or b"/"):
        return parsed
    if reading.strict_path_check if strict is None else strict:
        raise element.error(f"{path.text} is not there", "path", remedy=f"set {STRICT} to false to watch it")
    warning = f"{path.text} is not there: it is watched as a file"
    return ParsedRule(parsed.rule, parsed.delete, (*parsed.warnings, warning), parsed.text)


def syscall_rule(members: JsonObject, line: Line, reading: Reading) -> ParsedRule:
    """Return the rule of an element without a path: ``-a ACTIONS``, with ``-S`` after an ``-F arch``, and the key.

    Without syscalls it is for every system call, as in auditctl.

    Raises:
        RuleError: it is no rule for system calls; ``column`` is where, in the line.
    """
    element = Element(members, line)
    element.check(members, (), _SYSCALL_MEMBERS)
    target, warnings = _target(element)
    conditions = [
        _condition(element, field, index) for index, field in enumerate(element.array("fields") or ())
    ]
    key = _key(element)
    if len(key) + sum(condition.is_key for condition in conditions) > 1:
        raise element.error("a rule has one key", "key", remedy="make two rules of it")
    calls = _syscalls(element)
    if not calls and _needs_all(target, conditions, has_key=bool(key)):
        calls = [_option("-S", element.word("all"))]
    parsed = _drafted(_ordered(target, conditions, calls, key), line, reading.names)
    narrower = [condition for condition in conditions if condition.code != c.AUDIT_PERM]
    if calls and len(narrower) < len(conditions):
        without = _drafted(_ordered(target, narrower, calls, key), line, reading.names)
        if without.rule.mask != parsed.rule.mask:
            warnings = (*warnings, "perm adds its own system calls to these, as it does in auditctl")
    return ParsedRule(parsed.rule, parsed.delete, (*parsed.warnings, *warnings), parsed.text)


def _drafted(options: Iterable[Option], line: Line, names: Names) -> ParsedRule:
    draft = Draft(names)
    for option in options:
        draft.take(option)
    return ParsedRule(draft.rule(), draft.delete, draft.warnings(), line.text)


def _option(name: str, argument: Word) -> Option:
    return Option(name, argument, argument)


def _permission(element: Element, reading: Reading) -> list[Option]:
    permission = element.string("permission")
    if permission is not None:
        return [_option("-p", permission)]
    if reading.permission_required or element.members.get("permission") is not None:
        raise element.error("a file rule needs a permission", "permission", remedy="give one to four of rwxa")
    return []


def _key(element: Element) -> list[Option]:
    key = element.string("key")
    return [] if key is None else [_option("-k", key)]


def _target(element: Element) -> tuple[Word, tuple[str, ...]]:
    given = element.strings("actions") or []
    for text, place in given:
        if text not in ACTIONS and text not in _LISTS:
            raise element.error(_not_an_action(text), *place, remedy=_actions_known())
    lists = [text for text, _ in given if text in _LISTS]
    actions = [text for text, _ in given if text in ACTIONS]
    if len(lists) != 1 or len(actions) != 1:
        raise element.error("actions are one list and one action", "actions", remedy=_actions_known())
    warnings = ("the list entry is gone: the rule is on exit",) if lists == [_ENTRY] else ()
    filter_list = "exit" if lists == [_ENTRY] else lists[0]
    return element.word(f"{filter_list},{actions[0]}", "actions"), warnings


def _not_an_action(text: str) -> str:
    if text == "possible":
        return "the action possible is gone"
    return f"there is neither a list nor an action {text!r}"


def _actions_known() -> str:
    return f"the actions are {', '.join(ACTIONS)} and the lists {', '.join(_LISTS)}"


def _syscalls(element: Element) -> list[Option]:
    given = element.strings("syscalls")
    if given is None:
        return []
    for text, place in given:
        if not text or "," in text:
            raise element.error(f"there is no system call {text!r}", *place, remedy="give one name in each")
    if not given:
        raise element.error("there is no system call", "syscalls", remedy="leave syscalls out for all")
    return [_option("-S", element.word(text, *place)) for text, place in given]


def _condition(element: Element, field: object, index: int) -> _Condition:
    place: Place = ("fields", index)
    if not isinstance(field, JsonObject):
        raise element.error("a field is an object of name, op and value", *place)
    element.check(field, place, _FIELD_MEMBERS)
    for member in _FIELD_MEMBERS:
        if field.get(member) is None:
            raise element.error(f"a field needs {member}", *place)
    name = field.get("name")
    code = field_number(name) if isinstance(name, str) else None
    if not isinstance(name, str) or code is None:
        raise element.error(f"there is no field {name!r}", *place, "name")
    given = field.get("op")
    op = OPERATORS.get(given) if isinstance(given, str) else None
    if op is None:
        known = ", ".join(OPERATORS)
        raise element.error(f"there is no operator {given!r}", *place, "op", remedy=f"use one of {known}")
    word = _joined(
        element.word(name, *place, "name"),
        element.word(op, *place, "op"),
        element.word(_value(element, code, field.get("value"), place), *place, "value"),
    )
    return _Condition(code, word)


def _value(element: Element, code: int, value: object, place: Place) -> str:
    if code in _WORD_FIELDS and not isinstance(value, str):
        raise element.error("this field has a string", *place, "value")
    text = element.scalar(value, *place, "value")
    return ARCHITECTURES.get(text, text) if code == c.AUDIT_ARCH else text


def _joined(name: Word, op: Word, value: Word) -> Word:
    """Return the argument of -F; it is split at the first kind of operator that it holds anywhere."""
    text = f"{name.text}{op.text}{value.text}"
    first = next(symbol for symbol in fields.OPERATORS if symbol in text)
    if first != op.text or text.index(first) != len(name.text):
        raise RuleError(f"a value cannot have {first!r} in it, nor begin with one", value.column)
    return Word(text, (*name.columns[:-1], *op.columns[:-1], *value.columns))


def _needs_all(target: Word, conditions: Sequence[_Condition], *, has_key: bool) -> bool:
    """Tell whether the rule has a key that auditctl takes only after a ``-S all``."""
    keyed = has_key or any(condition.code == c.AUDIT_FILTERKEY for condition in conditions)
    reasons = any(condition.code in _KEY_REASONS for condition in conditions)
    return keyed and not reasons and target.text.startswith("exit,")


def _ordered(
    target: Word, conditions: Sequence[_Condition], calls: Sequence[Option], key: Sequence[Option]
) -> list[Option]:
    """Return the options; names of system calls are looked up for the architecture in front of them."""
    arches = [index for index, condition in enumerate(conditions) if condition.code == c.AUDIT_ARCH]
    cut = arches[-1] + 1 if arches else 0
    arguments = [_option("-F", condition.word) for condition in conditions]
    return [_option("-a", target), *arguments[:cut], *calls, *arguments[cut:], *key]
