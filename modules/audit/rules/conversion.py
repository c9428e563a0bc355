"""Rule files from one language into another: auditctl's text, and libaudit-go's JSON in both of its dialects.

Nothing is lost without a word. What the other language cannot say of a rule is a problem, and the rule is left out;
what it has no place for beside the rules, comments and most control options, is a note.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules.libaudit_go import NEW, OLD
from mig_audit.modules.audit.rules.libaudit_go_print import as_document, print_element
from mig_audit.modules.audit.rules.libaudit_go_words import STRICT
from mig_audit.modules.audit.rules.names import HOST
from mig_audit.modules.audit.rules.printing import print_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.rules.controls import Control
    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.statements import Statement
    from mig_audit.modules.audit.rules.text import ParsedRule

_MEMBERS = {"-b": "buffer", "-e": "enable", "-r": "rate"}
_NO_DELETION = "a document only adds rules: delete this line"
_LATE_CLEARING = "-D stands after rules, and in JSON it would come before them"
_NEVER_MATCHES = "libaudit-go itself loads such a rule so that it never matches"
_NO_ORDER = "the old dialect has no order between file_rules and syscall_rules, and these rules have one"


@dataclass
class Converted:
    """The text in the other language, the statements that it could not say, with the reason, and what was left out."""

    text: str = ""
    problems: list[Statement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def refuse(self, statement: Statement, error: RuleError) -> None:
        """Leave a statement out, because it cannot be said."""
        self.problems.append(replace(statement, error=error))

    def note(self, statement: Statement, what: str) -> None:
        """Remember something that was left out, or is otherwise than it seems."""
        self.notes.append(f"{statement.where}: {what}")


def convert(statements: Sequence[Statement], language: str, names: Names = HOST) -> Converted:
    """Return what the statements of rule files are in a language, for a host; comments are statements of nothing."""
    write: Callable[[Sequence[Statement], Converted, Names], str] = {
        "auditctl": _auditctl,
        "libaudit-go": _new,
        "libaudit-go-old": _old,
    }[language]
    converted = Converted()
    for statement in statements:
        if statement.error is not None:
            converted.refuse(statement, statement.error)
    good = [statement for statement in statements if statement.error is None]
    converted.text = write(good, converted, names)
    return converted


def _auditctl(statements: Sequence[Statement], converted: Converted, names: Names) -> str:
    lines: list[str] = []
    for statement in statements:
        if statement.parsed is not None:
            lines += _line(statement, statement.parsed, converted, names)
        elif statement.controls:
            lines.append(" ".join(_option(control) for control in statement.controls))
        else:
            lines.append(statement.text)
    return "".join(f"{line}\n" for line in lines)


def _line(statement: Statement, parsed: ParsedRule, converted: Converted, names: Names) -> list[str]:
    try:
        text = print_rule(parsed.rule, names=names)
        text.encode("utf-8")
    except RuleError as error:
        converted.refuse(statement, error)
        return []
    except UnicodeEncodeError:
        converted.refuse(statement, RuleError("the rule is not UTF-8, so it cannot be written"))
        return []
    if statement.strict_path_check:
        converted.note(statement, f"{STRICT} is left out: auditctl has nothing like it")
    return [_deletion(text) if parsed.delete else text]


def _deletion(text: str) -> str:
    """Return the text that deletes what a text adds."""
    return f"-W{text[2:]}" if text.startswith("-w") else f"-d{text[2:]}"


def _option(control: Control) -> str:
    """Return a control option as auditctl writes it; one of JSON has a text of its own."""
    if control.text.startswith("-"):
        return control.text
    return control.name if control.value is None else f"{control.name} {control.value}"


def _new(statements: Sequence[Statement], converted: Converted, names: Names) -> str:
    settings, elements = _document(statements, converted, names)
    rules = [
        {**element, STRICT: True} if statement.strict_path_check and "path" in element else element
        for statement, element in elements
    ]
    return as_document({**settings, NEW: rules})


def _old(statements: Sequence[Statement], converted: Converted, names: Names) -> str:
    settings, elements = _document(statements, converted, names)
    watches = [(statement, element) for statement, element in elements if "path" in element]
    strict = [statement.strict_path_check for statement, _ in watches]
    if any(strict) and not all(strict):
        for statement, _ in watches:
            if statement.strict_path_check:
                converted.note(statement, f"{STRICT} is left out: in the old dialect it is for all rules")
    kinds = ["path" in element for _, element in elements]
    changes = [index for index in range(1, len(kinds)) if kinds[index] != kinds[index - 1]]
    if len(changes) > 1:
        converted.note(elements[changes[1]][0], _NO_ORDER)
    names_in_order = OLD if not kinds or kinds[0] else tuple(reversed(OLD))
    arrays = {
        name: [element for _, element in elements if ("path" in element) == (name == OLD[0])]
        for name in names_in_order
    }
    present = {name: rules for name, rules in arrays.items() if rules} or {OLD[0]: []}
    return as_document({**settings, **({STRICT: True} if strict and all(strict) else {}), **present})


_Elements = list[tuple["Statement", dict[str, object]]]


def _document(
    statements: Sequence[Statement], converted: Converted, names: Names
) -> tuple[dict[str, object], _Elements]:
    """Return the settings and the elements that both dialects have."""
    settings: dict[str, object] = {}
    elements: _Elements = []
    comments = 0
    for statement in statements:
        if statement.parsed is not None:
            element = _element(statement, statement.parsed, converted, names)
            elements += [] if element is None else [(statement, element)]
        for control in statement.controls:
            _set(settings, control, statement, converted, begun=bool(elements))
        comments += statement.parsed is None and not statement.controls
    if comments:
        converted.notes.append(f"{comments} comment{'s' * (comments > 1)} left out: JSON has none")
    silent = sum("path" not in element and "syscalls" not in element for _, element in elements)
    if silent:
        have = "rule has" if silent == 1 else "rules have"
        converted.notes.append(f"{silent} {have} no syscalls: {_NEVER_MATCHES}")
    return settings, elements


def _element(
    statement: Statement, parsed: ParsedRule, converted: Converted, names: Names
) -> Optional[dict[str, object]]:
    if parsed.delete:
        converted.refuse(statement, RuleError(_NO_DELETION))
        return None
    try:
        return print_element(parsed.rule, names)
    except RuleError as error:
        what = f"libaudit-go has no words for this: {error.what}"
        converted.refuse(statement, RuleError(what, error.column, error.remedy))
        return None


def _set(
    settings: dict[str, object], control: Control, statement: Statement, converted: Converted, *, begun: bool
) -> None:
    """Put a control option where JSON has a member for it; of several for one member, the last holds."""
    member = _MEMBERS.get(control.name)
    if member is not None:
        if member in settings:
            converted.note(statement, f"takes the place of an earlier {control.name}: {member} occurs once")
        settings[member] = str(control.value)
    elif control.name == "-D" and control.text in {"-D", "delete"}:
        if begun:
            converted.refuse(statement, RuleError(_LATE_CLEARING, 1, "begin the file with it"))
        else:
            settings["delete"] = True
    else:
        converted.note(statement, f"{control.text} is left out: libaudit-go's JSON has no member for it")
