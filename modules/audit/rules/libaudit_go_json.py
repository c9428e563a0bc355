"""JSON as rules are written in it: nothing of the document is lost, and every value has its place in a line."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn, Union

from mig_audit.errors import RuleError

Key = Union[str, int]
"""A name in an object, or an index in an array."""

Place = tuple[Key, ...]
"""Where a value is: the names and the indexes from the outermost value to it."""

_LONGEST_INTEGER = 24  # nothing of a rule is longer, and Python takes its time over a million digits
_DEEPEST = 16  # no rule nests deeper than fields, one field, its value


@dataclass(frozen=True)
class JsonObject:
    """An object with all of its members in order, those of the same name too."""

    members: tuple[tuple[str, object], ...]

    def repeated(self) -> tuple[str, ...]:
        """Return the names that occur more than once."""
        counts = Counter(name for name, _ in self.members)
        return tuple(name for name, count in counts.items() if count > 1)

    def get(self, name: str) -> object:
        """Return the last member of a name, None if there is none."""
        return dict(self.members).get(name)


@dataclass(frozen=True)
class Line:
    """A value on one line, and in which column, from 1, each value inside it begins."""

    text: str
    columns: dict[Place, int]

    def column(self, *place: Key) -> int:
        """Return where a value begins; for one that is not there, where what should hold it begins."""
        while place not in self.columns:
            place = place[:-1]
        return self.columns[place]


def read_json(data: bytes) -> object:
    """Return the value of a document in UTF-8: objects as `JsonObject`, the rest as the json module has it.

    Raises:
        RuleError: it is no JSON; ``column`` counts within the line that the error names.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RuleError(f"byte {error.start + 1} of the document is not UTF-8") from error
    try:
        return json.loads(
            text,
            object_pairs_hook=lambda members: JsonObject(tuple(members)),
            parse_int=_integer,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise RuleError(f"line {error.lineno} is not JSON: {error.msg}", error.colno) from error
    except RecursionError as error:
        raise RuleError("the document is nested too deeply for rules") from error


def _integer(digits: str) -> Union[int, float]:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _constant(name: str) -> NoReturn:
    raise RuleError(f"{name} is not JSON")


def one_line(value: object) -> Line:
    """Return a value as compact JSON; what no rule could be, for its depth, is cut short."""
    pieces: list[str] = []
    columns: dict[Place, int] = {}
    _write(value, (), pieces, columns, 1)
    return Line("".join(pieces), columns)


def _write(value: object, place: Place, pieces: list[str], columns: dict[Place, int], column: int) -> int:
    columns[place] = column
    if len(place) > _DEEPEST:
        return _put("...", pieces, column)
    inside: list[tuple[str, Key, object]]
    if isinstance(value, JsonObject):
        inside = [(f"{_scalar(name)}:", name, member) for name, member in value.members]
        opening, closing = "{}"
    elif isinstance(value, list):
        inside = [("", index, member) for index, member in enumerate(value)]
        opening, closing = "[]"
    else:
        return _put(_scalar(value), pieces, column)
    column = _put(opening, pieces, column)
    for number, (label, key, member) in enumerate(inside):
        column = _put(f",{label}" if number else label, pieces, column)
        column = _write(member, (*place, key), pieces, columns, column)
    return _put(closing, pieces, column)


def _put(text: str, pieces: list[str], column: int) -> int:
    pieces.append(text)
    return column + len(text)


def _scalar(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value)
    return text
