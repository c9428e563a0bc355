"""Processes of a run that are stopped or hang, on the real kernel: the run ends in time, and the kernel is restored."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest
from run_state import settings_of, the_undertaking, wait_for

from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

UID = 61357
EXECVE = f"-a always,exit -F arch=b64 -S execve -F uid={UID} -k stuck-exec"
ONE = "import os; os.execv('/bin/true', ['true'])"

Start = Callable[..., Any]
Work = Callable[[str], None]


def test_a_stopped_recorder_is_continued_and_loses_nothing(run: Start, workload: Work) -> None:
    """What came meanwhile waited on its socket; the envelope says that it stood still."""
    begun = run({"window": "60s", "rules": [EXECVE]})
    os.kill(the_undertaking().recorder.pid, signal.SIGSTOP)
    workload(ONE)
    wait_for(lambda: b"stuck-exec" in begun.log.read_bytes(), 30)
    envelope = begun.end()

    assert envelope["elements"]["window"]["reason"] == "stopped"
    assert envelope["elements"]["summary"]["keys"]["stuck-exec"] == 2
    assert envelope["statistics"]["loss"]["events_missing"] == {"min": 0, "max": 0, "why": ""}
    assert envelope["elements"]["kernel"]["restored"]
    (error,) = envelope["errors"]
    assert "the recorder was found stopped 1 times, and continued" in error
    assert begun.code == 1


def test_a_recorder_that_cannot_go_on_does_not_outlast_the_callers_deadline(
    run: Start, kernel: Control, workload: Work
) -> None:
    """It is stopped again and again: it is ended, the kernel restored, and what it wrote is in the envelope."""
    before = Snapshot.take(kernel)
    begun = run({"window": "60s", "deadline": "12s", "rules": [EXECVE], "kernel": {"canary": "1s"}})
    workload(ONE)
    time.sleep(1)  # for it to be written, and for the next word
    recorder = the_undertaking().recorder
    while recorder.alive() and begun.process.poll() is None:
        with suppress(ProcessLookupError):
            os.kill(recorder.pid, signal.SIGSTOP)
        time.sleep(0.001)
    envelope = begun.finish()

    assert float(envelope["statistics"]["exectime"].rstrip("s")) < 12
    assert Snapshot.take(kernel).rules == before.rules
    assert envelope["elements"]["window"]["reason"] == "stuck"
    assert envelope["elements"]["window"]["ended"] is not None
    assert envelope["elements"]["kernel"]["restored"]
    assert envelope["elements"]["summary"]["keys"]["stuck-exec"] == 2
    assert envelope["statistics"]["records"]["balanced"]
    missing = envelope["statistics"]["loss"]["events_missing"]
    assert missing["max"] is None
    assert "the recorder" in missing["why"]
    assert len(envelope["errors"]) == 1, envelope["errors"]
    assert "the recorder stood still" in envelope["errors"][0]
    assert begun.code == 1


@pytest.fixture
def freezer() -> Iterator[Path]:
    """Make a control group whose processes can be frozen: not even SIGKILL ends them."""
    place = Path("/sys/fs/cgroup/freezer") / f"mig-audit-test-{os.getpid()}"
    try:
        place.mkdir()
    except OSError as error:
        pytest.skip(f"no freezer of control groups, version 1: {error}")
    yield place
    place.joinpath("freezer.state").write_text("THAWED")
    wait_for(lambda: not place.joinpath("cgroup.procs").read_text(), 5)
    place.rmdir()


def test_a_recorder_that_cannot_even_be_killed_does_not_hold_up_the_run(
    run: Start, kernel: Control, freezer: Path
) -> None:
    """Audit is switched off and the rules are removed; what only its end can undo, the guard does then."""
    before = Snapshot.take(kernel)
    found = settings_of(kernel)
    begun = run({"window": "60s", "deadline": "12s", "rules": [EXECVE]})
    undertaking = the_undertaking()
    freezer.joinpath("cgroup.procs").write_text(str(undertaking.recorder.pid))
    freezer.joinpath("freezer.state").write_text("FROZEN")
    wait_for(lambda: begun.process.poll() is not None, 20)

    assert kernel.status().enabled == before.status.enabled
    assert kernel.rules() == before.rules
    freezer.joinpath("freezer.state").write_text("THAWED")
    wait_for(lambda: not undertaking.guard.alive(), 5)
    assert settings_of(kernel) == found
    envelope = begun.finish()  # only now, as the recorder has the same stderr
    assert envelope["elements"]["window"]["reason"] == "stuck"
    assert "hangs in the kernel" in envelope["errors"][0]
    assert "the audit pid was not given back" in envelope["errors"][1]
    assert begun.code == 1


def test_a_stopped_guard_does_not_stay_behind(run: Start) -> None:
    """Nothing was left for it to do; that somebody stopped it is told."""
    begun = run({"window": "60s", "rules": [EXECVE]})
    guard = the_undertaking().guard
    os.kill(guard.pid, signal.SIGSTOP)
    envelope = begun.end()

    assert not guard.alive()
    assert envelope["elements"]["kernel"]["restored"]
    (error,) = envelope["errors"]
    assert "the guard of the run was stopped by somebody" in error
    assert begun.code == 1


def test_a_stopped_guard_does_not_keep_a_dead_run_from_being_undone(run: Start, kernel: Control) -> None:
    """The main process does it."""
    found = settings_of(kernel)
    begun = run({"window": "60s", "rules": [EXECVE], "kernel": {"canary": "1s"}})
    wait_for(
        lambda: begun.log.read_bytes().count(b"op=mig-audit-canary") > 1, 20
    )  # the first one opens the window
    undertaking = the_undertaking()
    os.kill(undertaking.guard.pid, signal.SIGSTOP)
    os.kill(undertaking.recorder.pid, signal.SIGKILL)
    envelope = begun.finish()

    assert settings_of(kernel) == found
    assert envelope["elements"]["kernel"]["restored"]
    assert "the recorder was killed by SIGKILL" in envelope["errors"][0]
    assert not undertaking.guard.alive()
    assert begun.code == 1


def test_a_stopped_recorder_is_continued_by_the_guard_when_the_main_process_is_dead(
    run: Start, kernel: Control
) -> None:
    """It sees then that it is abandoned, and restores the kernel."""
    found = settings_of(kernel)
    begun = run({"window": "60s", "rules": [EXECVE]})
    undertaking = the_undertaking()
    os.kill(undertaking.recorder.pid, signal.SIGSTOP)
    begun.process.kill()

    wait_for(lambda: settings_of(kernel) == found, 5)
    wait_for(lambda: not undertaking.guard.alive(), 5)


def test_a_stopped_main_process_does_not_hold_up_the_recorder(run: Start, kernel: Control) -> None:
    """The window ends and the kernel is restored without it; it answers when it goes on."""
    found = settings_of(kernel)
    begun = run({"window": "5s", "rules": [EXECVE]})
    begun.process.send_signal(signal.SIGSTOP)
    wait_for(lambda: settings_of(kernel) == found, 30)
    with Runs() as runs:
        wait_for(lambda: runs.run_ids() == [], 5)
    begun.process.send_signal(signal.SIGCONT)
    envelope = begun.finish()

    assert envelope["elements"]["window"]["reason"] == "window"
    assert envelope["errors"] is None
    assert begun.code == 0
