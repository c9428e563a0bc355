"""What a run saw, counted by key, category, program and user, in bounded memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mig_audit.modules.audit.events.event import Event, Identities

OTHER = "(other)"
NONE = "(none)"
_NO_KEYS = (NONE,)
_VALUE_LIMIT = 256
_UNTOLD = 512  # each may have a path of 4,096 bytes, or 16,384 characters where they are no text


class Count(NamedTuple):
    """How many events had this value."""

    value: str
    events: int


class Actor(NamedTuple):
    """Who did it, and for which rules it is told: the keys, the program's path, the user."""

    keys: tuple[str, ...]
    exe: Optional[str]
    user: str

    @classmethod
    def of(cls, event: Event) -> Actor:
        """Return that of a decoded event."""
        return cls(event.keys, event.process.exe, user_of(event.identities))


class Summary:
    """Counts events.

    Args:
        distinct: how many values of each kind are told apart; further ones are counted together as ``(other)``.
    """

    def __init__(self, *, distinct: int = 4096) -> None:
        self._distinct = distinct
        self._counts: dict[str, Counter[str]] = {
            "keys": Counter(),
            "categories": Counter(),
            "executables": Counter(),
            "users": Counter(),
        }
        # What was not taken apart yet: the same few come again and again.
        self._untold: Counter[tuple[str, Actor]] = Counter()

    @property
    def events(self) -> int:
        """Return how many events were counted."""
        self._tell()
        return sum(self._counts["categories"].values())

    def add(self, category: str, actor: Actor) -> None:
        """Count one event; once for each of its keys."""
        self._untold[category, actor] += 1
        if len(self._untold) >= _UNTOLD:
            self._tell()

    def add_all(self, pairs: Iterable[tuple[str, Actor]]) -> None:
        """Count events, each by its category and actor."""
        self._untold.update(pairs)
        if len(self._untold) >= _UNTOLD:
            self._tell()

    def top(self, limit: int = 20) -> dict[str, tuple[Count, ...]]:
        """Return the most frequent values of each kind, the most frequent first, then by value."""
        self._tell()
        return {
            kind: tuple(
                Count(*item) for item in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
            )
            for kind, counts in self._counts.items()
        }

    def _tell(self) -> None:
        keys: dict[str, int] = {}
        categories: dict[str, int] = {}
        executables: dict[str, int] = {}
        users: dict[str, int] = {}
        for (category, (names, exe, user)), events in self._untold.items():
            for key in names or _NO_KEYS:
                keys[key] = keys.get(key, 0) + events
            categories[category] = categories.get(category, 0) + events
            program = exe or NONE
            executables[program] = executables.get(program, 0) + events
            users[user] = users.get(user, 0) + events
        self._untold.clear()
        for kind, found in zip(self._counts, (keys, categories, executables, users)):
            self._add(self._counts[kind], found)

    def _add(self, counts: Counter[str], found: Mapping[str, int]) -> None:
        others = 0
        for whole, events in found.items():
            value = whole[:_VALUE_LIMIT]
            if value in counts or len(counts) < self._distinct:
                counts[value] += events
            else:
                others += events
        if others:
            counts[OTHER] += others


def user_of(identities: Identities) -> str:
    """Return who it was: who logged in if that is known, else on whose account it ran; of a long name, the start."""
    for identity in (identities.auid, identities.uid):
        if identity is not None and identity.name is not None:
            return identity.name[:_VALUE_LIMIT]
    uid = identities.uid
    return NONE if uid is None or uid.number is None else str(uid.number)
