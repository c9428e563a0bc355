"""Conditions as functions of a glance: each part of one asks the piece of the records that decides it, once for each text.

The same programs call the same calls for the same rules, so that most answers are one look into a dict: a condition is
taken apart into parts that one piece of text decides, and what was the answer to a text is remembered, in bounded
memory. What has no such piece asks the records anew each time. `matching.decide` is the plain version of all of it.
"""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Callable, Optional, TypeVar, Union

from mig_audit.modules.audit.events.category import open_flags_index
from mig_audit.modules.audit.events.filters.early import TAIL_FIELDS, EarlyCall
from mig_audit.modules.audit.events.filters.fields import ENRICHED
from mig_audit.modules.audit.events.filters.leaves import Leaf
from mig_audit.modules.audit.events.filters.matching import asks_names, compile_condition, decide, leaves_of
from mig_audit.modules.audit.events.filters.model import Every, Opposite, Some
from mig_audit.modules.audit.events.filters.path_test import PathTest
from mig_audit.modules.audit.events.glance import call_of
from mig_audit.modules.audit.records.memo import LONGEST

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from mig_audit.modules.audit.events.enrichment.model import Enrichment
    from mig_audit.modules.audit.events.filters.early import Early
    from mig_audit.modules.audit.events.filters.model import Condition
    from mig_audit.modules.audit.events.glance import Seen

EarlyTest = Callable[["EarlyCall"], Optional[bool]]
"""Says whether the event of a system call meets a condition, None where that cannot be told yet."""

_Key = TypeVar("_Key")
_Answer = TypeVar("_Answer")
_MEMORY = 8192  # answers that a part of a condition remembers; then all of them are forgotten
# The pieces of a glance, the cheapest first.
_CALL, _WHO, _NUMBER, _RECORD, _ENRICHMENT, _PATH, _SEVERAL = range(7)
_PIECES: Mapping[str, tuple[int, str]] = {
    **dict.fromkeys(("arch", "syscall", "success"), (_CALL, "call")),
    **dict.fromkeys(("exit", "errno"), (_NUMBER, "exit")),
    **dict.fromkeys(TAIL_FIELDS, (_WHO, "who")),
    **{name: (_NUMBER, name) for name in ("a0", "a1", "a2", "a3", "pid", "ppid")},
    **dict.fromkeys(("address", "port", "family", "socket"), (_RECORD, "address")),
    **dict.fromkeys(("command", "argument"), (_RECORD, "commands")),
    "type": (_RECORD, "types"),
    "title": (_RECORD, "title"),
    "cwd": (_RECORD, "cwd"),
    **dict.fromkeys(ENRICHED, (_ENRICHMENT, "")),
    "category": (_RECORD, "category"),
    "path": (_PATH, "paths"),
}


class Question:
    """A condition, asked of a whole event or before there is one.

    Attributes:
        meets: says of an event whether it meets the condition; never raises.
        meets_call: says the same of a system call's event before it is decoded.
        asks_names: whether it depends on names of users or groups.
    """

    def __init__(self, condition: Condition) -> None:
        self._condition = condition
        self.meets = compile_condition(condition)
        self.meets_call = compile_early(condition)
        self.asks_names = asks_names(condition)

    def meets_early(self, early: Early) -> Optional[bool]:
        """Say whether an event meets it, None where that cannot be told yet."""
        return (
            self.meets_call(early) if isinstance(early, EarlyCall) else decide(self._condition, early.values)
        )


def compile_early(condition: Condition) -> EarlyTest:
    """Return the function that says of an event what `decide` says of it; it has a glance."""
    rank, piece = _piece(condition)
    if rank == _PATH and isinstance(condition, Leaf):
        return PathTest(condition)
    if rank == _ENRICHMENT:
        return _by_enrichment(condition)
    if rank < _ENRICHMENT:
        part_of = _opening if piece == "category" else attrgetter(piece)
        return _by_names(condition) if asks_names(condition) else _by_part(condition, part_of)
    if isinstance(condition, Opposite):
        return _opposite(compile_early(condition.part))
    if isinstance(condition, (Every, Some)):
        return _combined(condition)
    return lambda early: decide(condition, early.values)


