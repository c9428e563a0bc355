"""Hosts that must not be tried on a real one: each is a User-Mode-Linux guest, with a kernel and an audit of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.guest

_INIT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
for place in /run /var/log /var/tmp; do mount -t tmpfs tmpfs $place; done
{setup}
{python} -m mig_audit doctor --json >/run/doctor 2>&1
doctor=$?
{python} -m mig_audit run {parameters} -o /run/result.json >/run/out 2>&1
code=$?
{after}
echo "@RESULT $(cat /run/result.json 2>/dev/null)"
echo "@MESSAGES $(cat /run/out)"
echo "@CODE $code"
echo "@DOCTOR $(cat /run/doctor)"
echo "@DOCTORCODE $doctor"
halt -f
"""


class Guest:
    """What a guest printed: the envelope, the messages for people, the exit code, and what doctor said before the run."""

    def __init__(self, console: str) -> None:
        """Take the console's text apart."""
        self.console = console
        self.result: dict[str, Any] = json.loads(self._after("@RESULT"))
        self.messages = self._after("@MESSAGES")
        self.code = int(self._after("@CODE"))
        assert find_problems(self.result, "audit.results.v1.schema.json") == []
        self.doctor: dict[str, Any] = json.loads(self._after("@DOCTOR "))
        assert find_problems(self.doctor, "audit.doctor.v1.schema.json") == []
        assert int(self._after("@DOCTORCODE")) == self.doctor["exit_code"]

    def problem(self) -> str:
        """Return the one problem that doctor found, with its remedy."""
        (check,) = [check for check in self.doctor["checks"] if check["state"] == "problem"]
        return f"{check['says']}: {check['remedy']}"

    def _after(self, mark: str) -> str:
        lines = [line for line in self.console.splitlines() if line.startswith(mark)]
        assert lines, self.console
        return lines[0][len(mark) :].strip()


def _boot(
    folder: Path, parameters: dict[str, Any], *, setup: str = "", after: str = "", options: str = ""
) -> Guest:
    if shutil.which("linux.uml") is None:
        pytest.skip("linux.uml is not installed (make test-tools)")
    (folder / "params.json").write_text(json.dumps(parameters))
    init = folder / "init"
    script = _INIT.format(python=sys.executable, parameters=folder / "params.json", setup=setup, after=after)
    init.write_text(script)
    init.chmod(0o755)
    command = [
        "linux.uml",
        f"umid=mig{folder.name[-20:]}",
        "mem=160M",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
    ]
    command += [f"init={init}", "con=null", "con0=null,fd:1", "quiet", *options.split()]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=90, check=False)
    return Guest(result.stdout.decode(errors="replace"))


def test_a_locked_configuration_is_read_and_not_touched(tmp_path: Path) -> None:
    """With enabled=2: what the host audits is read, the rules asked for are skipped, exit code 4."""
    watch = "-w /run/watched -p wa -k theirs"
    guest = _boot(
        tmp_path,
        {"window": "3s", "rules": [{"profile": "exec"}, watch]},
        setup=f"auditctl {watch} >/dev/null\nauditctl -e 2 >/dev/null\nwhile :; do touch /run/watched; sleep 0.2; done &",
    )

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
    guest = _boot(
        tmp_path, {"window": "1s", "rules": [{"profile": "exec"}]}, setup="auditctl -f 2 >/dev/null"
    )

    assert guest.code == guest.doctor["exit_code"] == 4
    assert "kernel.failure" in guest.problem()
    assert "failure=2" in guest.result["errors"][0]
    assert "kernel.failure" in guest.result["errors"][0]
    assert guest.result["elements"]["kernel"]["after"]["failure"] == 2


def test_the_parameters_may_lower_the_panic_for_the_window(tmp_path: Path) -> None:
    """failure is 1 during the window, and 2 again after it."""
    parameters = {"window": "2s", "rules": [{"profile": "exec"}], "kernel": {"failure": "printk"}}
    guest = _boot(tmp_path, parameters, setup="auditctl -f 2 >/dev/null\n(sleep 1.5; /bin/true) &")

    kernel = guest.result["elements"]["kernel"]
    assert (kernel["during"]["failure"], kernel["after"]["failure"]) == (1, 2)
    assert kernel["restored"]
    assert guest.code == 0


def test_a_kernel_without_audit_is_told_in_one_sentence(tmp_path: Path) -> None:
    """Booted with audit=0."""
    guest = _boot(tmp_path, {"window": "1s", "rules": [{"profile": "exec"}]}, options="audit=0")

    assert guest.code == guest.doctor["exit_code"] == 4
    assert "it was booted with audit=0: remove audit=0" in guest.problem()
    assert len(guest.result["errors"]) == 1
    assert "booted with audit=0" in guest.result["errors"][0]
    assert guest.result["elements"] is None
