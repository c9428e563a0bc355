r"""Conditions as people type them: ``exe ~ "^/tmp/" and not success``.

::

    condition  = all { "or" all }            all = part { "and" part }
    part       = "not" part | "(" condition ")" | comparison
    comparison = FIELD                                   a flag is true, anything else is there
               | FIELD ( "=" | "!=" ) VALUE
               | FIELD ( "<" | "<=" | ">" | ">=" ) VALUE
               | FIELD ( "^=" | "~" | "!~" ) VALUE       begins with; matches the regular expression, or does not
               | FIELD [ "not" ] "in" ( "(" VALUE { "," VALUE } ")" | NETWORK )

A value is a word without spaces, quotes, commas and brackets, or stands in quotes of either kind, where only a quote
and a backslash are escaped by a backslash (``\d`` stays as it is).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.errors import FilterError
from mig_audit.modules.audit.events.filters import leaves
from mig_audit.modules.audit.events.filters.leaves import make_leaf
from mig_audit.modules.audit.events.filters.model import Every, Opposite, Some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events.filters.model import Condition

LONGEST = 16_384
"""Characters of an expression."""

_DEEPEST = 50  # brackets and "not" within each other
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<operator>!=|<=|>=|\^=|!~|=|<|>|~)|(?P<mark>[(),])|(?P<word>[^\s"'(),=<>~!^]+))"""
)
_ESCAPE = re.compile(r"""\\(["'\\])""")
_COMPARISONS = {sign: operator for operator, sign in leaves.SIGNS.items()}
_OPPOSITES = {"!=": leaves.EQUALS, "!~": leaves.REGEX}
_RESERVED = frozenset({"and", "or", "not", "in"})


class _Token(NamedTuple):
    """A piece of an expression: ``word``, ``quoted``, ``operator``, ``mark`` or ``end``, and where it begins, from 1."""

    kind: str
    text: str
    column: int


def parse_expression(text: str) -> Condition:
    """Return the condition that an expression says.

    Raises:
        FilterError: it is not understood; the error has the column.
    """
    if len(text) > LONGEST:
        raise FilterError(f"the expression has more than {LONGEST} characters")
    return _Reader(list(_tokens(text))).read()


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            column = position + len(text[position:]) - len(text[position:].lstrip()) + 1
            remedy = "a quote that is opened must be closed" if text[column - 1] in "\"'" else ""
            raise FilterError(f"column {column}: {text[column - 1]!r} is not understood", remedy, column)
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind], match.start(kind) + 1)
        position = match.end()
    yield _Token("end", "the expression ends", len(text) + 1)


class _Reader:
    """Walks over the tokens of one expression."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._depth = 0

    def read(self) -> Condition:
        condition = self._some()
        token = self._next()
        if token.kind != "end":
            raise _unexpected(token, "`and`, `or` or the end")
        return condition

    def _some(self) -> Condition:
        parts = [self._every()]
        while self._take("word", "or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Condition:
        parts = [self._part()]
        while self._take("word", "and"):
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _part(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _unexpected(self._tokens[self._position], "less nesting")
        if self._take("word", "not"):
            part: Condition = Opposite(self._part())
        elif self._take("mark", "("):
            part = self._some()
            self._expect("mark", ")")
        else:
            part = self._comparison()
        self._depth -= 1
        return part

    def _comparison(self) -> Condition:
        token = self._next()
        if token.kind != "word" or token.text in _RESERVED:
            raise _unexpected(token, "a field")
        if self._take("word", "not"):
            self._expect("word", "in")
            return Opposite(self._in(token))
        if self._take("word", "in"):
            return self._in(token)
        operator = self._take("operator")
        if operator is None:
            return _leaf(token, leaves.PRESENT, [])
        value = self._value()
        if operator.text in _OPPOSITES:
            return Opposite(_leaf(token, _OPPOSITES[operator.text], [value.text]))
        return _leaf(token, _COMPARISONS[operator.text], [value.text])

    def _in(self, field: _Token) -> Condition:
        if not self._take("mark", "("):
            return _leaf(field, leaves.CIDR, [self._value().text])
        values = [self._value().text]
        while self._take("mark", ","):
            values.append(self._value().text)
        self._expect("mark", ")")
        return _leaf(field, leaves.IN, values)

    def _value(self) -> _Token:
        token = self._next()
        if token.kind == "quoted":
            return token._replace(text=_ESCAPE.sub(r"\1", token.text[1:-1]))
        if token.kind != "word":
            raise _unexpected(token, "a value", "equality is one `=`" if token.text == "=" else "")
        return token

    def _next(self) -> _Token:
        token = self._tokens[self._position]
        self._position += token.kind != "end"
        return token

    def _take(self, kind: str, text: Optional[str] = None) -> Optional[_Token]:
        token = self._tokens[self._position]
        return self._next() if token.kind == kind and text in {None, token.text} else None

    def _expect(self, kind: str, text: str) -> None:
        if not self._take(kind, text):
            raise _unexpected(self._tokens[self._position], f"`{text}`")


def _leaf(field: _Token, operator: str, values: list[str]) -> Condition:
    try:
        return make_leaf(field.text, operator, values)
    except FilterError as error:
        raise FilterError(f"column {field.column}: {error.what}", error.remedy, field.column) from error


def _unexpected(token: _Token, wanted: str, remedy: str = "") -> FilterError:
    found = token.text if token.kind == "end" else f"`{token.text}`"
    return FilterError(f"column {token.column}: {found} where {wanted} should be", remedy, token.column)
