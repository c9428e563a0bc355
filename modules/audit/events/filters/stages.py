"""Filters in a row: each takes some events away, counts them, and hands the others on.

Whatever their order of arrival, the same stream gives the same outcome: samples count events, and caps use the
stream's own time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional, Protocol

from mig_audit.modules.audit.events.filters.early import EarlyCall
from mig_audit.modules.audit.events.filters.fields import IDENTITY
from mig_audit.modules.audit.events.filters.leaves import EQUALS, Leaf
from mig_audit.modules.audit.events.filters.messages import EarlyOther
from mig_audit.modules.audit.events.filters.remembered import Question
from mig_audit.modules.audit.events.verdict import DROPPED, KEPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.enrichment.model import Enrichment
    from mig_audit.modules.audit.events.event import Event
    from mig_audit.modules.audit.events.filters.early import Early
    from mig_audit.modules.audit.events.filters.fields import Field
    from mig_audit.modules.audit.events.filters.model import Condition
    from mig_audit.modules.audit.events.filters.remembered import EarlyTest
    from mig_audit.modules.audit.events.glance import Seen
    from mig_audit.modules.audit.events.identities import LookUp

_VALUES_LIMIT = 4096  # values of a field that a sample or cap tells apart; beyond it the oldest is forgotten


class Stage(Protocol):
    """One filter."""

    def takes(self, event: Event) -> bool:
        """Say whether it takes an event away, and count it where it counts events; never raises."""

    def takes_early(self, early: Early, time: int) -> Optional[bool]:
        """Say the same of an event before it is decoded, and of its time in milliseconds.

        None, and nothing is counted, where that cannot be told yet.
        """

    @property
    def asks_names(self) -> bool:
        """Say whether it depends on names of users or groups."""


_CallTest = Callable[[EarlyCall, int], Optional[bool]]


class _By:
    """The value that events are counted by."""

    def __init__(self, field: Optional[Field]) -> None:
        self._field = field
        # Names are part of the value, whoever asks.
        self._leaf = None if field is None else Leaf(field, EQUALS, ("?",), bool)
        self.asks_names = field is not None and field.kind == IDENTITY

    def value(self, event: Event) -> Any:  # noqa: ANN401  # any field's
        """Return it; the first, if the event has several."""
        values = self._field.values(event) if self._field else ()
        return values[0] if values else None

    def early(self, early: Early) -> tuple[bool, Any]:
        """Return whether it is known, and what it is."""
        values = early.values(self._leaf) if self._leaf else ()
        return values is not None, values[0] if values else None


def _taking(meets_early: EarlyTest, *, keep: bool) -> _CallTest:
    """Return what says of a system call's event whether a choice takes it away."""

    def takes(early: EarlyCall, _time: int) -> Optional[bool]:
        meets = meets_early(early)
        return None if meets is None else meets is not keep

    return takes


class Choice:
    """Keeps what meets a condition, or drops it."""

    def __init__(self, condition: Condition, *, keep: bool) -> None:
        self._question = Question(condition)
        self._keep = keep
        self.asks_names = self._question.asks_names
        self.takes_call = _taking(self._question.meets_call, keep=keep)

    def takes(self, event: Event) -> bool:
        """Say whether it takes an event away."""
        return self._question.meets(event) != self._keep

    def takes_early(self, early: Early, _time: int) -> Optional[bool]:
        """Say the same early."""
        meets = self._question.meets_early(early)
        return None if meets is None else meets != self._keep


class _Counting:
    """What a sample and a cap have in common: of the events that meet a condition, some are counted out."""

    def __init__(self, condition: Condition, by: Optional[Field]) -> None:
        self._question = Question(condition)
        self._by = _By(by)
        self.asks_names = self._question.asks_names or self._by.asks_names

    def takes(self, event: Event) -> bool:
        """Say whether it takes an event away."""
        if not self._question.meets(event):
            return False
        return self._count(self._by.value(event), event.seconds * 1000 + event.milliseconds)

    def takes_early(self, early: Early, time: int) -> Optional[bool]:
        """Say the same early."""
        meets = self._question.meets_early(early)
        if not meets:
            return meets
        known, value = self._by.early(early)
        return self._count(value, time) if known else None

    def _count(self, value: object, time: int) -> bool:
        raise NotImplementedError


