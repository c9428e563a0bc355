"""Regular expressions that take time linear in the text, whatever the expression and whoever wrote the text.

The texts are an attacker's (program names, paths, arguments), and Python's own matcher can be kept busy for years by a
short one. So the syntax is `re`'s, read by its parser, and the matching is a set of places in the expression carried
along the text, remembered as the states of an automaton. What needs more than that, back-references and lookaround, is
refused.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.errors import FilterError
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

if sys.version_info >= (3, 11):
    from re import _constants as sre  # type: ignore[attr-defined]  # it has no types
    from re import _parser as parser  # type: ignore[attr-defined]  # the same
else:
    import sre_constants as sre
    import sre_parse as parser

LONGEST = 65_536
"""Characters of a text that are looked at: as many as a record may have."""

_REMEMBERED_LENGTH = 256  # the answers for longer texts are not kept

_PROGRAM_LIMIT = 1000  # places in an expression
_CACHE_LIMIT = 50_000  # places in the remembered states of one expression
_SEARCH_LIMIT = 2000  # states that are looked at to see whether an expression can match at all
_FLAGS = re.IGNORECASE | re.UNICODE | re.ASCII | re.DOTALL | re.VERBOSE
_WORD = re.compile(r"\w")
_START, _WORD_BEFORE, _OTHER_BEFORE = 0, 1, 2
_Test = Callable[[str], bool]
_Places = frozenset[int]
_State = tuple[_Places, int]  # where in the expression, and what kind of character is before
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}
_SAMPLES = "aZ0_/. -\u00e9\u4e00"  # a character of each category that printable text has


class Regex:
    """A compiled expression, searched for anywhere in a text, as `re.search` does.

    Raises:
        FilterError: it is not understood, or cannot be matched in linear time.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        program = _Program(pattern)
        self._steps = program.steps
        self._alphabet = program.alphabet
        self._next: dict[tuple[_State, str], Optional[_State]] = {}
        self._kept = 0
        self._remembered = lru_cache(maxsize=1024)(self._search)

    def search(self, text: str) -> bool:
        """Say whether the expression matches somewhere in the first `LONGEST` characters of a text."""
        if len(text) <= _REMEMBERED_LENGTH:
            return self._remembered(text)
        return self._search(text)

    def can_match(self, first: str = "") -> bool:
        """Say whether any printable text at all would match.

        Args:
            first: the characters that a text may begin with; any, if there are none.
        """
        start: _State = (frozenset((0,)), _START)
        if self._at_end(start) and not first:
            return True
        seen, todo = {start}, [start]
        while todo and len(seen) < _SEARCH_LIMIT:
            state = todo.pop()
            for character in self._alphabet if state is not start or not first else first:
                following = self._step(state, character)
                if following is None or self._at_end(following):
                    return True
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        return bool(todo)

    def _search(self, text: str) -> bool:
        state: _State = (frozenset((0,)), _START)
        known = self._next
        for character in text[:LONGEST]:
            key = (state, character)
            if key in known:
                following = known[key]
            else:
                if self._kept > _CACHE_LIMIT:
                    known.clear()
                    self._kept = 0
                following = known[key] = self._step(state, character)
                self._kept += len(state[0]) + 1
            if following is None:
                return True
            state = following
        return len(text) <= LONGEST and self._at_end(state)

    def _step(self, state: _State, character: str) -> Optional[_State]:
        """Return the state after a character, None where the expression has matched before it."""
        word = bool(_WORD.match(character))
        reached: set[int] = {0}  # a match may begin at every character
        for place in self._closure(state, word=word, end=False):
            kind, value = self._steps[place]
            if kind == "match":
                return None
            if kind == "test" and value(character):
                reached.add(place + 1)
        return frozenset(reached), _WORD_BEFORE if word else _OTHER_BEFORE

    def _at_end(self, state: _State) -> bool:
        places = self._closure(state, word=False, end=True)
        return any(self._steps[place][0] == "match" for place in places)

    def _closure(self, state: _State, *, word: bool, end: bool) -> set[int]:
        """Return the places that are reached without a character, given what is before and after them."""
        places, before = state
        edge = word != (before == _WORD_BEFORE)
        holds = {"start": before == _START, "end": end, "edge": edge, "inside": not edge}
        found: set[int] = set()
        todo = list(places)
        while todo:
            place = todo.pop()
            if place in found:
                continue
            found.add(place)
            kind, value = self._steps[place]
            if kind == "go":
                todo += [place + offset for offset in value]
            elif kind == "if" and holds[value]:
                todo.append(place + 1)
        return found


