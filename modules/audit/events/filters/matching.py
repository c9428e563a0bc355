"""Conditions as functions: of a whole event, or of what is known of it before it is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.modules.audit.events.filters.fields import IDENTITY
from mig_audit.modules.audit.events.filters.model import Every, Opposite, Some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events.event import Event
    from mig_audit.modules.audit.events.filters.leaves import Leaf
    from mig_audit.modules.audit.events.filters.model import Condition

Matcher = Callable[["Event"], bool]
Known = Callable[["Leaf"], Optional[tuple[Any, ...]]]
"""Gives the values of the field that a comparison asks for, None while they are not known."""


def compile_condition(condition: Condition) -> Matcher:
    """Return the function that says whether an event meets a condition; never raises."""
    if isinstance(condition, Every):
        matchers = [compile_condition(part) for part in condition.parts]
        return lambda event: all(matcher(event) for matcher in matchers)
    if isinstance(condition, Some):
        matchers = [compile_condition(part) for part in condition.parts]
        return lambda event: any(matcher(event) for matcher in matchers)
    if isinstance(condition, Opposite):
        inner = compile_condition(condition.part)
        return lambda event: not inner(event)
    return _leaf(condition)


def _leaf(leaf: Leaf) -> Matcher:
    values, test = leaf.field.values, leaf.test

    def matches(event: Event) -> bool:
        for value in values(event):  # noqa: SIM110  # a generator costs more than the test
            if test(value):
                return True
        return False

    return matches


def decide(condition: Condition, known: Known) -> Optional[bool]:
    """Return whether an event meets a condition, None where what is known does not tell."""
    if isinstance(condition, Opposite):
        inner = decide(condition.part, known)
        return None if inner is None else not inner
    if isinstance(condition, (Every, Some)):
        settles = isinstance(condition, Some)
        certain = True
        for part in condition.parts:
            verdict = decide(part, known)
            if verdict is settles:
                return settles
            certain = certain and verdict is not None
        return not settles if certain else None
    values = known(condition)
    return None if values is None else any(condition.test(value) for value in values)


def leaves_of(condition: Condition) -> Iterator[Leaf]:
    """Give every comparison in a condition."""
    if isinstance(condition, (Every, Some)):
        for part in condition.parts:
            yield from leaves_of(part)
    elif isinstance(condition, Opposite):
        yield from leaves_of(condition.part)
    else:
        yield condition


def asks_names(condition: Condition) -> bool:
    """Say whether a condition depends on names of users or groups."""
    return any(leaf.asks_names for leaf in leaves_of(condition) if leaf.field.kind == IDENTITY)
