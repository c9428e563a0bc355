"""Points in time as people give them, and the filter that keeps what lies between two of them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.errors import UsageError
from mig_audit.quantities import parse_duration

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.event import Event
    from mig_audit.modules.audit.events.filters.early import Early

HELP = "2026-11-21T10:00:00 (UTC unless it has an offset), 10:00 on the first event's day, 10m before now, +30s after the first event"
"""What a point in time may be."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,3}))?)?")
_UNITS = ("s", "m", "h")  # the ends of a duration
_DAY = 86_400_000
_MILLISECOND = timedelta(milliseconds=1)


class Point(NamedTuple):
    """A point in time: milliseconds since the epoch, since the first event, or since the midnight before it."""

    since: str
    milliseconds: int

    def resolve(self, first: int) -> int:
        """Return milliseconds since the epoch, for a stream whose first event is at ``first``."""
        if self.since == "epoch":
            return self.milliseconds
        return self.milliseconds + (first if self.since == "first" else first - first % _DAY)


def parse_point(text: str, now: float) -> Point:
    """Return the point in time that a text means.

    Args:
        text: see `HELP`; a date alone is its midnight.
        now: seconds since the epoch.

    Raises:
        UsageError: it means none.
    """
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds, fraction = clock.groups(default="0")
        whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
        return Point("midnight", whole * 1000 + int(fraction.ljust(3, "0")))
    try:
        if text[-1:] in _UNITS and text[:1].isdigit():
            return Point("epoch", round((now - parse_duration(text)) * 1000))
        if text[:1] == "+":
            return Point("first", round(parse_duration(text[1:]) * 1000))
        moment = datetime.fromisoformat(f"{text[:-1]}+00:00" if text[-1:] in {"Z", "z"} else text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no point in time", f"write {HELP}") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return Point("epoch", (moment - _EPOCH) // _MILLISECOND)


class Between:
    """Takes away what lies before one point in time, or after another; both are still inside."""

    asks_names = False

    def __init__(self, since: Optional[Point], until: Optional[Point]) -> None:
        self._since, self._until = since, until
        self._first: Optional[int] = None

    def takes(self, event: Event) -> bool:
        """Say whether an event lies outside."""
        return self._outside(event.seconds * 1000 + event.milliseconds)

    def takes_early(self, _early: Early, time: int) -> bool:
        """Say the same early."""
        return self._outside(time)

    def _outside(self, now: int) -> bool:
        first = self._first = now if self._first is None else self._first
        before = self._since is not None and now < self._since.resolve(first)
        return before or (self._until is not None and now > self._until.resolve(first))
