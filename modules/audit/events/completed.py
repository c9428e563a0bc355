"""Which events were completed lately, so that what comes of them afterwards is known to be late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Key = Union[bytes, tuple[str, bytes]]
"""An event's stamp; with its node, if it has one."""


def key_of(stamp: bytes, node: str) -> Key:
    """Return the key of an event."""
    return (node, stamp) if node else stamp


def keys_of(stamps: Sequence[bytes], node: str) -> Sequence[Key]:
    """Return the keys of some events of a node."""
    return [(node, stamp) for stamp in stamps] if node else stamps


def node_of(key: Key) -> str:
    """Return the node of an event, empty without one."""
    return "" if isinstance(key, bytes) else key[0]


class Completed:
    """Remembers at least the last ``memory`` events, and at most twice as many."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._parts: dict[Key, int] = {}  # how many groups each gave
        self._parts_before: dict[Key, int] = {}

    def add(self, key: Key) -> int:
        """Remember that a part of an event was given out; return how many were before."""
        part = self._parts.get(key) or self._parts_before.get(key, 0)
        self._parts[key] = part + 1
        if len(self._parts) > self._memory:
            self._parts_before, self._parts = self._parts, {}
        return part

    def add_new(self, keys: Collection[Key]) -> None:
        """Remember events, different ones of which it knows none, as complete."""
        if len(self._parts) + len(keys) > self._memory:
            for key in keys:
                self.add(key)
        else:
            self._parts.update(dict.fromkeys(keys, 1))

    def knows_none(self, keys: Collection[Key]) -> bool:
        """Say whether it knows none of these events."""
        return self._parts.keys().isdisjoint(keys) and self._parts_before.keys().isdisjoint(keys)
