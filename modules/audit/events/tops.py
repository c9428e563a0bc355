"""The most frequent values of some kinds in a stream of events, for people; in bounded memory."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Callable

from mig_audit.modules.audit.events.summary import NONE, OTHER, Count, user_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mig_audit.modules.audit.events.event import Event

_DISTINCT = 65_536  # values of a kind that are told apart
_VALUE_LIMIT = 4096
_SIZE = 24 << 20  # bytes of values, of all kinds together


def _keys(event: Event) -> Sequence[str]:
    return event.keys or (NONE,)


def _executables(event: Event) -> Sequence[str]:
    return (event.process.exe or NONE,)


def _users(event: Event) -> Sequence[str]:
    return (user_of(event.identities),)


def _paths(event: Event) -> Sequence[str]:
    subject = event.subject
    path = None if subject is None else subject.path or subject.name
    return () if path is None else (path,)


def _syscalls(event: Event) -> Sequence[str]:
    if event.syscall is None:
        return ()
    return (event.syscall.name or str(event.syscall.number),)


def _addresses(event: Event) -> Sequence[str]:
    if event.address is not None and event.address.address is not None:
        return (event.address.text,)
    if event.message is not None and event.message.addr is not None:
        return (event.message.addr,)
    return ()


def _categories(event: Event) -> Sequence[str]:
    return (event.category,)


KINDS: Mapping[str, Callable[[Event], Sequence[str]]] = {
    "keys": _keys,
    "categories": _categories,
    "exes": _executables,
    "users": _users,
    "paths": _paths,
    "syscalls": _syscalls,
    "addresses": _addresses,
}
"""What can be counted: each kind gives the values of one event."""


class Tops:
    """Counts events by some kinds.

    Args:
        kinds: names of `KINDS`.
        distinct: how many values of each kind are told apart; further ones are counted together as ``(other)``.
        size: how many bytes all of them may take; beyond it, the same.
    """

    def __init__(self, kinds: Iterable[str], *, distinct: int = _DISTINCT, size: int = _SIZE) -> None:
        self._distinct = distinct
        self._room = size
        self._counts: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}

    def add(self, event: Event) -> None:
        """Count one event, once for each different value."""
        for kind, counts in self._counts.items():
            for value in dict.fromkeys(KINDS[kind](event)):
                known = value[:_VALUE_LIMIT]
                counts[known if known in counts or self._has_room(counts, known) else OTHER] += 1

    def _has_room(self, counts: Counter[str], value: str) -> bool:
        size = sys.getsizeof(value)
        if len(counts) >= self._distinct or size > self._room:
            return False
        self._room -= size
        return True

    def top(self, limit: int) -> dict[str, tuple[Count, ...]]:
        """Return the most frequent values of each kind, the most frequent first, then by value."""
        return {
            kind: tuple(
                Count(*item) for item in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
            )
            for kind, counts in self._counts.items()
        }


def table(counts: Mapping[str, Sequence[Count]]) -> list[str]:
    """Return the counts as lines: a heading for each kind, then its values."""
    lines: list[str] = []
    for kind, values in counts.items():
        width = max((len(str(count.events)) for count in values), default=0)
        lines += [*([""] if lines else []), kind]
        lines += [f"  {count.events:>{width}}  {count.value}" for count in values]
    return lines
