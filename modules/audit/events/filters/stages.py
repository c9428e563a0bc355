"""Filters in a row: each takes some events away, counts them, and hands the others on.

Whatever their order of arrival, the same stream gives the same outcome: samples count events, and caps use the
stream's own time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from mig_audit.lean_typing import TYPE_CHECKING, Any, Optional, Protocol
from mig_audit.modules.audit.events.filters.companions import Companions
from mig_audit.modules.audit.events.filters.early import Early, EarlyRecord, OtherRecords, early_body
from mig_audit.modules.audit.events.filters.fields import IDENTITY
from mig_audit.modules.audit.events.filters.matching import compile_condition, decide, leaves_of
from mig_audit.modules.audit.events.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.decoder import LookUp
    from mig_audit.modules.audit.events.event import Event
    from mig_audit.modules.audit.events.filters.fields import Field
    from mig_audit.modules.audit.events.filters.model import Condition

_VALUES_LIMIT = 4096  # values of a field that a sample or cap tells apart; beyond it the oldest is forgotten
_MEMO_LIMIT = 8192


class Stage(Protocol):
    """One filter."""

    def takes(self, event: Event) -> bool:
        """Say whether it takes an event away; never raises."""

    def takes_early(self, record: Early) -> Optional[bool]:
        """Say whether it will take away the event of this record, None if that cannot be told yet.

        Nothing is counted by the asking.
        """

    @property
    def fields(self) -> frozenset[str]:
        """Return the fields that an early answer depends on."""

    @property
    def asks_names(self) -> bool:
        """Say whether it depends on names of users or groups."""


class Choice:
    """Keeps what meets a condition, or drops it."""

    def __init__(self, condition: Condition, *, keep: bool) -> None:
        self._condition = condition
        self._matches = compile_condition(condition)
        self._keep = keep
        self.fields = _fields(condition)
        self.asks_names = _asks_names(condition)

    def takes(self, event: Event) -> bool:
        """Say whether it takes an event away."""
        return self._matches(event) != self._keep

    def takes_early(self, record: Early) -> Optional[bool]:
        """Say whether it will."""
        verdict = decide(self._condition, record.values)
        return None if verdict is None else verdict != self._keep


class Sample:
    """Keeps the first and then each n-th of the events that meet a condition, for each value of a field on its own."""

    def __init__(self, condition: Condition, one_in: int, by: Optional[Field] = None) -> None:
        self._condition = condition
        self._matches = compile_condition(condition)
        self._one_in = one_in
        self._by = by
        self._seen: OrderedDict[object, int] = OrderedDict()
        self.fields = _fields(condition)
        self.asks_names = _asks_names(condition)

    def takes(self, event: Event) -> bool:
        """Say whether it takes an event away."""
        if not self._matches(event):
            return False
        value = _value(self._by, event)
        count = self._seen.pop(value, 0)
        self._seen[value] = (count + 1) % self._one_in
        if len(self._seen) > _VALUES_LIMIT:
            self._seen.popitem(last=False)
        return count > 0

    def takes_early(self, record: Early) -> Optional[bool]:
        """Say that it will not, where the condition is not met."""
        return False if decide(self._condition, record.values) is False else None


@dataclass
class _Period:
    start: int
    count: int = 0


class Cap:
    """Lets a number of the events that meet a condition through in each period of stream time.

    Args:
        condition: which events count.
        events: how many.
        period: milliseconds; a period begins with the first event after the last one.
        by: a field, each value of which has its own number; its first value counts.
    """

    def __init__(self, condition: Condition, events: int, period: int, by: Optional[Field] = None) -> None:
        self._condition = condition
        self._matches = compile_condition(condition)
        self._events = events
        self._period = period
        self._by = by
        self._periods: OrderedDict[object, _Period] = OrderedDict()
        self.fields = _fields(condition)
        self.asks_names = _asks_names(condition)

    def takes(self, event: Event) -> bool:
        """Say whether it takes an event away."""
        if not self._matches(event):
            return False
        now = event.seconds * 1000 + event.milliseconds
        value = _value(self._by, event)
        period = self._periods.pop(value, None)
        # A clock that was set back begins anew, else nothing would come through until it has caught up.
        if period is None or abs(now - period.start) >= self._period:
            period = _Period(now)
        self._periods[value] = period
        if len(self._periods) > _VALUES_LIMIT:
            self._periods.popitem(last=False)
        period.count += 1
        return period.count > self._events

    def takes_early(self, record: Early) -> Optional[bool]:
        """Say that it will not, where the condition is not met."""
        return False if decide(self._condition, record.values) is False else None


class Filters:
    """All filters of a run, in order.

    Args:
        stages: the filters, by the names under which they are counted.

    Attributes:
        asks_names: whether some ask for users or groups by name.
    """

    def __init__(self, stages: Sequence[tuple[str, Stage]]) -> None:
        self._stages = tuple(stages)
        self._taken = [0] * len(self._stages)
        self._memo: dict[tuple[bytes, ...], int] = {}
        # Without those that differ with every call, the same few answers come again and again.
        repeated = all(stage.fields <= EarlyRecord.REPEATED for _, stage in self._stages)
        self.asks_names = any(stage.asks_names for _, stage in self._stages)
        self._memorable = repeated
        self._minute = -1

    @property
    def taken(self) -> dict[str, int]:
        """Return how many events each filter took away."""
        return {name: count for (name, _), count in zip(self._stages, self._taken)}

    def keep(self, event: Event) -> bool:
        """Say whether an event passes all filters, and count it where it does not; never raises."""
        for index, (_, stage) in enumerate(self._stages):
            if stage.takes(event):
                self._taken[index] += 1
                return False
        return True

    def early(self, body: bytes) -> Verdict:
        """Say what will become of an event from the body of its SYSCALL record; nothing is counted.

        It holds for events of which no other record says who did what: those that `keep_early` looks at.
        """
        index = self._early(body)
        return Verdict.UNKNOWN if index is None else Verdict.KEEP if index < 0 else Verdict.DROP

    def keep_early(
        self, types: Sequence[str], bodies: Sequence[bytes], look_up: Optional[LookUp] = None
    ) -> Verdict:
        """Say the same of the records of one event, and count it if it is dropped; KEEP is not asked for again.

        They are records without node and interpretations; of none at all, it says UNKNOWN. Users by name are known only if
        there is ``look_up``.
        """
        if "SYSCALL" in types:
            body = early_body(types, bodies)
            index = None if body is None else self._early(body, Companions(types, bodies), look_up)
        else:
            index = self._decide(OtherRecords(types, bodies, look_up)) if types else None
        if index is None:
            return Verdict.UNKNOWN
        if index < 0:
            return Verdict.KEEP
        self._taken[index] += 1
        return Verdict.DROP

    def _early(
        self, body: bytes, companions: Optional[Companions] = None, look_up: Optional[LookUp] = None
    ) -> Optional[int]:
        """Return the number of the filter that takes the event away, -1 if none does, None if it is not known."""
        shape = EarlyRecord.SHAPE.fullmatch(body)
        if shape is None:
            return None
        if look_up is not None and look_up.minute != self._minute:
            self._memo.clear()  # names hold for a minute
            self._minute = look_up.minute
        if not self._memorable or (self.asks_names and look_up is None):
            return self._decide(EarlyRecord(shape, companions, look_up))
        key = EarlyRecord.repeated(shape)
        known = self._memo.get(key, _NO_ANSWER)
        if known == _NO_ANSWER:
            answer = self._decide(EarlyRecord(shape, companions, look_up))
            if len(self._memo) >= _MEMO_LIMIT:
                self._memo.clear()
            known = self._memo[key] = _UNDECIDED if answer is None else answer
        return None if known == _UNDECIDED else known

    def _decide(self, record: Early) -> Optional[int]:
        if not record.readable:
            return None
        for index, (_, stage) in enumerate(self._stages):
            takes = stage.takes_early(record)
            if takes is None:
                return None
            if takes:
                return index
        return -1


_UNDECIDED, _NO_ANSWER = -2, -3


def _fields(condition: Condition) -> frozenset[str]:
    return frozenset(leaf.field.name for leaf in leaves_of(condition))


def _asks_names(condition: Condition) -> bool:
    return any(leaf.asks_names for leaf in leaves_of(condition) if leaf.field.kind == IDENTITY)


def _value(by: Optional[Field], event: Event) -> Any:  # noqa: ANN401  # any field's
    values = by.values(event) if by else ()
    return values[0] if values else None
