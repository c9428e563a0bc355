"""What is remembered of files by their identity, in bounded memory: the least lately used is forgotten first."""

from __future__ import annotations

from typing import Generic, Optional, TypeVar

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Remembered(Generic[_Key, _Value]):
    """Values by key.

    Args:
        most: how much they may weigh together.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._values: dict[_Key, tuple[_Value, int]] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._values)

    def __contains__(self, key: _Key) -> bool:
        """Say whether there is a value."""
        return key in self._values

    def get(self, key: _Key) -> Optional[_Value]:
        """Return a value, which is the last then to be forgotten; None if there is none."""
        found = self._values.pop(key, None)
        if found is None:
            return None
        self._values[key] = found
        return found[0]

    def put(self, key: _Key, value: _Value, weight: int = 1) -> None:
        """Remember a value."""
        self.forget(key)
        self._values[key] = value, weight
        self._weight += weight
        while self._weight > self._most:
            self.forget(next(iter(self._values)))

    def forget(self, key: _Key) -> Optional[_Value]:
        """Forget a value, and return it."""
        found = self._values.pop(key, None)
        if found is None:
            return None
        self._weight -= found[1]
        return found[0]

    def values(self) -> list[_Value]:
        """Return all of them, the first to be forgotten first."""
        return [value for value, _ in self._values.values()]
