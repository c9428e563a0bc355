"""Lines that take rules back, ``-d``, ``-W`` and ``-D``, as far as the rules are this run's own.

A file may load rules and remove some of them again. Of that a run loads what is left: what it never adds, it need not
remove. The rules of the host are not its to remove.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mig_audit.errors import RuleError
from mig_audit.modules.audit.kernel.rule_bytes import without_prepend
from mig_audit.modules.audit.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mig_audit.modules.audit.ruleset import AskedRule

_CLEAR = "-D"
_FOREIGN = "no rule above is this one, and mig-audit removes no rules but its own: delete this line"


def without_withdrawn(rules: Iterable[AskedRule]) -> tuple[AskedRule, ...]:
    """Return the rules with those marked that a line below them takes back, and the lines that do it.

    ``-d`` and ``-W`` take back the same rule, wherever it came from, or are an error; ``-D`` takes back what stands
    above it in its own file, or among the rules of the parameters.
    """
    done: list[AskedRule] = []
    for rule in rules:
        if rule.deletes is not None:
            done.append(_delete(rule, rule.deletes, done))
        elif rule.control is not None and rule.control.name == _CLEAR:
            done.append(_clear(rule, rule.control.text, done))
        else:
            done.append(rule)
    return tuple(done)


def _delete(line: AskedRule, deletion: bytes, above: list[AskedRule]) -> AskedRule:
    for index in reversed(range(len(above))):
        rule = above[index]
        if _is_active(rule) and without_prepend(rule.payload or b"") == deletion:
            above[index] = _withdrawn(rule, line)
            return replace(line, outcome="setting", detail=f"it takes back the rule of {rule.origin}")
    error = RuleError(_FOREIGN)
    return replace(line, error=error, outcome="invalid", detail=f"column {error.column}: {error}")


def _clear(line: AskedRule, text: str, above: list[AskedRule]) -> AskedRule:
    key = text.partition("-k")[2].strip().encode("utf-8", "surrogateescape")
    chosen = [
        index
        for index, rule in enumerate(above)
        if _is_active(rule) and rule.group == line.group and key in _keys(rule.payload or b"")
    ]
    for index in chosen:
        above[index] = _withdrawn(above[index], line)
    if not chosen:
        return line
    return replace(line, outcome="setting", detail=f"it takes back {_count(chosen)} above, and no other")


def _count(chosen: Sequence[int]) -> str:
    return "1 rule" if len(chosen) == 1 else f"{len(chosen)} rules"


def _is_active(rule: AskedRule) -> bool:
    return rule.payload is not None and not rule.outcome


def _keys(payload: bytes) -> bytes:
    """Return the keys of a rule as the kernel holds them; auditctl looks for a text anywhere in them."""
    return "\x01".join(Rule.unpack(payload).keys).encode("utf-8", "surrogateescape")


def _withdrawn(rule: AskedRule, line: AskedRule) -> AskedRule:
    return replace(rule, outcome="skipped", detail=f"{line.text} of {line.origin} takes it back")
