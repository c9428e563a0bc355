"""What is remembered, in bounded memory, and how a part of an event becomes bytes."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import Any, Callable, TypeVar

from mig_audit.modules.audit.formats.jsontext import to_json

ENTRIES = 1024
"""Of each kind of fragment; then all of that kind are forgotten. What comes again does so soon."""

MANY = 4096
"""Of the kinds that are few and short, and that others are made of."""

TRACES = 4
"""For each entry there is room for, of keys that came once."""

LONGEST = 512
"""Bytes of what is remembered: longer records are rare, and would be the memory that the whole program may use."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Declined(Exception):  # noqa: N818  # not an error: the event takes the long way
    """A record is not of the shape that the shortcut knows."""


def came_before(traces: bytearray, number: int) -> bool:
    """Say whether a key of this hash came before, and leave a trace of it.

    What comes again is worth remembering, and most that does not come at once never does. Whoever makes every string
    unique fills no memory but these bytes (a power of two of them), in which later traces cover earlier ones. One key in
    256 is taken for another, and remembered the first time.
    """
    place, trace = number & (len(traces) - 1), number >> 32 & 0xFF
    if traces[place] == trace:
        return True
    traces[place] = trace
    return False


class Memory(dict[_Key, _Value]):
    """Makes a value where it has none: ``memory[key]`` costs what a dict does for what was seen twice before.

    Attributes:
        entries: how many it remembers, a power of two.
    """

    entries = ENTRIES

    def __init__(self) -> None:
        super().__init__()
        self._traces = bytearray(TRACES * self.entries)

    def make(self, key: _Key) -> _Value:
        """Return the value of a key, or raise `Declined`."""
        raise NotImplementedError

    def __missing__(self, key: _Key) -> _Value:
        """Make it; remember it if this is not the first time."""
        value = self.make(key)
        if came_before(self._traces, hash(key)):
            self.keep(key, value)
        return value

    def offer(self, key: _Key, value: _Value) -> None:
        """Do the same with what was made elsewhere."""
        if came_before(self._traces, hash(key)):
            self.keep(key, value)

    def keep(self, key: _Key, value: _Value) -> None:
        """Remember one more, unless it is long."""
        if isinstance(key, bytes) and len(key) > LONGEST:
            return
        if len(self) >= self.entries:
            self.clear()
        self[key] = value


def written(add: Callable[..., None], *what: object) -> bytes:
    """Return the members that a function of `mozdef` adds to the details."""
    details: dict[str, Any] = {}
    add(details, *what)
    return members(details)


def members(values: dict[str, Any]) -> bytes:
    """Return the members of an object, a comma before each."""
    return b"," + to_json(values)[1:-1] if values else b""


def encoded_text(text: str) -> bytes:
    """Return a string as `to_json` does, in a third of the time."""
    return encode_basestring(text).encode("utf-8")
