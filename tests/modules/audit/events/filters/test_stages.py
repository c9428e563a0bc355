"""Filters in a row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from kernel_events import events_of, lines_of, syscall_body, syscall_event

from mig_audit.modules.audit.events.filters import FIELDS, Filters, make_filters, parse_filters
from mig_audit.modules.audit.events.filters.model import ALWAYS
from mig_audit.modules.audit.events.filters.stages import Cap, Sample

_PASSING = st.sampled_from(
    [
        {"keep": "pid > 3"},
        {"drop": "key = b"},
        {"sample": 3},
        {"sample": 2, "by": "pid"},
        {"cap": 2, "per": "1s"},
    ]
)


def _filters(*documents: dict[str, object]) -> Filters:
    return make_filters(parse_filters(documents))


def _kept(filters: Filters, pids: list[int]) -> list[int]:
    return [pid for pid in pids if filters.keep(syscall_event(pid=pid))]


def test_keep_lets_through_what_meets_its_condition() -> None:
    """And counts what it does not."""
    filters = _filters({"keep": "pid > 2", "name": "young"})

    assert _kept(filters, [1, 2, 3]) == [3]
    assert filters.taken == {"young": 2}


def test_drop_takes_what_meets_its_condition() -> None:
    """Without a name, a filter is counted by its place."""
    filters = _filters({"drop": "pid > 2"})

    assert _kept(filters, [1, 2, 3]) == [1, 2]
    assert filters.taken == {"filters[0]": 1}


def test_an_event_is_counted_by_the_first_filter_that_takes_it() -> None:
    """Later ones do not see it."""
    filters = _filters({"drop": "pid = 1"}, {"drop": "pid < 3"})

    assert _kept(filters, [1, 2, 3]) == [3]
    assert list(filters.taken.values()) == [1, 1]


def test_a_sample_keeps_the_first_and_then_one_in_so_many() -> None:
    """Of those that it is about; the others pass."""
    filters = _filters({"sample": 3, "where": "pid > 1"})

    assert _kept(filters, [1, 2, 3, 4, 5, 1, 6]) == [1, 2, 5, 1]


def test_a_sample_by_a_field_has_a_first_event_of_each_value() -> None:
    """Something rare is not hidden by what is frequent."""
    filters = _filters({"sample": 100, "by": "pid"})

    assert _kept(filters, [7, 7, 7, 8, 7, 9]) == [7, 8, 9]


def test_a_cap_counts_in_the_time_of_the_records() -> None:
    """A replay gives what the run gave, however fast it reads."""
    filters = _filters({"cap": 2, "per": "1s"})
    times = [100.0, 100.5, 100.9, 100.999, 101.0, 101.1, 101.2, 103.0]
    kept = [time for time in times if filters.keep(syscall_event(time=time))]

    assert kept == [100.0, 100.5, 101.0, 101.1, 103.0]
    assert filters.taken == {"filters[0]": 3}


def test_a_cap_begins_anew_when_the_clock_was_set_back() -> None:
    """Else nothing would pass until it has caught up."""
    filters = _filters({"cap": 1, "per": "1s"})

    assert [filters.keep(syscall_event(time=time)) for time in (100.0, 50.0, 50.2)] == [True, True, False]


def test_a_cap_by_a_field_counts_each_value() -> None:
    """One noisy key does not silence the others."""
    filters = _filters({"cap": 1, "per": "1m", "by": "key"})
    keys = ['"a"', '"a"', '"b"', "(null)", "(null)"]

    assert [filters.keep(syscall_event(key=key)) for key in keys] == [True, False, True, True, False]


def test_samples_and_caps_remember_a_bounded_number_of_values() -> None:
    """The values are the attacker's."""
    event = syscall_event()
    sample, cap = Sample(ALWAYS, 10, FIELDS["pid"]), Cap(ALWAYS, 1, 1000, FIELDS["pid"])
    for pid in range(5000):
        other = syscall_event(pid=pid) if pid % 1000 == 0 else None
        sample.takes(other or event)
        cap.takes(other or event)
    for pid in range(4200):
        sample._seen[pid] = 1
    sample.takes(event)

    assert len(cap._periods) == 6
    assert len(sample._seen) <= 4203


@given(
    st.lists(_PASSING, max_size=4),
    st.lists(st.tuples(st.integers(1, 6), st.sampled_from("abc")), max_size=30),
)
def test_every_event_is_kept_or_counted_once(
    documents: list[dict[str, object]], calls: list[tuple[int, str]]
) -> None:
    """Whatever the filters are."""
    filters = _filters(*documents)
    lines = [
        line
        for serial, (pid, key) in enumerate(calls)
        for line in lines_of(("SYSCALL", syscall_body(pid=pid, key=f'"{key}"')), ("EOE", ""), serial=serial)
    ]
    kept = sum(filters.keep(event) for event in events_of(lines))

    assert kept + sum(filters.taken.values()) == len(calls)
