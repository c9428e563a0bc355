"""Whatever the order in which events come, they take their turn by serial."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.files.reordering import Arrival, Reordering

_SERIALS = st.lists(st.integers(0, 2**32 - 1), max_size=60)


def _arrival(serial: int) -> Arrival:
    return Arrival(serial, 0, 0, None)


@pytest.mark.parametrize(("serial", "seconds"), [(10, 60), (20_000, 60), (500_000, 0)])
def test_smaller_numbers_later_are_those_of_another_start_of_the_host(serial: int, seconds: int) -> None:
    """An event that is only late began before others were over."""
    reordering = Reordering(window=3)
    before = [Arrival(700_000 + number, 1000, 0, None) for number in range(8)]
    turns = [turn for each in before for turn in reordering.add(each)]
    turns += reordering.add(Arrival(serial, 1000 + seconds, 0, None))

    assert [turn.new_boot for turn in turns] == [False] * 8 + [True]
    (late,) = reordering.add(Arrival(serial - 1, 1000 + seconds, 0, None))
    assert late.late


def _serials(reordering: Reordering, *serials: int) -> list[int]:
    return [turn.arrival.serial for serial in serials for turn in reordering.add(_arrival(serial))]


@given(st.permutations(list(range(50))))
@settings(max_examples=50, deadline=None)
def test_the_order_is_that_of_the_serials(serials: list[int]) -> None:
    """As long as no event is further from its place than the window."""
    reordering = Reordering(window=60)
    turns = [turn for serial in serials for turn in reordering.add(_arrival(1000 + serial))]
    turns += reordering.flush()

    assert [turn.arrival.serial for turn in turns] == list(range(1000, 1050))
    assert all(turn == (turn.arrival, 0, False, False) for turn in turns)


@given(_SERIALS, st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_every_event_comes_out_once(serials: list[int], window: int) -> None:
    """Late, or after a start of the host, if need be."""
    reordering = Reordering(window=window)
    turns = [turn for serial in serials for turn in reordering.add(_arrival(serial))]
    waiting = list(reordering.flush())

    assert sorted(turn.arrival.serial for turn in (*turns, *waiting)) == sorted(serials)
    assert len(waiting) <= window


def test_an_event_waits_for_those_before_it() -> None:
    """Until too many wait: then those before it are missing."""
    reordering = Reordering(window=3)
    first = _serials(reordering, 1, 2, 3, 4)

    assert first == [1, 2, 3, 4]
    assert _serials(reordering, 6, 7, 8) == []
    (turn, *rest) = reordering.add(_arrival(9))
    assert (turn.arrival.serial, turn.missing) == (6, 1)
    assert [each.arrival.serial for each in rest] == [7, 8, 9]
