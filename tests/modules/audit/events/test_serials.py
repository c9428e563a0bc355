"""Missing serials are counted exactly, across the roll-over, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events import MissingSerials, SerialTracker

_TOP = 2**32


def _track(serials: list[int], **bounds: int) -> MissingSerials:
    tracker = SerialTracker(**bounds)
    for serial in serials:
        tracker.add(serial)
    return tracker.missing()


def test_before_any_serial_nothing_is_known() -> None:
    """No span, nothing missing."""
    assert SerialTracker().missing() == MissingSerials(None, None, 0, (), 0, 0)


def test_a_dense_span_misses_nothing() -> None:
    """In any order, repeated or not."""
    assert _track([5, 7, 6, 6, 5]) == MissingSerials(5, 7, 0, (), 1, 0, 1, 1, ((6, 6),))


def test_holes_are_counted_and_told() -> None:
    """As inclusive ranges."""
    assert _track([1, 4, 5, 9]) == MissingSerials(1, 9, 5, ((2, 3), (6, 8)), 1, 0)


def test_a_serial_that_comes_late_fills_its_hole() -> None:
    """Its ends, its middle, all of it."""
    assert _track([1, 9, 2, 8, 5]).ranges == ((3, 4), (6, 7))
    assert _track([1, 3, 2]).missing == 0


def test_late_serials_are_told_as_ranges() -> None:
    """With how far behind the latest of them was; a record of an event that was seen is not late."""
    tracked = _track([1, 9, 4, 5, 6, 2, 9, 10, 5])

    assert (tracked.late, tracked.delay, tracked.late_ranges) == (4, 7, ((4, 6), (2, 2)))
    assert tracked.ranges == ((3, 3), (7, 8))


def test_late_ranges_are_bounded_and_counted_beyond() -> None:
    """An attacker could send them all so."""
    tracked = _track([1000, *range(999, 0, -2)], reported=10)

    assert (tracked.late, len(tracked.late_ranges)) == (500, 10)


def test_the_span_grows_downwards_too() -> None:
    """The first record that arrives need not be of the first event."""
    assert _track([10, 7]) == MissingSerials(7, 10, 2, ((8, 9),), 1, 0, 1, 3, ((7, 7),))


def test_the_counter_rolls_over() -> None:
    """2^32 - 1 is followed by 0, and that is no reboot."""
    assert _track([_TOP - 2, _TOP - 1, 0, 1]) == MissingSerials(_TOP - 2, 1, 0, (), 1, 0)
    assert _track([_TOP - 2, 2]).ranges == ((_TOP - 1, 1),)


def test_a_counter_that_starts_again_is_a_new_span() -> None:
    """After a reboot the numbers before it are not missing; those that were stay told."""
    missing = _track([500_000, 500_002, 7, 9])

    assert missing == MissingSerials(7, 9, 2, ((500_001, 500_001), (8, 8)), 2, 0)


def test_a_restart_that_is_known_starts_a_new_span() -> None:
    """Even if the numbers are near."""
    tracker = SerialTracker()
    tracker.add(1000)
    tracker.restart()
    tracker.add(10)

    assert tracker.missing() == MissingSerials(10, 10, 0, (), 2, 0)


def test_only_the_first_ranges_are_told() -> None:
    """The count is exact all the same."""
    missing = _track(list(range(0, 1000, 2)), reported=3)

    assert (missing.missing, missing.ranges) == (499, ((1, 1), (3, 3), (5, 5)))


def test_beyond_the_bound_the_oldest_hole_is_settled() -> None:
    """What comes for it later makes the count an interval, and says so."""
    missing = _track([0, 2, 4, 6, 1], max_ranges=2)

    assert (missing.missing, missing.unplaced) == (3, 1)
    assert missing.ranges == ((1, 1), (3, 3), (5, 5))


def test_what_was_queued_before_the_beginning_is_not_missed() -> None:
    """Old serials first, with a hole up to the beginning; one of before it that comes later opens none either."""
    tracker = SerialTracker()
    for serial in (100, 104, 9001):
        tracker.add(serial)
    tracker.begin(9000)
    for serial in (8999, 9003, 50):
        tracker.add(serial)

    assert tracker.missing() == MissingSerials(9000, 9003, 1, ((9002, 9002),), 1, 0)


def test_a_live_stream_has_no_reboot_in_it() -> None:
    """However late a serial comes, it is of the one span."""
    tracker = SerialTracker(displacement=10)
    tracker.begin(0)
    tracker.add(100)
    tracker.add(50)

    assert (tracker.missing().missing, tracker.missing().spans) == (98, 1)


@given(
    st.integers(0, _TOP - 1),
    st.lists(st.integers(-300, 300), max_size=80),
    st.lists(st.integers(-300, 300), max_size=80),
)
def test_after_a_beginning_the_count_is_exact_from_there(
    begin: int, before: list[int], after: list[int]
) -> None:
    """Whatever came before it, wherever the counter stands."""
    tracker = SerialTracker()
    for offset in before:
        tracker.add((begin + offset) % _TOP)
    tracker.begin(begin)
    for offset in after:
        tracker.add((begin + offset) % _TOP)
    seen = {0, *(offset for offset in before + after if offset > 0)}

    missing = tracker.missing()
    assert missing.missing == len(set(range(max(seen) + 1)) - seen)
    assert (missing.first, missing.last) == (begin, (begin + max(seen)) % _TOP)


@given(
    st.integers(0, _TOP - 1),
    st.lists(st.integers(0, 300), min_size=1, max_size=80),
    st.integers(-50, 400),
)
def test_what_is_known_to_have_been_given_is_missing_unless_it_was_seen(
    base: int, offsets: list[int], last: int
) -> None:
    """Up to the last one, and that too."""
    tracker = SerialTracker()
    for offset in offsets:
        tracker.add((base + offset) % _TOP)
    tracker.reach((base + last) % _TOP)

    holes = set(range(min(offsets), max(*offsets, last) + 1)) - set(offsets)
    assert tracker.missing().missing == len(holes)


def test_before_any_serial_there_is_nothing_to_count_from() -> None:
    """Only that one was given says nothing of those before it."""
    tracker = SerialTracker()
    tracker.reach(100)

    assert (tracker.missing().first, tracker.missing().missing) == (None, 0)


@given(
    st.integers(0, _TOP - 1),
    st.lists(st.integers(0, 300), min_size=1, max_size=80),
)
def test_the_count_is_exact(base: int, offsets: list[int]) -> None:
    """Against a set that remembers everything, wherever the counter stands and in any order."""
    missing = _track([(base + offset) % _TOP for offset in offsets])
    holes = set(range(min(offsets), max(offsets) + 1)) - set(offsets)

    assert missing.missing == len(holes)
    told = {(low + step) % _TOP for low, high in missing.ranges for step in range((high - low) % _TOP + 1)}
    assert told == {(base + hole) % _TOP for hole in holes}
    assert (missing.first, missing.last) == ((base + min(offsets)) % _TOP, (base + max(offsets)) % _TOP)
    assert (missing.spans, missing.unplaced) == (1, 0)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=80), st.integers(1, 5))
def test_within_bounds_the_count_is_an_interval_that_holds_the_truth(
    offsets: list[int], max_ranges: int
) -> None:
    """However little may be remembered."""
    missing = _track(offsets, max_ranges=max_ranges)
    truth = len(set(range(min(offsets), max(offsets) + 1)) - set(offsets))

    assert missing.missing - missing.unplaced <= truth <= missing.missing
