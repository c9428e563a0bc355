"""Hosts that must not be tried on a real one: each is a User-Mode-Linux guest, with a kernel and an audit of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from guests import record_in_guest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.guest


def test_a_locked_configuration_is_read_and_not_touched(tmp_path: Path) -> None:
    """With enabled=2: what the host audits is read, the rules asked for are skipped, exit code 4."""
    watch = "-w /run/watched -p wa -k theirs"
    setup = (
        f"auditctl {watch} >/dev/null\nauditctl -e 2 >/dev/null\nask_doctor\n"
        "recorded() { cat /var/log/mig-audit/*.log | grep -c key=.theirs; }\n"
        "(until [ $(recorded) -gt 8 ]; do touch /run/watched; sleep 0.2; done; kill -TERM $(main_process)) 2>/dev/null &"
    )
    parameters = {"window": "40s", "rules": [{"profile": "exec"}, watch]}
    guest = record_in_guest(tmp_path, parameters, setup=setup)

    assert guest.code == guest.doctor["exit_code"] == 4
    assert "locked (enabled=2)" in guest.problem()
    assert "locked (enabled=2)" in guest.result["errors"][0]
    assert "reboot" in guest.result["errors"][0]
    assert not guest.result["success"]
    elements = guest.result["elements"]
    assert {rule["outcome"] for rule in elements["rules"]} == {"skipped"}
    assert elements["kernel"]["stream"] == "multicast"
    assert elements["kernel"]["restored"]
    assert elements["summary"]["keys"]["theirs"] > 1


def test_a_host_that_panics_on_loss_is_only_read(tmp_path: Path) -> None:
    """With failure=2: nothing is configured, and the remedy names the parameter."""
    guest = record_in_guest(
        tmp_path,
        {"window": "1s", "rules": [{"profile": "exec"}]},
        setup="auditctl -f 2 >/dev/null\nask_doctor",
    )

    assert guest.code == guest.doctor["exit_code"] == 4
    assert "kernel.failure" in guest.problem()
    assert "failure=2" in guest.result["errors"][0]
    assert "kernel.failure" in guest.result["errors"][0]
    assert guest.result["elements"]["kernel"]["after"]["failure"] == 2


def test_the_parameters_may_lower_the_panic_for_the_window(tmp_path: Path) -> None:
    """failure is 1 during the window, and 2 again after it."""
    parameters = {"window": "2s", "rules": [{"profile": "exec"}], "kernel": {"failure": "printk"}}
    guest = record_in_guest(tmp_path, parameters, setup="auditctl -f 2 >/dev/null\n(sleep 1.5; /bin/true) &")

    kernel = guest.result["elements"]["kernel"]
    assert (kernel["during"]["failure"], kernel["after"]["failure"]) == (1, 2)
    assert kernel["restored"]
    assert guest.code == 0


def test_a_kernel_without_audit_is_told_in_one_sentence(tmp_path: Path) -> None:
    """Booted with audit=0."""
    parameters = {"window": "1s", "rules": [{"profile": "exec"}]}
    guest = record_in_guest(tmp_path, parameters, setup="ask_doctor", options="audit=0")

    assert guest.code == guest.doctor["exit_code"] == 4
    assert "it was booted with audit=0: remove audit=0" in guest.problem()
    assert len(guest.result["errors"]) == 1
    assert "booted with audit=0" in guest.result["errors"][0]
    assert guest.result["elements"] is None
