"""What open events hold is known at every moment."""

from __future__ import annotations

from streams import block_of

from mig_audit.modules.audit.events.opened import OpenEvents
from mig_audit.modules.audit.events.usual import USUAL, Usual

CALL = (
    b"type=SYSCALL msg=audit(1700000000.123:%d): arch=c000003e syscall=257 success=yes exit=3 a0=0 a1=0 a2=0 a3=0"
    b" items=0 ppid=10 pid=11 auid=1000"
)


def _usual(serial: int) -> Usual:
    found = USUAL.fullmatch(block_of([CALL % serial]))
    assert found is not None
    return Usual(*found.groups())


def _begin(events: OpenEvents, *serials: int, time: int = 0) -> list[bytes]:
    usuals = [_usual(serial) for serial in serials]
    stamps = [usual.stamp for usual in usuals]
    events.begin(stamps, usuals, [1] * len(usuals), [100] * len(usuals), [time] * len(usuals))
    return stamps


def test_the_oldest_go_first() -> None:
    """Whether they are usual ones or not."""
    events = OpenEvents(9, 10**6)
    first = _begin(events, 1)
    events.gather(b"2", b"2", 5)
    last = _begin(events, 3, time=7)

    assert (events.since(), events.older(4), events.older(5)) == (0, 1, 2)
    assert events.pop_oldest(2).keys == (*first, b"2")
    assert events.pop_oldest(1).keys == tuple(last)


def test_a_usual_event_stays_where_it_is_when_it_gets_records() -> None:
    """Be it a usual one with these or not."""
    events = OpenEvents(9, 10**6)
    first, second = _begin(events, 1, 2)
    assert events.extend(first, ["CWD"], [b"x"])
    gathered = events.gather(second, second, 9)

    assert not events.extend(second, ["CWD"], [b"x"])
    assert (len(gathered), events.since(), events.held) == (1, 0, 3)
    keys, (usual, other), numbers = events.pop_oldest(2)
    assert (keys, numbers) == ((first, second), (2, 1))
    assert isinstance(usual, Usual)
    assert (usual.cwd, other, events.held) == (b"x", gathered, 0)
    assert events.has_room(1, 1, 10**6 - 400)


def test_too_many_are_a_surplus() -> None:
    """By number."""
    events = OpenEvents(2, 10**6)
    _begin(events, 1, 2, 3)

    assert events.surplus() == 1
    assert not events.has_room(0, 0, 0)


def test_what_holds_too_much_is_one_too() -> None:
    """By the bytes of records, and what records take beside them."""
    events = OpenEvents(9, 1600)
    _begin(events, 1, 2, 3)
    assert (events.surplus(), events.has_room(1, 0, 0)) == (0, True)
    assert not events.has_room(1, 1, 0)

    _begin(events, 4)
    assert events.surplus() == 1
