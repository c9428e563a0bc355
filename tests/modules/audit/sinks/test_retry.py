"""The retry policy: pure decisions about answers, counts and chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.sinks.interface import Answer, Verdict
from mig_audit.modules.audit.sinks.retry import Retries, Step, patience

_UNREACHABLE = Answer(Verdict.UNREACHABLE)


class _Extreme(random.Random):
    """Chance at its upper end, so that bounds can be seen."""

    def random(self) -> float:
        return 1.0


@pytest.mark.parametrize(
    ("verdict", "events", "busy", "step"),
    [
        (Verdict.ACCEPTED, 5, 0, Step.DONE),
        (Verdict.UNREACHABLE, 5, 0, Step.AGAIN),
        (Verdict.UNREACHABLE, 5, 100, Step.AGAIN),
        (Verdict.BUSY, 5, 1, Step.AGAIN),
        (Verdict.BUSY, 5, 2, Step.AGAIN),
        (Verdict.BUSY, 5, 3, Step.GIVE_UP),
        (Verdict.TOO_LARGE, 2, 0, Step.SPLIT),
        (Verdict.TOO_LARGE, 1, 0, Step.REJECT),
        (Verdict.REFUSED, 5, 0, Step.REJECT),
        (Verdict.NOBODY, 5, 0, Step.GIVE_UP),
    ],
)
def test_each_answer_has_its_step(verdict: Verdict, events: int, busy: int, step: Step) -> None:
    """Silence is waited out, "busy" a limited number of times; what is too large is split while it can be."""
    assert Retries(max_attempts=3).step(Answer(verdict), events, busy) is step


def test_the_bound_of_the_pause_doubles_up_to_the_cap() -> None:
    """0.5 s, 1 s, 2 s, ... and never more than 30 s, however many failures there are."""
    bounds = [
        Retries().pause(_UNREACHABLE, failures, _Extreme()) for failures in (1, 2, 3, 4, 5, 6, 7, 8, 10**6)
    ]
    assert bounds == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


@given(st.integers(1, 200), st.randoms(use_true_random=False))
def test_the_pause_is_spread_over_its_whole_range(failures: int, rng: random.Random) -> None:
    """Full jitter: anything from nothing to the bound."""
    assert 0.0 <= Retries().pause(_UNREACHABLE, failures, rng) <= 30.0


def test_jitter_is_uniform() -> None:
    """A quarter of the pauses falls into each quarter of the range."""
    rng = random.Random(7)  # noqa: S311  # a test that can be repeated
    pauses = [Retries().pause(_UNREACHABLE, 2, rng) for _ in range(4000)]
    quarters = [sum(low <= pause < low + 0.25 for pause in pauses) for low in (0.0, 0.25, 0.5, 0.75)]
    assert sum(quarters) == 4000
    assert all(850 < quarter < 1150 for quarter in quarters)


def test_what_the_endpoint_asks_for_wins() -> None:
    """Retry-After is neither jittered nor capped by the policy."""
    answer = Answer(Verdict.BUSY, retry_after=120.0)
    assert Retries().pause(answer, 1, random.Random()) == 120.0  # noqa: S311  # jitter is no secret
    assert Retries().pause(Answer(Verdict.BUSY, retry_after=0.0), 9, random.Random()) == 0.0  # noqa: S311  # the same


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_a_pause_leaves_time_for_another_attempt(pause: float, left: float) -> None:
    """It is never longer than asked for, nor than half of the time left."""
    assert patience(pause, left) <= pause
    assert patience(pause, left) <= left / 2
