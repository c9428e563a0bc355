"""The time of a stream goes on with its records, also after their clock was set back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events.stream_clock import StreamClock


def test_it_never_goes_back() -> None:
    """A record from before is only late."""
    clock = StreamClock(timeout=10, step_back=3)

    assert [clock.follow(time, 1) for time in (5, 5, 3, 6)] == [True, False, False, True]
    assert (clock.now, clock.behind) == (6, 0)


def test_it_follows_a_clock_that_was_set_back() -> None:
    """When so many in a row say so; from then on, time is added to theirs."""
    clock = StreamClock(timeout=10, step_back=3)
    clock.follow(1000, 1)

    assert [clock.follow(time, 1) for time in (100, 101, 100, 103)] == [False, False, False, True]
    assert (clock.now, clock.offset) == (1002, 899)


def test_one_of_a_few_from_long_ago_changes_nothing() -> None:
    """It is of a system call that waited."""
    clock = StreamClock(timeout=10, step_back=3)
    for time in (1000, 100, 100, 1001, 100):
        clock.follow(time, 1)

    assert (clock.now, clock.offset, clock.behind) == (1001, 0, 1)


@given(st.lists(st.tuples(st.sampled_from([0, 5, 80, 90, 100, 5000]), st.integers(1, 9)), max_size=20))
def test_many_records_at_once_are_followed_as_one_by_one(runs: list[tuple[int, int]]) -> None:
    """Where they come in a run."""
    together, single = (StreamClock(timeout=10, step_back=3) for _ in range(2))
    for time, records in runs:
        together.follow(time, records)
        for _ in range(records):
            single.follow(time, 1)

        assert (together.now, together.offset, together.behind) == (single.now, single.offset, single.behind)