class _Program:
    """An expression as steps: ``test`` a character, ``go`` to places relative to this, ``if`` something holds, ``match``."""

    def __init__(self, pattern: str) -> None:
        try:
            tree = parser.parse(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise FilterError(f"the regular expression is not understood: {error}") from error
        self._flags = tree.state.flags
        if self._flags & ~_FLAGS:
            raise FilterError("only the flags a, i, s, u and x are understood here")
        self._characters: set[str] = set(_SAMPLES)
        self.steps: list[tuple[str, Any]] = [*self._sequence(tree), ("match", None)]

    @property
    def alphabet(self) -> Sequence[str]:
        """Return printable characters of which each other one behaves as one of these."""
        return sorted(
            character
            for character in self._characters
            if printable(character.encode("utf-8", "surrogateescape")) == character
        )

    def _sequence(self, nodes: Iterable[tuple[Any, Any]]) -> list[tuple[str, Any]]:
        steps: list[tuple[str, Any]] = []
        for node in nodes:
            steps += self._node(*node)
            if len(steps) > _PROGRAM_LIMIT:
                raise FilterError("the regular expression is too long", "repeat less in it")
        return steps

    def _node(self, kind: Any, value: Any) -> list[tuple[str, Any]]:  # noqa: ANN401  # the parser has no types
        if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
            return self._repeat(*value)
        if kind is sre.BRANCH:
            return self._branch([self._sequence(branch) for branch in value[1]])
        if kind is sre.SUBPATTERN:
            _, added, removed, nodes = value
            if added or removed:
                raise FilterError("flags inside a regular expression are not understood", "put them in front")
            return self._sequence(nodes)
        if kind is sre.AT:
            return [("if", self._assertion(value))]
        return [("test", self._test(kind, value))]

    def _repeat(self, least: int, most: int, nodes: Iterable[tuple[Any, Any]]) -> list[tuple[str, Any]]:
        body = self._sequence(nodes)
        if len(body) * (least if most == sre.MAXREPEAT else most) > _PROGRAM_LIMIT:
            raise FilterError("the regular expression is too long", "repeat less in it")
        if most == sre.MAXREPEAT:
            loop = [("go", (1, len(body) + 2)), *body, ("go", (-len(body) - 1,))]
            return body * least + loop
        return body * least + [("go", (1, len(body) + 1)), *body] * (most - least)

    def _branch(self, branches: list[list[tuple[str, Any]]]) -> list[tuple[str, Any]]:
        steps = branches[-1]
        for branch in reversed(branches[:-1]):
            steps = [("go", (1, len(branch) + 2)), *branch, ("go", (len(steps) + 1,)), *steps]
        return steps

    def _assertion(self, value: object) -> str:
        for names, meaning in (
            ((sre.AT_BEGINNING, sre.AT_BEGINNING_STRING), "start"),
            ((sre.AT_END, sre.AT_END_STRING), "end"),
            ((sre.AT_BOUNDARY,), "edge"),
            ((sre.AT_NON_BOUNDARY,), "inside"),
        ):
            if value in names:
                return meaning
        raise FilterError(f"{value} is not understood here")

    def _test(self, kind: object, value: Any) -> _Test:  # noqa: ANN401  # as above
        if kind is sre.ANY:
            return _anything if self._flags & re.DOTALL else _no_newline
        if kind is sre.IN:
            return self._set(value)
        if kind is sre.NOT_LITERAL:
            return self._set([(sre.NEGATE, None), (sre.LITERAL, value)])
        if kind is sre.LITERAL:
            return self._set([(sre.LITERAL, value)])
        raise FilterError(
            "back-references, looking around and possessive repetition are not understood here",
            "they cannot be matched in linear time",
        )

    def _set(self, items: list[tuple[Any, Any]]) -> _Test:
        negated = items[0][0] is sre.NEGATE
        ranges: list[tuple[int, int]] = []
        categories: list[re.Pattern[str]] = []
        for kind, value in items[1:] if negated else items:
            if kind is sre.CATEGORY:
                categories.append(re.compile(_CATEGORIES[value], self._flags & re.ASCII))
            else:
                ranges.append((value, value) if kind is sre.LITERAL else value)
        folded = bool(self._flags & re.IGNORECASE)
        for low, high in ranges:
            near = {chr(code) for code in (low - 1, low, high, high + 1) if 0 <= code <= sys.maxunicode}
            self._characters |= near | {form for each in near for form in _forms(each)} if folded else near

        def holds(character: str) -> bool:
            found = any(
                any(low <= code <= high for low, high in ranges)
                for code in (map(ord, _forms(character)) if folded else (ord(character),))
            ) or any(category.match(character) for category in categories)
            return found != negated

        return holds


def _forms(character: str) -> tuple[str, ...]:
    return tuple(form for form in (character, character.lower(), character.upper()) if len(form) == 1)


def _anything(_character: str) -> bool:
    return True


def _no_newline(character: str) -> bool:
    return character != "\n"
