"""What a run says of its losses, on a host whose reader is stopped, or whose kernel has no room to queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from guests import MKDIR, record_in_guest

if TYPE_CHECKING:
    from pathlib import Path

    from guests import Guest

pytestmark = pytest.mark.guest

_COUNT = 6000
_PARAMETERS: dict[str, Any] = {"window": "45s", "rules": [MKDIR], "events": {"limit": 1}}


def _assert_interval_holds(guest: Guest) -> None:
    """See that events are missing, and that the interval contains how many."""
    statistics = guest.result["statistics"]
    events, loss = statistics["events"], statistics["loss"]
    missing = _COUNT - (events["total"] - events["own"] - events["late"])
    assert missing > 0
    assert loss["canary"]["path"] == "alive", guest.result["errors"]
    assert loss["events_missing"]["min"] <= missing <= loss["events_missing"]["max"], loss
    assert statistics["records"]["balanced"]
    assert guest.result["elements"]["kernel"]["restored"]
    assert guest.code == 1


def test_the_interval_holds_the_truth_after_a_stalled_reader(tmp_path: Path) -> None:
    """The recorder is stopped while the events are made, with a small buffer."""
    stall = (
        f"(until_open; stopped=$(recorder); kill -STOP $stopped; numbered {_COUNT}; kill -CONT $stopped; sleep 1"
        "; kill -TERM $(main_process)) >/dev/null 2>&1 &"
    )
    parameters = {**_PARAMETERS, "kernel": {"receive_buffer": "64KiB"}}
    guest = record_in_guest(tmp_path, parameters, setup=stall)

    _assert_interval_holds(guest)
    assert guest.result["statistics"]["loss"]["overruns"] + guest.result["statistics"]["loss"]["kernel_lost"]


def test_the_interval_holds_the_truth_after_a_backlog_overflow(tmp_path: Path) -> None:
    """The kernel may queue 64 records, and gets those of two programs at once."""
    flood = (
        f"(until_open; numbered {_COUNT // 2} & numbered {_COUNT // 2}; wait $!; kill -TERM $(main_process))"
        " >/dev/null 2>&1 &"
    )
    guest = record_in_guest(tmp_path, {**_PARAMETERS, "kernel": {"backlog_limit": 64}}, setup=flood)

    _assert_interval_holds(guest)
    assert guest.result["elements"]["kernel"]["during"]["backlog_limit"] == 64
    assert guest.result["statistics"]["loss"]["kernel_lost"]
