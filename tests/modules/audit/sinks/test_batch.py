"""Batches: how many events go into one, and when one is due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.sinks.batch import Batch, Limits, content_of
from mig_audit.modules.audit.sinks.settings import BODIES

_EVENTS = st.lists(st.binary(max_size=20), min_size=2, max_size=30).map(tuple)


@given(_EVENTS)
def test_halves_hold_the_same_events_in_the_same_order(events: tuple[bytes, ...]) -> None:
    """Two halves, neither of them empty, joined are the batch again."""
    first, second = Batch(7, events).halves()
    assert first.events + second.events == events
    assert first.events
    assert second.events


def test_parts_have_names_of_their_own() -> None:
    """However often a batch is split, no two of its parts share a name, and 1.11 is no part of 1.1."""
    whole = Batch(1, tuple(b"%d" % number for number in range(8)))
    parts = [whole, Batch(11, whole.events)]
    for part in parts:
        if len(part.events) > 1:
            parts += part.halves()
    names = [part.name for part in parts]
    assert len(set(names)) == len(names) == 30
    assert whole.halves()[1].halves()[0].name == "1.2.1"


@pytest.mark.parametrize(
    ("events", "content", "full"),
    [(0, 0, False), (2, 50, False), (3, 50, True), (1, 98, False), (1, 99, True), (1, 500, True)],
)
def test_a_batch_is_full_by_events_or_by_bytes(events: int, content: int, full: bool) -> None:
    """Three events or a body of 100 bytes, whichever comes first."""
    assert Limits(3, 100, 1.0).full(events, content) is full


def test_a_batch_is_due_when_its_first_event_is_old_enough() -> None:
    """The wait is what is missing to the age, and never negative."""
    limits = Limits(3, 100, 2.0)
    assert limits.wait(10.0, 10.5) == 1.5
    assert limits.wait(10.0, 12.0) == 0.0
    assert limits.wait(10.0, 99.0) == 0.0


@given(_EVENTS, st.sampled_from(BODIES[:2]))
def test_content_bounds_the_body(events: tuple[bytes, ...], kind: str) -> None:
    """A batch whose events fit into ``content`` has a body that fits into ``bytes``."""
    from mig_audit.modules.audit.sinks.http import body_of  # noqa: PLC0415  # it imports requests

    limits = Limits(1000, content_of(events) + 1, 1.0)
    assert content_of(events) <= limits.content
    assert len(body_of(kind, events)) <= limits.bytes


@given(_EVENTS)
def test_lower_limits_would_have_split_the_batch(events: tuple[bytes, ...]) -> None:
    """After a batch was too large, a batch of the same size is more than is allowed, unless it is one event."""
    limits = Limits(1000, 1 << 20, 1.0).below(Batch(1, events))
    assert limits.content < content_of(events)
    assert limits.below(Batch(2, events)) == limits
