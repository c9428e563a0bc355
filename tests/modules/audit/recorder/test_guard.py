"""The guard: it waits for the recorder's death, and undoes what is left of the run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Callable, cast

import pytest
from memory_kernel import STATUS, MemoryKernel, rule

import mig_audit
from mig_audit.errors import NotPermittedError
from mig_audit.modules.audit.kernel.journal import Process, Undertaking
from mig_audit.modules.audit.kernel.recovery import boot_id
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.recorder.guard import watch

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control

DEAD = Process(4_000_000, 1)  # beyond the largest process id


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Return a folder of runs with one in it that has added a rule and switched audit on."""
    path = str(tmp_path / "runs")
    with Runs(path) as runs:
        journal = runs.create("run")
        journal.begin(
            Undertaking("run", boot_id(), 1.5, DEAD, DEAD, DEAD, Snapshot(STATUS, ()), (rule("ours"),), {})
        )
        journal.settings({Setting.ENABLED: 1})
        journal.outcome(RuleOutcome(rule("ours"), "added"))
        journal.close()
    return path


def _changed() -> MemoryKernel:
    kernel = MemoryKernel([rule("ours")])
    kernel.set(Setting.ENABLED, 1, 11)
    return kernel


def _opens(kernel: MemoryKernel) -> Callable[[], Control]:
    return lambda: cast("Control", nullcontext(kernel.control))


def _watch(folder: str, open_control: Callable[[], Control], run_id: str = "run") -> None:
    """Watch a recorder that is dead already."""
    life, ours = os.pipe()
    os.close(ours)
    watch(life, run_id, folder, open_control)
    os.close(life)


def test_when_the_recorder_is_dead_its_run_is_undone(folder: str) -> None:
    """And its journal is gone."""
    kernel = _changed()
    _watch(folder, _opens(kernel))

    assert (kernel.loaded, kernel.now) == ([], STATUS)
    with Runs(folder) as runs:
        assert runs.run_ids() == []


def test_where_nothing_is_left_the_kernel_is_not_even_asked(folder: str) -> None:
    """The run ended as it should, and removed its journal."""

    def refuse() -> Control:
        pytest.fail("the kernel was opened")

    _watch(folder, refuse, "another")


def test_what_it_cannot_undo_is_left_for_restore(folder: str) -> None:
    """Nobody is there to be told, and the journal stays."""

    def refuse() -> Control:
        raise NotPermittedError("EPERM")

    _watch(folder, refuse)
    with Runs(folder) as runs:
        assert runs.run_ids() == ["run"]


_START = """
import os, sys, time
sys.path.append(sys.argv[1])
from mig_audit.modules.audit.recorder import guard
started = guard.start("0123456789abcdef")
fds = f"/proc/{started.pid}/fd"
for _ in range(500):  # it closes what it was born with after it is there
    time.sleep(0.01)
    try:
        links = {os.path.basename(os.readlink(f"{fds}/{name}")) for name in os.listdir(fds)}
    except FileNotFoundError:
        continue
    if len(links) <= 2:
        break
print(started.pid, os.getsid(started.pid), os.getsid(0), len(links), started.alive(), flush=True)
sys.stdin.read()
"""


def test_it_starts_where_stderr_is_closed() -> None:
    """As some agents start what they start."""
    root = str(Path(mig_audit.__file__).resolve().parent.parent)
    command = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-I", "-S", "-c", _START, root]
    recorder = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=20)

    assert recorder.stdout.split()[-1:] == [b"True"]


def test_it_has_a_session_of_its_own_holds_nothing_open_and_ends_with_its_recorder() -> None:
    """Who waits for the end of a pipe that the recorder had is not kept waiting by the guard."""
    root = str(Path(mig_audit.__file__).resolve().parent.parent)
    recorder = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _START, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert recorder.stdout is not None
    pid, session, ours, links, alive = recorder.stdout.readline().split()

    assert alive == b"True"
    assert session not in {pid, ours}
    assert int(links) == 2  # the pipe, and /dev/null
    guard = Process.of(int(pid))
    recorder.kill()
    recorder.communicate(timeout=10)
    limit = time.monotonic() + 10
    while guard.alive():
        assert time.monotonic() < limit
        time.sleep(0.01)
