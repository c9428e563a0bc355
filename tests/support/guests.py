"""User-Mode-Linux guests: hosts with a kernel and an audit of their own, for what must not be tried on a real one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from pathlib import Path

UID = 61357  # nobody's: rules for it catch the numbered calls alone
MKDIR = f"-a always,exit -F arch=b64 -S mkdir,mkdirat -F uid={UID} -k numbered"
"""A rule for the calls of the guest's command ``numbered``."""

_DEADLINE = 55.0  # seconds of a guest; most need ten
_INIT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
for place in /run /var/log /var/tmp; do mount -t tmpfs tmpfs $place; done
mkdir -m 0700 /var/log/mig-audit

# tell MARK FILE: put what a file holds on the console, behind a mark
tell() {{ printf '@%s %s\\n' "$1" "$(cat "$2" 2>/dev/null)"; }}
mig_audit() {{ {python} -m mig_audit "$@"; }}
# record PARAMETERS: the run, and what it answers
record() {{
    mig_audit run "$1" -o /run/result.json >/run/messages 2>&1
    echo $? >/run/code
    tell RESULT /run/result.json
    tell MESSAGES /run/messages
    tell CODE /run/code
}}
ask_doctor() {{
    mig_audit doctor --json >/run/doctor 2>&1
    echo $? >/run/code
    tell DOCTOR /run/doctor
    tell DOCTORCODE /run/code
}}
until_open() {{ until grep -qs mig-audit-canary /var/log/mig-audit/*.log; do sleep 0.1; done; }}
main_process() {{ pgrep -of 'mig_audit run'; }}
recorder() {{ pgrep -P "$(main_process)" -f recorder.process; }}
# numbered COUNT: so many calls, each of which is one event
numbered() {{
    setpriv --reuid={uid} --regid={uid} --clear-groups /usr/bin/python3 -I -S -c "
import os
for i in range($1):
    try: os.mkdir(f'/no-such-folder/{{i}}')
    except FileNotFoundError: pass"
}}

{script}
halt -f
"""


class Guest:
    """What a guest printed, each thing behind its mark: the envelope, the messages, the exit code, and doctor's report."""

    def __init__(self, console: str) -> None:
        """Take the envelope from the console's text."""
        self.console = console
        self.result: dict[str, Any] = json.loads(self.told("RESULT"))
        assert find_problems(self.result, "audit.results.v1.schema.json") == []
        self.messages = self.told("MESSAGES")
        self.code = int(self.told("CODE"))

    @property
    def doctor(self) -> dict[str, Any]:
        """Return what doctor said, where the guest did ``ask_doctor``."""
        document: dict[str, Any] = json.loads(self.told("DOCTOR"))
        assert find_problems(document, "audit.doctor.v1.schema.json") == []
        assert int(self.told("DOCTORCODE")) == document["exit_code"]
        return document

    def problem(self) -> str:
        """Return the one problem that doctor found, with its remedy."""
        (check,) = [check for check in self.doctor["checks"] if check["state"] == "problem"]
        return f"{check['says']}: {check['remedy']}"

    def told(self, mark: str) -> str:
        """Return the first line behind a mark."""
        marked = f"@{mark} "
        lines = [line for line in self.console.splitlines() if line.startswith(marked)]
        assert lines, self.console
        return lines[0][len(marked) :].strip()


def record_in_guest(
    folder: Path, parameters: dict[str, Any], *, setup: str = "", after: str = "", options: str = ""
) -> Guest:
    """Boot a guest that records one window, and halts.

    Args:
        folder: for the files of the guest.
        parameters: of the run.
        setup: shell commands before that, and, in the background, during it.
        after: shell commands between the run and the halt.
        options: of the kernel; ``mem=`` among them replaces what a guest has else.
    """
    return Guest(boot_guest(folder, parameters, setup=setup, after=after, options=options))


def boot_guest(
    folder: Path,
    parameters: dict[str, Any],
    *,
    setup: str = "",
    after: str = "",
    options: str = "",
    deadline: float = _DEADLINE,
) -> str:
    """Do the same, and return what is on its console, whatever that is; fail with it after ``deadline`` seconds."""
    document = folder / "params.json"
    document.write_text(json.dumps(parameters))
    init = folder / "init"
    script = f"{setup}\nrecord {document}\n{after}"
    init.write_text(_INIT.format(python=sys.executable, uid=UID, script=script))
    init.chmod(0o755)
    return _boot(folder, [f"init={init}", *options.split()], deadline)


def _boot(folder: Path, options: list[str], deadline: float) -> str:
    """Run the kernel, with its files below the folder; end all of it at the deadline, and fail with the console."""
    if shutil.which("linux.uml") is None:
        pytest.skip("linux.uml is not installed (make test-tools)")
    command = [
        "linux.uml",
        "umid=guest",
        f"uml_dir={folder}/uml",
        "mem=160M",
        "rootfstype=hostfs",
        "rootflags=/",
    ]
    command += ["ro", "con=null", "con0=null,fd:1", "quiet", *options]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        pytest.fail(f"the guest was not done after {deadline:g} s:\n{_readable(output)}")
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    console = _readable(output)
    print(console)  # noqa: T201  # shown with the test that fails for it
    return console


def _readable(console: bytes) -> str:
    return console.decode(errors="replace")
