"""Where a rule goes: the list and the action of ``-a list,action``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import strictness
from mig_audit.modules.audit.rules.constants import AUDIT_ALWAYS, AUDIT_NEVER, FILTER_LISTS
from mig_audit.modules.audit.rules.strictness import StricterError

if TYPE_CHECKING:
    from mig_audit.modules.audit.rules.words import Word

ACTIONS = {"never": AUDIT_NEVER, "always": AUDIT_ALWAYS}


@dataclass(frozen=True)
class Target:
    """What -a, -A, -d, -w or -W said; ``watch`` is for the last two."""

    filter_list: int
    action: int
    prepend: bool = False
    delete: bool = False
    watch: bool = False


def list_and_action(word: Word) -> tuple[int, int]:
    """Return the numbers of ``list,action`` or ``action,list``; a list may be in upper case, an action not."""
    parts = word.pieces(",")
    if len(parts) != len(("list", "action")):
        raise RuleError(f"{word.text!r} is not LIST,ACTION", word.column, "for instance always,exit")
    first, second = parts
    if first.text in ACTIONS:
        return _list(second), ACTIONS[first.text]
    filter_list = _find_list(first)
    if filter_list is None:
        raise RuleError(f"there is neither a list nor an action {first.text!r}", first.column, _lists())
    return filter_list, _action(second)


def _list(word: Word) -> int:
    found = _find_list(word)
    if found is None:
        raise StricterError(strictness.UNKNOWN_LIST, f"there is no list {word.text!r}", word.column, _lists())
    return found


def _action(word: Word) -> int:
    if word.text == "possible":
        raise StricterError(
            strictness.POSSIBLE, "the action possible is gone", word.column, "use always or never"
        )
    if word.text not in ACTIONS:
        raise RuleError(f"there is no action {word.text!r}", word.column, "use always or never")
    return ACTIONS[word.text]


def _find_list(word: Word) -> Optional[int]:
    return FILTER_LISTS.get(word.text.lower()) if word.text.isascii() else None


def _lists() -> str:
    return f"the lists are {', '.join(FILTER_LISTS)}"