class Sample(_Counting):
    """Keeps the first and then each n-th of the events that meet a condition, for each value of a field on its own."""

    def __init__(self, condition: Condition, one_in: int, by: Optional[Field] = None) -> None:
        super().__init__(condition, by)
        self._one_in = one_in
        self._seen: OrderedDict[object, int] = OrderedDict()

    def _count(self, value: object, _time: int) -> bool:
        count = self._seen.pop(value, 0)
        self._seen[value] = (count + 1) % self._one_in
        if len(self._seen) > _VALUES_LIMIT:
            self._seen.popitem(last=False)
        return count > 0


@dataclass
class _Period:
    start: int
    count: int = 0


class Cap(_Counting):
    """Lets a number of the events that meet a condition through in each period of stream time.

    Args:
        condition: which events count.
        events: how many.
        period: milliseconds; a period begins with the first event after the last one.
        by: a field, each value of which has its own number; its first value counts.
    """

    def __init__(self, condition: Condition, events: int, period: int, by: Optional[Field] = None) -> None:
        super().__init__(condition, by)
        self._events = events
        self._period = period
        self._periods: OrderedDict[object, _Period] = OrderedDict()

    def _count(self, value: object, time: int) -> bool:
        period = self._periods.pop(value, None)
        # A clock that was set back begins anew, else nothing would come through until it has caught up.
        if period is None or abs(time - period.start) >= self._period:
            period = _Period(time)
        self._periods[value] = period
        if len(self._periods) > _VALUES_LIMIT:
            self._periods.popitem(last=False)
        period.count += 1
        return period.count > self._events


class Filters:
    """All filters of a run, in order.

    Args:
        stages: the filters, by the names under which they are counted.

    Attributes:
        asks_names: whether some ask for users or groups by name.
        asks_time: whether some may ask for the time of an event; the others are given any.
    """

    def __init__(self, stages: Sequence[tuple[str, Stage]]) -> None:
        self._stages = tuple(stages)
        self._taken = [0] * len(self._stages)
        self._calls = [(index, _takes_call(stage)) for index, (_, stage) in enumerate(self._stages)]
        self.asks_names = any(stage.asks_names for _, stage in self._stages)
        self.asks_time = not all(isinstance(stage, Choice) for _, stage in self._stages)
        self._call: Optional[EarlyCall] = None  # the one that is asked about now
        self._node = ""

    @property
    def taken(self) -> dict[str, int]:
        """Return how many events each filter took away."""
        return {name: count for (name, _), count in zip(self._stages, self._taken)}

    def keep(self, event: Event, since: int = 0) -> bool:
        """Say whether an event passes all filters from one on, and count it where it does not; never raises."""
        for index, (_, stage) in enumerate(self._stages[since:], since):
            if stage.takes(event):
                self._taken[index] += 1
                return False
        return True

    def turn_to(self, node: str) -> None:
        """Be asked next about events of this node, before they are decoded."""
        self._node = node

    def ask_call(
        self,
        glance: Seen,
        time: int,
        look_up: Optional[LookUp] = None,
        enrichment: Optional[Enrichment] = None,
    ) -> int:
        """Say what becomes of the event of a system call, as far as a glance at it tells.

        Returns ``KEPT``, ``DROPPED``, or the number of the first filter that must see the decoded event; those before
        it are not asked again. Users by name are known only if there is ``look_up``. ``time`` is in milliseconds.
        """
        if not glance.alone:
            return 0
        early = self._call
        if early is None:
            early = self._call = EarlyCall(glance)
        early.glance, early.look_up, early.enrichment, early.node = glance, look_up, enrichment, self._node
        for index, takes_call in self._calls:
            takes = takes_call(early, time)
            if takes is None:
                return index
            if takes:
                self._taken[index] += 1
                return DROPPED
        return KEPT

    def ask_other(
        self,
        types: Sequence[str],
        bodies: Sequence[bytes],
        time: int,
        look_up: Optional[LookUp] = None,
        enrichment: Optional[Enrichment] = None,
    ) -> int:
        """Say the same of an event without a system call."""
        early = EarlyOther(types, bodies, look_up, enrichment, self._node)
        for index, (_, stage) in enumerate(self._stages):
            takes = stage.takes_early(early, time)
            if takes is None:
                return index
            if takes:
                self._taken[index] += 1
                return DROPPED
        return KEPT


def _takes_call(stage: Stage) -> _CallTest:
    return stage.takes_call if isinstance(stage, Choice) else stage.takes_early
