"""Usual events that are complete are given together, as far as they come together: that spares their reader a step each."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mig_audit.modules.audit.events.completed import node_of
from mig_audit.modules.audit.events.usual import UsualRun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.completed import Key
    from mig_audit.modules.audit.events.usual import Complete, UsualEvent

MOST_TOGETHER = 512
"""How many of them: then what is made of them is to be handed on."""


def give(usuals: list[UsualEvent], records: int, node: str, done: list[Complete]) -> None:
    """Give usual events together with those before them."""
    last = done[-1] if done else None
    if isinstance(last, UsualRun) and len(last.events) < MOST_TOGETHER and last.node == node:
        last.events.extend(usuals)
        done[-1] = UsualRun(last.events, last.records + records, node)
    else:
        done.append(UsualRun(usuals, records, node))


def give_each(
    keys: Sequence[Key], usuals: list[UsualEvent], records: Sequence[int], done: list[Complete]
) -> None:
    """Give usual events, each node's together as far as they come together."""
    start = 0
    for node, some in groupby(keys, node_of) if set(map(type, keys)) != {bytes} else (("", keys),):
        stop = start + len(list(some))
        give(usuals[start:stop], sum(records[start:stop]), node, done)
        start = stop
