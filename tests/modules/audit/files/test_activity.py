"""Events in their order, what is missing between them, several hosts, and the bounds of what is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from file_calls import PID, birth, call, names, opened, places, told

from mig_audit.modules.audit.files.activity import INCOMPLETE, LATE, OTHER, ROW, STATE, UNTRACKED, Activity
from mig_audit.modules.audit.files.reordering import Arrival

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.rows import Row

_READ = call("read", 3, exit=5)


def _take(activity: Activity, *calls: tuple[int, Call], node: str = "") -> list[str]:
    rows: list[Row] = []
    for serial, each in calls:
        rows += activity.take(node, Arrival(serial, each.seconds, 0, each._replace(serial=serial, node=node)))
    return [f"{row.kind} {row.call.serial}" for row in rows]


def test_calls_take_their_turn_by_serial() -> None:
    """Times do not count: a call that waited long has an early one, and a late serial."""
    late = _READ._replace(serial=1003, seconds=1_600_000_000)
    rows = told(
        birth()._replace(serial=1000),
        late,
        opened("data")._replace(serial=1001),
        _READ._replace(serial=1002),
    )

    assert [(row.kind, row.start) for row in rows] == [("OPEN", None), ("READ", 0), ("READ", 5)]


def test_missing_events_make_what_was_known_probable() -> None:
    """What comes after them is exact again."""
    rows = told(
        birth()._replace(serial=1000),
        opened("data")._replace(serial=1001),
        _READ._replace(serial=1011),
        call("lseek", 3, 0, 0, exit=0)._replace(serial=1012),
        _READ._replace(serial=1013),
        opened("more", 4)._replace(serial=1014),
        call("read", 4, exit=1)._replace(serial=1015),
    )

    assert [(row.kind, row.amount, row.duration) for row in rows if row.kind == "GAP"] == [("GAP", 9, 0)]
    assert names(rows)[2:] == [
        ("READ", "/work/data", "probable"),
        ("LSEEK", "/work/data", "probable"),
        ("READ", "/work/data", "probable"),
        ("OPEN", "/work/more", "exact"),
        ("READ", "/work/more", "exact"),
    ]
    assert [place[2] for place in places(rows)[2:5]] == ["probable", "exact", "exact"]
    assert rows[2].flags == ("gap",)


def test_events_that_are_lost_without_a_gap_leave_nothing_exact_that_is_followed() -> None:
    """The kernel's counter tells that there are some, not where."""
    activity = Activity(lost=3)
    rows: list[Row] = []
    for serial, each in enumerate((birth(), opened("data"), _READ, call("pread64", 3, 0, 5, 9, exit=5)), 1):
        rows += activity.take("", Arrival(serial, each.seconds, 0, each._replace(serial=serial)))
    rows += activity.flush()

    assert names(rows)[1:] == [
        ("OPEN", "/work/data", "exact"),
        ("READ", "/work/data", "probable"),
        ("PREAD", "/work/data", "probable"),
    ]
    assert places(rows)[2:] == [("READ", 0, "probable"), ("PREAD", 9, "exact")]
    assert rows[2].flags == ("gap",)


def test_an_event_that_comes_too_late_is_left_out() -> None:
    """What it did may be undone by now; what is known of its process is in doubt."""
    activity = Activity()
    _take(activity, *[(1000 + number, birth() if not number else opened("data")) for number in range(600)])
    told_now = _take(activity, (1700, _READ))
    rest = list(activity.flush())

    late = _take(activity, (1650, opened("other")), (1701, _READ))

    assert told_now == []
    assert rest[-1].kind == "READ"
    assert late == ["READ 1701"]
    assert activity.outcomes[LATE] == 1


def test_numbers_begin_anew_after_the_last_one() -> None:
    """Serials have 32 bits."""
    rows = told(birth()._replace(serial=2**32 - 1), opened("data"), _READ, serial=-1)

    assert [row.kind for row in rows] == ["OPEN", "READ"]


def test_after_a_start_of_the_host_nothing_is_known() -> None:
    """The numbers are small again; no gap is told."""
    activity = Activity()
    before = _take(activity, (5_000_000, birth()), (5_000_001, opened("data")))
    after = _take(activity, (12, _READ), (13, _READ))
    (row,) = [row for row in activity.take("", Arrival(14, 1_700_000_000, 0, _READ)) if row.kind == "READ"]

    assert before == []
    assert row.path is None
    assert after == ["EXEC 5000000", "OPEN 5000001", "READ 12", "READ 13"]
    assert activity.gaps == 0


def test_hosts_are_kept_apart() -> None:
    """They have processes of the same numbers."""
    rows = told(
        birth()._replace(node="a", serial=1),
        birth()._replace(node="b", serial=1),
        opened("of-a")._replace(node="a", serial=2),
        opened("of-b")._replace(node="b", serial=2),
        _READ._replace(node="a", serial=3),
        _READ._replace(node="b", serial=3),
    )

    assert [(row.call.node, row.path) for row in rows if row.kind == "READ"] == [
        ("a", "/work/of-a"),
        ("b", "/work/of-b"),
    ]


def test_only_so_many_hosts_are_followed() -> None:
    """The events of the others are counted."""
    activity = Activity()
    for number in range(70):
        _take(activity, (1, _READ), node=f"host{number}")

    assert activity.outcomes[UNTRACKED] == 6


def test_every_event_has_one_outcome() -> None:
    """One without a success is not all there, but for those of calls that do not return."""
    activity = Activity()
    _take(
        activity,
        (1, birth()),
        (2, call("chdir", 0)),
        (3, call("setuid", 0)),
        (4, call("read", 3, success=None)),
        (5, call("exit_group", success=None)),
    )
    for serial, incomplete in ((6, True), (7, False)):
        list(activity.take("", Arrival(serial, 1_700_000_000, 0, None, incomplete)))
    list(activity.flush())

    assert {name: number for name, number in activity.outcomes.items() if number} == {
        ROW: 1,
        STATE: 2,
        OTHER: 2,
        INCOMPLETE: 2,
    }


@pytest.mark.parametrize("dead", ["killed", "ended"])
def test_processes_that_are_gone_take_no_room(dead: str) -> None:
    """Those whose end was not seen are forgotten when there are too many."""
    activity = Activity()
    calls = [birth(), *[opened(f"f{number}", number) for number in range(3, 20)]]
    for child in range(20_000):
        calls.append(call("fork", exit=100 + child))
        if dead == "ended":
            calls.append(call("exit_group", pid=100 + child, ppid=PID, success=None))
    _take(activity, *enumerate(calls, 1))

    host = activity._places[""].host
    assert host.room.used < 70_000
    assert len(host.processes()) <= 8192
    assert (activity.counts.forgotten > 0) == (dead == "killed")


def test_numbers_without_end_take_no_room() -> None:
    """A log may be forged: descriptors, files, names, folders and threads of all numbers."""
    activity = Activity()
    long = "x" * 4000
    calls = [birth(), call("clone", 0x10F00, exit=11)]
    for number in range(30_000):
        calls.append(opened(f"{long}{number}", number, inode=number, nametype="CREATE"))
        calls.append(opened("again", number, inode=number))
        calls.append(call("clone3", 0, 88, exit=number))
    _take(activity, *enumerate(calls, 1))

    host = activity._places[""].host
    assert host.room.used < 140_000
    assert len(host.names) <= 16_384
    assert len(host.sizes) <= 16_384
    assert len(host.process(PID).table.displaced) <= 1024  # type: ignore[union-attr]  # it is there
