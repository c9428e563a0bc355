"""Who else has to do with audit: auditd, alive, dead, or coming later; and somebody who deletes all rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from auditd import write_configuration
from guests import MKDIR, record_in_guest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.guest

_START = """
mkdir /run/audit
auditd -n -s enable -c {folder} >/dev/null 2>&1 &
auditd=$!
until auditctl -s | grep -q "^pid $auditd$"; do sleep 0.1; done
"""
_STATUS = "auditctl -s | tr '\\n' ' ' >/run/status; tell STATUS /run/status\n"
_HEARD = "sleep 1; grep -c 'mark-' /run/audit/audit.log >/run/marks; tell MARKS /run/marks\n"


def _auditd(folder: Path) -> str:
    """Return the commands that start it, with its log in the guest's /run/audit."""
    write_configuration(folder / "auditd", "/run/audit/audit.log")
    return _START.format(folder=folder / "auditd")


def test_auditd_keeps_the_pid_and_its_records_before_during_and_after(tmp_path: Path) -> None:
    """It is read beside, by multicast; what it is sent meanwhile is in its log, and in ours what came in the window."""
    setup = _auditd(tmp_path) + (
        "auditctl -m mark-before\necho $auditd >/run/owner; tell OWNER /run/owner\n"
        "(until_open; auditctl -m mark-during; numbered 10; sleep 1; kill -TERM $(main_process)) >/dev/null 2>&1 &"
    )
    after = (
        "auditctl -m mark-after\n"
        + _STATUS
        + _HEARD
        + ("grep -c key=.numbered /run/audit/audit.log >/run/numbered; tell NUMBERED /run/numbered")
    )
    guest = record_in_guest(tmp_path, {"window": "40s", "rules": [MKDIR]}, setup=setup, after=after)

    kernel = guest.result["elements"]["kernel"]
    owner = int(guest.told("OWNER"))
    assert kernel["stream"] == "multicast"
    assert [(each["pid"], each["comm"]) for each in kernel["neighbours"] if "owner" in each["roles"]] == [
        (owner, "auditd")
    ]
    assert {kernel[time]["pid"] for time in ("before", "during", "after")} == {owner}
    assert f"pid {owner} " in guest.told("STATUS")
    assert (int(guest.told("MARKS")), int(guest.told("NUMBERED"))) == (3, 10 + 2)
    assert guest.result["elements"]["summary"]["keys"]["numbered"] == 10
    assert set(guest.result["elements"]["summary"]["categories"]) == {"user", "write"}
    assert kernel["drift"] == []
    assert kernel["restored"]
    assert guest.code == 0


def test_a_dead_owner_of_the_pid_is_no_owner(tmp_path: Path) -> None:
    """auditd was killed with SIGKILL: the pid is free or a dead one's, and is taken for the window."""
    setup = _auditd(tmp_path) + (
        "kill -9 $auditd; wait\nask_doctor\n"
        "(until_open; numbered 10; sleep 1; kill -TERM $(main_process)) >/dev/null 2>&1 &"
    )
    guest = record_in_guest(tmp_path, {"window": "40s", "rules": [MKDIR]}, setup=setup, after=_STATUS)

    kernel = guest.result["elements"]["kernel"]
    assert guest.doctor["stream"] == kernel["stream"] == "unicast"
    assert guest.result["elements"]["summary"]["keys"]["numbered"] == 10
    assert guest.result["statistics"]["loss"]["events_missing"] == {"min": 0, "max": 0, "why": ""}
    assert "pid 0" in guest.told("STATUS")
    assert kernel["restored"]
    assert guest.code == 0


def test_rules_that_are_deleted_under_us_are_drift(tmp_path: Path) -> None:
    """All are gone, ours and the host's; each is told with who did it, and none is put back unasked."""
    theirs = "auditctl -w /run/theirs -p wa -k theirs >/dev/null\n"
    delete = "(until_open; numbered 5; auditctl -D; sleep 2; kill -TERM $(main_process)) >/dev/null 2>&1 &"
    after = "auditctl -l >/run/rules; tell RULES /run/rules"
    guest = record_in_guest(tmp_path, {"window": "40s", "rules": [MKDIR]}, setup=theirs + delete, after=after)

    kernel = guest.result["elements"]["kernel"]
    removed = [change for change in kernel["drift"] if change["what"] == "rule removed"]
    assert any("numbered" in change["rule"] for change in removed)
    assert any("theirs" in change["rule"] for change in removed)
    assert {change["by"]["comm"] for change in removed} == {"auditctl"}
    assert [rule["ending"] for rule in guest.result["elements"]["rules"]] == ["vanished"]
    assert guest.result["elements"]["summary"]["categories"]["write"] == 5
    assert guest.told("RULES") == "No rules"
    assert guest.code == 1
