"""The answer is there before the caller's deadline."""

from __future__ import annotations

import math

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.deadline import ANSWER, Deadline


def test_without_a_deadline_nothing_presses() -> None:
    """Neither the window nor the processing."""
    deadline = Deadline(100, None)

    assert (deadline.window_end(10_000), deadline.answer_by) == (None, math.inf)


def test_the_end_has_its_time_set_aside() -> None:
    """More for more rules; the answer is last."""
    deadline = Deadline(100, 290)
    few, many = deadline.window_end(10), deadline.window_end(1000)

    assert few is not None
    assert many is not None
    assert few - many == pytest.approx(990 * 0.07)
    assert 100 < many < few < deadline.answer_by == 390 - ANSWER


def test_a_deadline_without_room_for_a_window_is_refused() -> None:
    """Before anything is touched, with the figures."""
    with pytest.raises(UsageError, match=r"5 s leaves no time .* removing 100 rules .* 14\.0 s"):
        Deadline(0, 5).window_end(100)
