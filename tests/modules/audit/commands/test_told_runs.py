"""What a result tells of its run, and of others."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mig_audit.modules.audit.canary import Mark
from mig_audit.modules.audit.commands.told_runs import ToldRuns, run_told
from mig_audit.modules.audit.config_changes import Actor, Recorded

RUN, OTHER = "0123456789abcdef", "fedcba9876543210"
_RECORD = 'op=remove_rule key="exec" list=4 res=1'
_CHANGE = {"time": "2023-11-14T22:13:25.500+00:00", "record": _RECORD, "run": OTHER}
_ELEMENTS: dict[str, Any] = {
    "processes": {"main": 10, "recorder": 11, "guard": 12},
    "window": {"started": "2023-11-14T22:13:20.000+00:00", "ended": "2023-11-14T22:13:30.250+00:00"},
    "kernel": {
        "configured": False,
        "other_runs": [{"run_id": OTHER, "processes": {"main": 70, "recorder": 77, "guard": 78}}],
        "drift": [_CHANGE, {**_CHANGE, "record": None}, {**_CHANGE, "record": "op=set", "run": None}],
    },
}


def _others() -> ToldRuns:
    told = run_told(_ELEMENTS)
    assert told is not None
    return told.others


def _recorded(seconds: float = 1_700_000_005.5, text: str = _RECORD, pid: int | None = None) -> Recorded:
    return Recorded(
        seconds, "rule removed", None, None, b"exec", True, Actor(pid, None, None, 0, None, 1), text
    )


def test_a_run_is_its_processes_and_its_window() -> None:
    """One whose end is not known did not end."""
    told = run_told(_ELEMENTS)
    endless = run_told({**_ELEMENTS, "window": {**_ELEMENTS["window"], "ended": None}})

    assert told is not None
    assert told[:4] == ((10, 11, 12), 1_700_000_000.0, 1_700_000_010.25, False)
    assert endless is not None
    assert endless.ended == math.inf


@pytest.mark.parametrize(("before", "after", "lost"), [(7, 12, 5), (7, 7, 0), (7, 2, 0)])
def test_the_kernel_s_counter_tells_what_was_lost_meanwhile(before: int, after: int, lost: int) -> None:
    """Unless somebody reset it."""
    kernel = {**_ELEMENTS["kernel"], "before": {"lost": before}, "after": {"lost": after}}
    told = run_told({**_ELEMENTS, "kernel": kernel})

    assert told is not None
    assert told.lost == lost


@pytest.mark.parametrize(
    "damage",
    [
        {"processes": None},
        {"processes": {"main": 1, "recorder": 2}},
        {"processes": {"main": 1, "recorder": 2, "guard": "x"}},
        {"window": {"started": "yesterday", "ended": None}},
        {"window": {"started": 5, "ended": None}},
        {"kernel": {}},
        {"kernel": {"configured": True, "other_runs": [5], "drift": []}},
        {"kernel": {"configured": True, "other_runs": [], "drift": [5]}},
    ],
)
def test_what_is_not_all_there_tells_nothing(damage: dict[str, object]) -> None:
    """Such as a result of another version."""
    assert run_told({**_ELEMENTS, **damage}) is None


def test_canaries_of_other_runs_are_known_by_run_and_process() -> None:
    """Neither alone will do: anybody can send such a message."""
    others = _others()

    def sent(run_id: str, pid: int) -> bool:
        return others.sent_canary(
            b"pid=%d uid=0 auid=0 ses=1 msg='%b'" % (pid, Mark(run_id, pid).text(1, end=False))
        )

    assert (sent(OTHER, 77), sent(OTHER, 99), sent(RUN, 77)) == (True, False, False)
    assert not others.sent_canary(b"pid=77 uid=0 auid=0 ses=1 msg='op=something'")


def test_changes_of_other_runs_are_known_by_process_or_as_the_run_told_them() -> None:
    """A change without a process in its record is found among those in the envelope."""
    others = _others()

    assert others.recorded(_recorded(pid=78)) == OTHER
    assert others.recorded(_recorded()) == OTHER
    for stranger in (_recorded(pid=99), _recorded(1_700_000_006.5), _recorded(text="op=set")):
        assert others.recorded(stranger) == ""
