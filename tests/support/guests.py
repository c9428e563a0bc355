"""User-Mode-Linux guests: hosts with a kernel and an audit of their own, for what must not be tried on a real one."""

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


def record_in_guest(
    folder: Path, parameters: dict[str, Any], *, setup: str = "", after: str = "", options: str = ""
) -> Guest:
    """Boot a guest that asks doctor, records one window, and halts.

    Args:
        folder: for the files of the guest.
        parameters: of the run.
        setup: shell commands before all that.
        after: shell commands between the run and the halt.
        options: of the kernel.
    """
    return Guest(boot_guest(folder, parameters, setup=setup, after=after, options=options))


def boot_guest(
    folder: Path, parameters: dict[str, Any], *, setup: str = "", after: str = "", options: str = ""
) -> str:
    """Do the same, and return what is on its console, whatever that is."""
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
    return result.stdout.decode(errors="replace")
