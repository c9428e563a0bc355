"""What filters are made of: conditions on events, and what is done with the events that meet them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.filters.leaves import Leaf


@dataclass(frozen=True)
class Every:
    """All parts hold; of no parts, that is true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Some:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Opposite:
    """The part does not hold; true also where an event does not have what the part asks for."""

    part: Condition


Condition = Union["Leaf", Every, Some, Opposite]

ALWAYS = Every(())
"""The condition that every event meets."""
