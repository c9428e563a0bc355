"""What was completed lately is known to be late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events.completed import Completed


def test_each_part_of_an_event_has_a_number() -> None:
    """The first has none."""
    completed = Completed(9)

    assert [completed.add(b"1"), completed.add(b"1"), completed.add(b"2")] == [0, 1, 0]


def test_as_many_as_asked_for_are_remembered_at_least() -> None:
    """And at most twice as many."""
    completed = Completed(10)
    keys = [b"%d" % number for number in range(100)]
    for key in keys:
        completed.add(key)

    assert not any(completed.knows_none([key]) for key in keys[-10:])
    assert completed.knows_none(keys[:-20])


@given(st.lists(st.integers(1, 6), max_size=20), st.integers(1, 9))
def test_many_at_once_are_remembered_as_one_by_one(numbers: list[int], memory: int) -> None:
    """And forgotten as soon."""
    together, alone = Completed(memory), Completed(memory)
    keys = [b"%d" % number for number in range(sum(numbers))]
    start = 0
    for number in numbers:
        together.add_new(keys[start : start + number])
        for key in keys[start : start + number]:
            alone.add(key)
        start += number

        assert [together.knows_none([key]) for key in keys] == [alone.knows_none([key]) for key in keys]
