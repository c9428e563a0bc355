"""Points in time as people give them."""

from __future__ import annotations

import pytest
from kernel_events import syscall_event

from mig_audit.errors import UsageError
from mig_audit.modules.audit.events.filters.times import Between, parse_point

_NOON = 1_700_049_600_000  # 2023-11-15 12:00 UTC
_FIRST = _NOON - 1_234_567


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2023-11-15T12:00:00", _NOON),
        ("2023-11-15T12:00:00Z", _NOON),
        ("2023-11-15T13:00:00+01:00", _NOON),
        ("2023-11-15 12:00:00.250", _NOON + 250),
        ("2023-11-15", _NOON - 12 * 3_600_000),
        ("12:00", _NOON),
        ("12:00:01", _NOON + 1000),
        ("12:00:00.5", _NOON + 500),
        ("+1.5s", _FIRST + 1500),
        ("1h", _NOON - 3_600_000),
    ],
)
def test_a_point_in_time_is_milliseconds_since_the_epoch(text: str, milliseconds: int) -> None:
    """A date and time, a time on the first event's day, after the first event, or before now."""
    assert parse_point(text, now=_NOON / 1000).resolve(_FIRST) == milliseconds


@pytest.mark.parametrize("text", ["", "noon", "24:00", "12:60", "+5", "-x", "2023-13-01", "-5m", "1e3s"])
def test_what_is_no_point_in_time_is_refused(text: str) -> None:
    """With what one looks like."""
    with pytest.raises(UsageError, match="no point in time"):
        parse_point(text, now=0)


def test_what_lies_between_two_points_is_kept() -> None:
    """Both are still inside."""
    stage = Between(parse_point("+1s", 0), parse_point("+2s", 0))
    times = [100.0, 100.999, 101.0, 102.0, 102.001, 99.0]

    assert [time for time in times if not stage.takes(syscall_event(time=time))] == [101.0, 102.0]


def test_either_point_may_be_left_out() -> None:
    """Then that side is open."""
    early, late = syscall_event(time=100.0), syscall_event(time=200.0)
    since, until = Between(parse_point("+1s", 0), None), Between(None, parse_point("+1s", 0))

    assert [since.takes(early), since.takes(late)] == [True, False]
    assert [until.takes(early), until.takes(late)] == [False, True]