def _piece(condition: Condition) -> tuple[int, str]:
    """Return what decides a condition, if that is one piece of the records."""
    pieces = {_PIECES.get(leaf.field.name, (_SEVERAL, "")) for leaf in leaves_of(condition)}
    return pieces.pop() if len(pieces) == 1 else (_SEVERAL, "")


def _opposite(test: EarlyTest) -> EarlyTest:
    def opposite(early: EarlyCall) -> Optional[bool]:
        answer = test(early)
        return None if answer is None else not answer

    return opposite


def _combined(condition: Union[Every, Some]) -> EarlyTest:
    """Return the function of a condition whose parts ask several pieces; those that ask the same are asked together."""
    make: type[Union[Every, Some]] = type(condition)
    groups: dict[tuple[int, str], list[Condition]] = {}
    for part in condition.parts:
        groups.setdefault(_piece(part), []).append(part)
    apart = [part for (rank, _), parts in groups.items() if rank >= _PATH for part in parts]
    together = [groups[piece] for piece in sorted(groups) if piece[0] < _PATH]
    tests = [compile_early(make(tuple(parts))) for parts in together] + [
        compile_early(each) for each in apart
    ]
    settles = make is Some

    def combined(early: EarlyCall) -> Optional[bool]:
        certain = True
        for test in tests:
            answer = test(early)
            if answer is settles:
                return settles
            certain = certain and answer is not None
        return not settles if certain else None

    return combined


def _by_part(condition: Condition, part_of: Callable[[Seen], Hashable]) -> EarlyTest:
    """Return the function of what one part of a glance decides."""
    known: dict[Hashable, Optional[bool]] = {}

    def test(early: EarlyCall) -> Optional[bool]:
        part = part_of(early.glance)
        if part in known:
            return known[part]
        return _remember(known, part, decide(condition, early.values))

    return test


def _by_names(condition: Condition) -> EarlyTest:
    """Return the function of what the users at the end of the SYSCALL record decide, whose names hold for a minute."""
    known: dict[Hashable, Optional[bool]] = {}
    minute = -1

    def test(early: EarlyCall) -> Optional[bool]:
        nonlocal minute
        if early.look_up is None:
            return decide(condition, early.values)
        if early.look_up.minute != minute:
            known.clear()
            minute = early.look_up.minute
        who: Hashable = early.glance.who
        if early.look_up.added:
            who = who, early.look_up.added
        if who in known:
            return known[who]
        return _remember(known, who, decide(condition, early.values))

    return test


def _by_enrichment(condition: Condition) -> EarlyTest:
    """Return the function of what enrichment decides, which is one and the same object for most events of a process."""
    known: dict[int, tuple[Enrichment, Optional[bool]]] = {}

    def test(early: EarlyCall) -> Optional[bool]:
        enrichment = early.enrichment
        if enrichment is None:
            return decide(condition, early.values)
        found = known.get(id(enrichment))
        if found is not None and found[0] is enrichment:
            return found[1]
        answer = decide(condition, early.values)
        _remember(known, id(enrichment), (enrichment, answer))
        return answer

    return test


def _remember(known: dict[_Key, _Answer], key: _Key, answer: _Answer) -> _Answer:
    if _length(key) > LONGEST:
        return answer
    if len(known) >= _MEMORY:
        known.clear()
    known[key] = answer
    return answer


def _length(key: object) -> int:
    """Return how long a text is, or several together: of each EXECVE record of an event there may be kilobytes."""
    if isinstance(key, tuple):
        return len(key) + sum(map(_length, key))
    return len(key) if isinstance(key, (bytes, str)) else 0


def _opening(glance: Seen) -> Hashable:
    """Return what decides the category of a call: which it is, and its open flags, if it has any."""
    name = _flags_name(glance.call)
    return glance.call, getattr(glance, name) if name else None


@lru_cache(maxsize=4096)
def _flags_name(call: bytes) -> str:
    index = open_flags_index(call_of(call).name)
    return "" if index is None else f"a{index}"
