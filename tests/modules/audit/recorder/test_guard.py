"""The guard: it waits for the recorder's death, and undoes what is left of the run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest
from memory_kernel import STATUS, MemoryKernel, rule

import mig_audit
from mig_audit.errors import NotPermittedError
from mig_audit.modules.audit.kernel.journal import Process, Undertaking
from mig_audit.modules.audit.kernel.recovery import boot_id
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import Restoration, RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.recorder import reports
from mig_audit.modules.audit.recorder.channel import Channel
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
    return lambda: kernel.control


def _watch(
    folder: str,
    open_control: Callable[[], Control],
    run_id: str = "run",
    last_word: bytes = b"",
    told: str = "",
) -> list[dict[str, Any]]:
    """Watch a recorder that is dead already; return what the main process, which tells it one word, hears of it."""
    life, ours = os.pipe()
    os.write(ours, last_word)
    os.close(ours)
    end, theirs = socket.socketpair()
    line, heard = Channel(theirs), Channel(end)
    if told:
        heard.send(told, {})
    watch(life, line, run_id, folder, open_control)
    os.close(life)
    line.close()
    said = heard.receive()
    heard.close()
    return said


def test_when_the_recorder_is_dead_its_run_is_undone(folder: str) -> None:
    """And its journal is gone."""
    kernel = _changed()
    *removals, last = _watch(folder, _opens(kernel))

    assert (kernel.loaded, kernel.now) == ([], STATUS)
    assert removals == [{"kind": reports.REMOVED, "rules": 1}]
    assert last.pop("kind") == reports.RESTORED
    restoration = Restoration.from_json(last)
    assert restoration.restored
    assert [outcome.outcome for outcome in restoration.outcomes] == ["removed"]
    with Runs(folder) as runs:
        assert runs.run_ids() == []


def test_where_nothing_is_left_the_kernel_is_not_even_asked(folder: str) -> None:
    """The run ended as it should, removed its journal, and said so."""

    def refuse() -> Control:
        pytest.fail("the kernel was opened")

    assert _watch(folder, refuse, "another", last_word=b".") == []


def test_a_dismissal_that_was_too_early_is_none(folder: str) -> None:
    """What is left is undone all the same."""
    kernel = _changed()
    _watch(folder, _opens(kernel), last_word=b".")

    assert (kernel.loaded, kernel.now) == ([], STATUS)


def test_where_a_dead_recorder_left_nothing_the_main_process_hears_how_the_kernel_is(folder: str) -> None:
    """It cannot look itself."""
    kernel = _changed()
    (said,) = _watch(folder, _opens(kernel), "another")

    assert said.pop("kind") == reports.STANDS
    assert Snapshot.from_json(said) == Snapshot.take(kernel.control)


def test_what_it_cannot_undo_is_left_for_restore(folder: str) -> None:
    """The reason is told, and the journal stays."""

    def refuse() -> Control:
        raise NotPermittedError("EPERM")

    (said,) = _watch(folder, refuse)
    assert said.pop("kind") == reports.FAILED
    assert str(reports.error_from_json(said)) == "EPERM"
    with Runs(folder) as runs:
        assert runs.run_ids() == ["run"]


def test_a_recorder_that_hangs_is_not_waited_for(folder: str) -> None:
    """It has the lock, and will have it as long as it is there."""
    kernel = _changed()
    with Runs(folder) as hangs:
        assert hangs.try_lock()
        _, said, *_ = _watch(folder, _opens(kernel), told=reports.TAKE_OVER)

    assert said["kind"] == reports.RESTORED
    assert (kernel.loaded, kernel.now) == ([], STATUS)


def test_a_journal_that_cannot_be_read_is_told(folder: str) -> None:
    """Nothing is touched then."""
    Path(folder, "run.journal").write_text("nonsense\n")
    kernel = _changed()
    (said,) = _watch(folder, _opens(kernel))

    assert kernel.loaded == [rule("ours")]
    assert said["kind"] == reports.FAILED
    assert "a journal that cannot be read" in said["what"]


_START = """
import os, socket, sys, time
sys.path.append(sys.argv[1])
from mig_audit.modules.audit.recorder import guard
line, guards = socket.socketpair()
started = guard.start("0123456789abcdef", guards.detach()).process
fds = f"/proc/{started.pid}/fd"
for _ in range(500):  # it closes what it was born with after it is there
    time.sleep(0.01)
    try:
        links = {os.path.basename(os.readlink(f"{fds}/{name}")) for name in os.listdir(fds)}
    except FileNotFoundError:
        continue
    if len(links) <= 4:
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
    assert (
        int(links) <= 4
    )  # the pipe, its line to the main process, its audit socket if there is audit, and /dev/null
    guard = Process.of(int(pid))
    recorder.kill()
    recorder.communicate(timeout=10)
    limit = time.monotonic() + 10
    while guard.alive():
        assert time.monotonic() < limit
        time.sleep(0.01)
