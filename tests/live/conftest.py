"""The kernel's one audit configuration, for one test at a time, and handed back as it was."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest
from auditd import write_configuration

from mig_audit.errors import MigAuditError
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.rule_bytes import without_prepend
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

UID = 61357  # nobody's: rules for it catch the tests' programs alone
_OPENING = 1.5  # seconds
_LOCK = Path("/run/lock/mig-audit-kernel-tests.lock")


def _why_not() -> str:
    """Return why this machine cannot run the tests that use the kernel, or nothing."""
    try:
        with Control.open() as control:
            status = control.status()
    except MigAuditError as error:
        return str(error)
    if status.enabled == 2 or status.failure == 2 or status.pid:
        return f"the kernel's audit is in use or locked here: {status}"
    return ""


@pytest.fixture
def kernel() -> Iterator[Control]:
    """Own the kernel's audit for one test; undo what the test left, and fail it for that."""
    if os.geteuid() != 0:
        pytest.skip("needs root: the kernel's audit can be used by root alone")
    with _LOCK.open("w") as lock:
        # Only then can it be seen whether somebody else than another test uses it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        why = _why_not()
        if why:
            pytest.skip(why)
        yield from _lent()


def _lent() -> Iterator[Control]:
    with Control.open() as control:
        before = Snapshot.take(control)
        yield control
        after = Snapshot.take(control)
        _put_back(control, before, after)
        assert after.rules == before.rules
        assert [after.status.setting(setting) for setting in Setting] == [
            before.status.setting(setting) for setting in Setting
        ]


def _put_back(control: Control, before: Snapshot, after: Snapshot) -> None:
    for setting in Setting:
        value = before.status.setting(setting)
        if setting is not Setting.PID and value is not None and after.status.setting(setting) != value:
            control.set(setting, value, before.status.words)
    for rule in after.rules:
        if rule not in before.rules:
            control.delete_rule(without_prepend(rule))


class Run:
    """One `mig-audit run` as its user starts it."""

    def __init__(self, folder: Path, parameters: dict[str, Any], *options: str) -> None:
        """Write the parameters and start; the raw log is `raw.log` in the same folder unless they say otherwise."""
        self.log = folder / "raw.log"
        document = {**parameters, "raw_log": {"path": str(self.log), **parameters.get("raw_log", {})}}
        self._written = Path(document["raw_log"]["path"])
        (folder / "params.json").write_text(json.dumps(document))
        command = [sys.executable, "-m", "mig_audit", "run", str(folder / "params.json"), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
        self.stderr = ""

    def finish(self, timeout: float = 60) -> dict[str, Any]:
        """Wait for the envelope, and see that it fits its schema."""
        stdout, stderr = self.process.communicate(timeout=timeout)
        self.stderr = stderr.decode()
        assert stdout, self.stderr
        envelope: dict[str, Any] = json.loads(stdout)
        assert find_problems(envelope, "audit.results.v1.schema.json") == []
        return envelope

    def end(self) -> dict[str, Any]:
        """End the window now, and return the envelope: a slow host does not end it before the test has done its part."""
        self.process.send_signal(signal.SIGTERM)
        return self.finish()

    def is_open(self) -> bool:
        """Say whether the canary that opens the window has come back."""
        return self._written.exists() and b"op=mig-audit-canary" in self._written.read_bytes()

    @property
    def code(self) -> int:
        """Return the exit code."""
        return self.process.returncode


@pytest.fixture
def run(kernel: Control, tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Start a run and return once its window is open; none is left behind."""
    runs: list[Run] = []

    def start(parameters: dict[str, Any], *options: str, wait: bool = True) -> Run:
        before = kernel.rules()
        begun = Run(tmp_path, parameters, *options)
        runs.append(begun)
        if wait:
            _wait_for(lambda: kernel.status().enabled == 1 and kernel.rules() != before, begun.process)
            # Not every run has a canary: after some time the window is open without.
            limit = time.monotonic() + _OPENING
            while not begun.is_open() and begun.process.poll() is None and time.monotonic() < limit:
                time.sleep(0.01)
        return begun

    yield start
    for begun in runs:
        begun.process.kill()
        begun.process.communicate()


def _wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < limit
        time.sleep(0.01)


@pytest.fixture
def workload() -> Callable[[str], str]:
    """Run a Python program as a user of its own, so that rules can be restricted to what the test does; return what it prints.

    The system's Python, because the one that runs the tests may be where only root can read.
    """
    python = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")
    if python is None:
        pytest.skip("no python3 that every user can run")

    def work(program: str) -> str:
        command = [python, "-I", "-S", "-c", program]
        done = subprocess.run(command, user=UID, group=UID, check=True, cwd="/", stdout=subprocess.PIPE)
        return done.stdout.decode()

    return work


@pytest.fixture
def auditd(kernel: Control, tmp_path: Path) -> Iterator[Path]:
    """Run the real auditd, with its log in a folder of its own; return that log."""
    program = shutil.which("auditd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip("auditd is not installed (make test-tools)")
    folder = tmp_path / "auditd"
    write_configuration(folder, f"{folder}/audit.log")
    process = subprocess.Popen([program, "-n", "-s", "nochange", "-c", str(folder)], stderr=subprocess.PIPE)
    limit = time.monotonic() + 10
    while kernel.status().pid != process.pid:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < limit
        time.sleep(0.05)
    yield folder / "audit.log"
    process.terminate()
    process.communicate(timeout=10)
    assert kernel.status().pid == 0
