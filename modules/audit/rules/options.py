"""The options of a rule, read from its words as getopt_long of the GNU C library reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules.controls import CONTROLS, takes_argument

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.rules.words import Word

RULE_OPTIONS = ("-a", "-A", "-d", "-S", "-F", "-C", "-k", "-w", "-W", "-p")
"""The options that make up a rule; each takes an argument."""

_TAKES_ARGUMENT = {**dict.fromkeys(RULE_OPTIONS, True), **{name: takes_argument(name) for name in CONTROLS}}
_LONG = tuple(name for name in CONTROLS if name.startswith("--"))


@dataclass(frozen=True)
class Option:
    """One option, by its full name with dashes: where it stands, and its argument if it takes one."""

    name: str
    word: Word
    argument: Optional[Word]


def read_options(words: Sequence[Word]) -> Iterator[Option]:
    """Yield the options in order, control options too.

    Raises:
        RuleError: a word that is no option, an unknown option, or one without its argument.
    """
    rest = iter(words)
    for word in rest:
        if word.text == "--":
            break
        if word.text.startswith("--"):
            yield _long_option(word, rest)
        elif word.text.startswith("-") and len(word.text) > 1:
            yield from _short_options(word, rest)
        else:
            raise _stray(word)
    for word in rest:
        raise _stray(word)


def _stray(word: Word) -> RuleError:
    return RuleError(
        f"{word.text!r} belongs to no option",
        word.column,
        _remedy(word.text),
    )


def _remedy(text: str) -> str:
    """Return what a word that stands alone was most likely meant for."""
    if text.startswith("/"):
        return "a path is watched with -w"
    if text == "auditctl":
        return "a rule is what follows that word"
    return "a comment has a line of its own, and a space in a word is written with a backslash before it"


def _short_options(word: Word, rest: Iterator[Word]) -> Iterator[Option]:
    for index in range(1, len(word.text)):
        name = f"-{word.text[index]}"
        letter = word.part(index)
        if name not in _TAKES_ARGUMENT:
            raise RuleError(f"there is no option {name!r}", letter.column)
        if _TAKES_ARGUMENT[name]:
            attached = word.part(index + 1) if index + 1 < len(word.text) else None
            yield Option(name, word, attached or _next(name, word, rest))
            return
        yield Option(name, word, None)


def _long_option(word: Word, rest: Iterator[Word]) -> Option:
    given, equals, _value = word.text.partition("=")
    matching = [given] if given in _LONG else [name for name in _LONG if name.startswith(given)]
    if len(matching) != 1:
        raise RuleError(f"there is no option {given!r}", word.column)
    name = matching[0]
    if not _TAKES_ARGUMENT[name]:
        if equals:
            raise RuleError(f"{name} takes no value", word.columns[len(given)])
        return Option(name, word, None)
    return Option(name, word, word.part(len(given) + 1) if equals else _next(name, word, rest))


def _next(name: str, word: Word, rest: Iterator[Word]) -> Word:
    argument = next(rest, None)
    if argument is None:
        raise RuleError(f"{name} needs an argument", word.columns[-1])
    return argument
