"""One element of libaudit-go's JSON, its members read by their types. Every error points to its column in the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules.words import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.rules.libaudit_go_json import JsonObject, Key, Line, Place

_LARGEST = (
    2.0**64
)  # 1e3 is a whole number too; from here on, the digits of a float are not those that were written


@dataclass(frozen=True)
class Element:
    """A rule's members, and the line that errors point into."""

    members: JsonObject
    line: Line

    def error(self, what: str, *place: Key, remedy: str = "") -> RuleError:
        """Return an error to raise, which points to a place in the element."""
        return RuleError(what, self.line.column(*place), remedy)

    def check(self, value: JsonObject, place: Place, allowed: Sequence[str]) -> None:
        """Raise RuleError for a member that has no meaning here, or that occurs twice."""
        for name in value.repeated():
            raise self.error(f"{name!r} occurs twice", *place, name, remedy="keep one")
        for name, _ in value.members:
            if name not in allowed:
                known = ", ".join(allowed)
                raise self.error(f"{name!r} has no meaning here", *place, name, remedy=f"known are {known}")

    def word(self, text: str, *place: Key) -> Word:
        """Return a string of the rule as a word that remembers where the string begins."""
        column = self.line.column(*place)
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise RuleError("half a character cannot be encoded", column) from error
        if "\0" in text:
            raise RuleError("a rule cannot hold a NUL", column)
        return Word(text, (column,) * (len(text) + 1))

    def string(self, name: str) -> Optional[Word]:
        """Return a member that is a string; None if it is not there, null, or empty as a Go program leaves it."""
        value = self.members.get(name)
        if value is None or value == "":
            return None
        return self.word(self._string(value, name), name)

    def _string(self, value: object, *place: Key) -> str:
        if not isinstance(value, str):
            raise self.error(f"{place[-1]} is to be a string", *place)
        return value

    def array(self, name: str) -> Optional[list[object]]:
        """Return a member that is an array; None if it is not there or null."""
        value = self.members.get(name)
        if value is not None and not isinstance(value, list):
            raise self.error(f"{name} is to be an array", name)
        return value

    def strings(self, name: str) -> Optional[list[tuple[str, Place]]]:
        """Return the strings of an array, with their places."""
        values = self.array(name)
        if values is None:
            return None
        return [(self.scalar(value, name, index), (name, index)) for index, value in enumerate(values)]

    def scalar(self, value: object, *place: Key) -> str:
        """Return a string, or a whole number as auditctl's text has it."""
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, float) and abs(value) < _LARGEST and value.is_integer():
            return str(int(value))
        raise self.error("this is to be a string or a whole number", *place)
