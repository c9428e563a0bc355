"""A run that is killed, signalled or failed at any of its system calls leaves the kernel as it found it.

`make test-faults` strikes the recorder at every point, and the main process at every one of its own: before and after
each call to the kernel but those of imports, and in a loop at the first two (tests/support/mortal.py). The other tests take
a sample: of the recorder twelve points for each fault, of the main process six.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import mortal
import pytest
from recordings import follow, start_recording

from mig_audit.errors import InternalError, RecorderLostError
from mig_audit.modules.audit.kernel.recovery import boot_id, recover
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.rules import parse_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.kernel.control import Control

pytest_plugins = ["heeded"]
pytestmark = pytest.mark.kernel

UID = 61357
OURS = (
    f"-a always,exit -F arch=b64 -S execve -F uid={UID} -k faults",
    f"-A exit,never -F arch=b64 -S chmod -F uid={UID}",
)
THEIRS = (
    f"-a always,exit -F arch=b64 -S chmod -F uid={UID} -k theirs",
    f"-a always,exit -F arch=b64 -S chown -F uid={UID} -k theirs",
)
MORTAL = str(Path(mortal.__file__))
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
# What becomes of the recorder, and who is there to undo it: `all` is the guard too, `orphan` is the main process too.
FAULTS = (*SIGNALS, "exception", "oserror", "SIGKILL", "orphan", "all")
SAMPLED = 12  # of the points, for each fault
PARTS = 16  # of all points; between two of them another test can have the kernel
NONE = 0  # a point that is never reached


@pytest.fixture
def host(kernel: Control) -> Iterator[Control]:
    """Return a kernel that has two rules already, whose order must stay."""
    rules = [parse_rule(rule).rule.pack() for rule in THEIRS]
    for rule in rules:
        kernel.add_rule(rule)
    yield kernel
    for rule in rules:
        kernel.delete_rule(rule)


def _state(kernel: Control) -> tuple[tuple[bytes, ...], dict[str, int | None]]:
    """Return the rules, and the status without its counters."""
    now = Snapshot.take(kernel)
    return now.rules, {setting.name: now.status.setting(setting) for setting in Setting}


def _record(folder: Path, fault: str, point: int) -> int:
    """Run a recorder that is struck at that point; return how many points it passed, 0 if nobody knows."""
    tally = folder / "tally"
    tally.unlink(missing_ok=True)
    strike = "SIGKILL" if fault == "orphan" else fault
    arguments = (sys.executable, "-I", "-S", MORTAL, "recorder", strike, str(point), str(tally))
    recorder = start_recording(folder, OURS, arguments=arguments)
    follow(recorder)
    if fault == "orphan":
        recorder._process.wait()
        recorder._channel.close()
        recorder._line.close()
    else:
        recorder.farewell()
    return int(tally.read_text() or "0") if tally.exists() else 0


def _settle(kernel: Control, fault: str, found: object) -> None:
    """Wait for the guard, or do what `mig-audit restore` does where it is dead."""
    limit = time.monotonic() + 10
    with Runs() as runs:
        if fault == "all" and runs.try_lock():
            recover(runs, kernel, boot_id())
            runs.unlock()
        while runs.run_ids():
            assert time.monotonic() < limit
            time.sleep(0.005)
    assert _state(kernel) == found


def _points(folder: Path) -> int:
    """Return how many points a run without a fault has."""
    return _record(folder, "none", NONE)


def _strike(host: Control, folder: Path, fault: str, points: range) -> None:
    found = _state(host)
    for point in points:
        _record(folder, fault, point)
        try:
            _settle(host, fault, found)
        except AssertionError as error:
            pytest.fail(f"{fault} at point {point}: {error}")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sample_of_all_points(host: Control, tmp_path: Path, fault: str) -> None:
    """Each fault at other points than the others."""
    points = _points(tmp_path)
    assert points > 200
    step = points // SAMPLED
    _strike(host, tmp_path, fault, range(1 + FAULTS.index(fault) * step // len(FAULTS), points, step))


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(1, PARTS + 1))
@pytest.mark.parametrize("fault", FAULTS)
def test_every_point(host: Control, tmp_path: Path, fault: str, part: int) -> None:
    """Each part has every sixteenth of them, from the first to the last."""
    points = _points(tmp_path)
    struck = range(part, points + 1, PARTS)
    _strike(host, tmp_path, fault, struck)
    print(f"{fault}: {len(struck)} of {points} points")  # noqa: T201  # make test-faults shows it


# What ends a program that has no handler for it (signal(7)), but for SIGKILL, which is tried enough.
DEADLY = sorted(
    {
        signal.SIGABRT,
        signal.SIGALRM,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGIO,
        signal.SIGPROF,
        signal.SIGPWR,
        signal.SIGQUIT,
        signal.SIGSEGV,
        signal.SIGSYS,
        signal.SIGTRAP,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGVTALRM,
        signal.SIGXCPU,
        signal.SIGRTMIN,
        signal.SIGRTMAX,
    }
)


@pytest.fixture
def _no_core_files() -> Iterator[None]:
    """Some of these signals leave one in the working folder, where the host wants that."""
    limits = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, limits)


@pytest.mark.usefixtures("_no_core_files", "signals_heeded")
@pytest.mark.parametrize("number", DEADLY, ids=lambda number: number.name)
def test_whatever_signal_ends_the_recorder_the_kernel_is_restored(
    host: Control, tmp_path: Path, number: signal.Signals
) -> None:
    """In the middle of its window."""
    found = _state(host)
    recorder = start_recording(tmp_path, OURS, window=60)
    while recorder.ready is None:
        assert not recorder.gone
        recorder.listen(0.05)
    os.kill(recorder.pid, number)
    recorder.farewell()

    assert recorder.restoration is not None
    assert recorder.restoration.restored
    assert isinstance(recorder.failure, (InternalError, RecorderLostError))
    _settle(host, number.name, found)


MAIN_FAULTS = (*SIGNALS, "exception", "SIGKILL")
MAIN_SAMPLED = 6  # of the points, for each fault


def _run_main(folder: Path, fault: str, point: int) -> int:
    """Run the command line, struck at that point; return how many points it passed, 0 if nobody knows."""
    tally, log = folder / "tally", folder / "raw.log"
    tally.unlink(missing_ok=True)
    log.unlink(missing_ok=True)
    document = {"window": "100ms", "rules": list(OURS), "raw_log": {"path": str(log)}}
    (folder / "params.json").write_text(json.dumps(document))
    arguments = [sys.executable, MORTAL, "main", fault, str(point), str(tally)]
    subprocess.run(
        [*arguments, "run", str(folder / "params.json"), "-o", str(folder / "result.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return int(tally.read_text() or "0") if tally.exists() else 0


def _strike_main(host: Control, folder: Path, fault: str, points: range) -> None:
    found = _state(host)
    for point in points:
        _run_main(folder, fault, point)
        try:
            _settle(host, fault, found)
        except AssertionError as error:
            pytest.fail(f"{fault} at point {point} of the main process: {error}")


@pytest.mark.parametrize("fault", MAIN_FAULTS)
def test_a_sample_of_the_main_process(host: Control, tmp_path: Path, fault: str) -> None:
    """It changes nothing itself, and whatever happens to it the recorder restores."""
    points = _run_main(tmp_path, "none", NONE)
    assert points > 200
    step = points // MAIN_SAMPLED
    _strike_main(
        host, tmp_path, fault, range(1 + MAIN_FAULTS.index(fault) * step // len(MAIN_FAULTS), points, step)
    )


@pytest.mark.exhaustive
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(1, PARTS + 1))
@pytest.mark.parametrize("fault", MAIN_FAULTS)
def test_every_point_of_the_main_process(host: Control, tmp_path: Path, fault: str, part: int) -> None:
    """From the reading of the parameters to the writing of the result."""
    points = _run_main(tmp_path, "none", NONE)
    struck = range(part, points + 1, PARTS)
    _strike_main(host, tmp_path, fault, struck)
    print(f"main process, {fault}: {len(struck)} of {points} points")  # noqa: T201  # make test-faults shows it
