"""Hosts that run out of disk or of memory while they are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from guests import MKDIR, record_in_guest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.guest

_PARAMETERS: dict[str, Any] = {
    "window": "40s",
    "rules": [MKDIR, "-w /run/ours -p wa"],
    "events": {"limit": 1},
}
_SMALL = "mount -t tmpfs -o mode=0700,size={size} tmpfs /var/log/mig-audit\n"
_FLOOD = "(until_open; numbered 2000) >/dev/null 2>&1 &\n"

# out_of_memory PID...: as if there were none left, the kernel kills one process after the other, and these first.
_KILLER = """
out_of_memory() {
    for pid in "$@"; do echo 1000 >/proc/$pid/oom_score_adj; done
    for pid in "$@"; do
        echo f >/proc/sysrq-trigger
        sleep 0.3
    done
}
"""


def test_a_full_disk_ends_the_window(tmp_path: Path) -> None:
    """Nothing more can be written: the reason is told, what was written is whole, the rest is known to be missing.

    All calls are in the kernel's queue before the disk is full: each of them is in the log, or missing.
    """
    parameters = {**_PARAMETERS, "limits": {"free_disk": "0B"}}
    setup = _SMALL.format(size="256k") + (
        "(until_open; stopped=$(recorder); kill -STOP $stopped; numbered 1000; kill -CONT $stopped) >/dev/null 2>&1 &\n"
    )
    after = """grep -c '^type=SYSCALL .* key="numbered"' /var/log/mig-audit/*.log >/run/seen; tell SEEN /run/seen"""
    guest = record_in_guest(tmp_path, parameters, setup=setup, after=after)

    elements, records = guest.result["elements"], guest.result["statistics"]["records"]
    assert elements["window"]["reason"] == "raw-log"
    assert "No space left on device" in " ".join(guest.result["errors"])
    assert elements["raw_log"]["size"] <= 256 * 1024
    assert elements["raw_log"]["records"] == records["written"] > 0
    assert records["received"] == records["written"] + records["unwritten"]
    assert records["unwritten"] > 0
    assert records["balanced"]
    missing, told = 1000 - int(guest.told("SEEN")), guest.result["statistics"]["loss"]["events_missing"]
    assert 0 < told["min"] <= missing <= told["max"] <= missing + 5, told
    assert told["why"] == f"{records['unwritten']} records came and could not be written to the raw log"
    assert elements["kernel"]["restored"]
    assert guest.code == 1


def test_a_disk_that_fills_ends_the_window_before_it_is_full(tmp_path: Path) -> None:
    """There is a floor, below which a run does not go."""
    parameters = {**_PARAMETERS, "limits": {"free_disk": "3MiB"}}
    guest = record_in_guest(tmp_path, parameters, setup=_SMALL.format(size="4m") + _FLOOD)

    assert guest.result["elements"]["window"]["reason"] == "free-disk"
    assert guest.result["statistics"]["records"]["unwritten"] == 0
    assert guest.result["elements"]["kernel"]["restored"]


def test_the_kernel_is_restored_when_the_recorder_is_killed_for_want_of_memory(tmp_path: Path) -> None:
    """By the guard; the envelope has what was recorded until then."""
    setup = _KILLER + "(until_open; numbered 5; sleep 1; out_of_memory $(recorder)) >/dev/null 2>&1 &"
    after = "auditctl -s | tr '\\n' ' ' >/run/status; tell STATUS /run/status\nauditctl -l >/run/rules; tell RULES /run/rules"
    guest = record_in_guest(tmp_path, _PARAMETERS, setup=setup, after=after)

    assert guest.result["elements"]["window"]["reason"] == "died"
    assert "the recorder was killed by SIGKILL" in guest.result["errors"][0]
    assert guest.result["elements"]["kernel"]["restored"]
    assert guest.result["statistics"]["loss"]["events_missing"]["max"] is None
    assert "enabled 0" in guest.told("STATUS")
    assert "pid 0" in guest.told("STATUS")
    assert guest.told("RULES") == "No rules"
    assert guest.code == 1


def test_the_next_run_restores_when_all_were_killed_for_want_of_memory(tmp_path: Path) -> None:
    """Main process, recorder and guard, with none left to undo anything: that is done before the next window."""
    setup = _KILLER + (
        f"mig_audit run {tmp_path / 'params.json'} >/dev/null 2>&1 &\n"
        "until_open; all=$(pgrep -f mig_audit); kill -STOP $all; out_of_memory $all >/dev/null 2>&1; wait\n"
        "auditctl -l | tr '\\n' ' ' >/run/left; tell LEFT /run/left\n"
        "rm /var/log/mig-audit/*.log\n"
        "(until_open; kill -TERM $(main_process)) >/dev/null 2>&1 &"
    )
    after = "auditctl -l >/run/rules; tell RULES /run/rules"
    guest = record_in_guest(tmp_path, _PARAMETERS, setup=setup, after=after)

    assert "-w /run/ours" in guest.told("LEFT")
    kernel = guest.result["elements"]["kernel"]
    (dead,) = kernel["recovered"]
    assert (dead["complete"], dead["earlier_boot"], dead["differences"]) == (True, False, [])
    assert (kernel["before"]["enabled"], kernel["before"]["pid"], kernel["before"]["rules"]) == (0, 0, 0)
    assert kernel["restored"]
    assert guest.told("RULES") == "No rules"
    assert guest.code == 0
