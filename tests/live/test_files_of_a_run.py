"""The traces of a run on the disk, against what the result says of them."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

RULE = "-a always,exit -F arch=b64 -S execve -F uid=61357 -k files-made"
STATE = Path("/run/mig-audit")


def _seen(*folders: Path) -> dict[str, str]:
    """Return the mode of everything in these folders, and of the folders."""
    return {str(place): f"{stat.S_IMODE(place.lstat().st_mode):04o}" for place in _all(folders)}


def _all(folders: tuple[Path, ...]) -> Iterator[Path]:
    for folder in folders:
        if folder.exists():
            yield folder
            yield from folder.rglob("*")


@pytest.mark.parametrize("mask", [0, 0o777])
def test_what_was_made_is_what_is_told(kernel: Control, tmp_path: Path, mask: int) -> None:  # noqa: ARG001  # the lock
    """Private all of it, whatever the umask; what is gone again is told, too."""
    log, target, listening = tmp_path / "to" / "be" / "raw.log", tmp_path / "result.json", tmp_path / "s"
    sink = {"type": "unix", "mode": "listen", "path": str(listening)}
    document = {"window": "200ms", "rules": [RULE], "sinks": [sink], "raw_log": {"path": str(log)}}
    command = [sys.executable, "-m", "mig_audit", "run", "-o", str(target), "-"]
    before = _seen(tmp_path, STATE)
    umask = os.umask(mask)
    try:
        subprocess.run(command, input=json.dumps(document).encode(), check=True, cwd="/")
    finally:
        os.umask(umask)
    after = _seen(tmp_path, STATE)

    elements = json.loads(target.read_text())["elements"]
    left = {each["path"]: each["mode"] for each in elements["files"] if each["left"]}
    assert left == {path: mode for path, mode in after.items() if path not in before}
    assert {left[str(log)], left[str(target)]} == {"0600"}
    assert {left[str(log.parent)], left[str(log.parent.parent)]} == {"0700"}
    sizes = {each["path"]: each["size"] for each in elements["files"]}
    assert sizes[str(log)] == log.stat().st_size == elements["raw_log"]["size"]
    gone = {each["what"]: each["path"] for each in elements["files"] if not each["left"]}
    assert gone == {"socket": str(listening), "journal": f"{STATE}/{elements['run_id']}.journal"}


def _run(folder: Path, *options: str, stdout: int | None = None) -> subprocess.CompletedProcess[bytes]:
    document = {"window": "200ms", "rules": [RULE], "raw_log": {"path": str(folder / "raw.log")}}
    (folder / "params.json").write_text(json.dumps(document))
    command = [sys.executable, "-m", "mig_audit", "run", str(folder / "params.json"), *options]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False, cwd="/")


@pytest.mark.parametrize("earlier", [False, True])
def test_the_result_never_takes_the_raw_logs_place(kernel: Control, tmp_path: Path, earlier: bool) -> None:  # noqa: ARG001  # the lock
    """Nor that of an earlier run, which is there still."""
    log = tmp_path / "raw.log"
    if earlier:
        log.write_bytes(b"evidence")
    done = _run(tmp_path, "-o", str(tmp_path / ".." / tmp_path.name / "raw.log"))

    assert done.returncode == 2
    assert done.stderr.decode() == f"mig-audit: {log} is also where the output goes: write to another file\n"
    assert (log.read_bytes() if earlier else log.exists()) == (b"evidence" if earlier else False)


def test_a_result_that_cannot_be_written_names_what_there_is(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """The raw log, from which the events can be had again."""
    with Path("/dev/full").open("wb") as full:
        done = _run(tmp_path, stdout=full.fileno())

    log = tmp_path / "raw.log"
    assert done.returncode == 2
    assert "stdout could not be written: No space left on device" in done.stderr.decode()
    assert f"every record is in {log}: `mig-audit replay {log}` gives the events" in done.stderr.decode()
    assert log.stat().st_size


def test_a_run_that_is_killed_leaves_no_half_result(kernel: Control, tmp_path: Path) -> None:
    """Under no name at all: until it is complete it has none."""
    document = {"window": "20s", "rules": [RULE], "raw_log": {"path": str(tmp_path / "raw.log")}}
    (tmp_path / "params.json").write_text(json.dumps(document))
    target = tmp_path / "result.json"
    command = [sys.executable, "-m", "mig_audit", "run", str(tmp_path / "params.json"), "-o", str(target)]
    with subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL) as run:
        limit = time.monotonic() + 10
        while not (tmp_path / "raw.log").exists() and time.monotonic() < limit:
            time.sleep(0.05)
        run.send_signal(signal.SIGQUIT)
    while kernel.status().enabled and time.monotonic() < limit + 10:
        time.sleep(0.05)

    assert {path.name for path in tmp_path.iterdir()} - {"core"} <= {"raw.log", "params.json"}


def test_a_result_that_cannot_be_put_together_names_what_there_is(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """The window is over: all that is left of it is the raw log."""
    document = {"window": "200ms", "rules": [RULE], "raw_log": {"path": str(tmp_path / "raw.log")}}
    broken = "from mig_audit.modules.audit import report; report.compose = lambda _facts: {}['no such']"
    start = f"import sys; {broken}; from mig_audit.__main__ import entrypoint; sys.exit(entrypoint())"
    command = [sys.executable, "-c", start, "run", "-"]
    done = subprocess.run(command, input=json.dumps(document).encode(), capture_output=True, check=False)

    (error,) = json.loads(done.stdout)["errors"]
    assert done.returncode == 6
    assert error.startswith("the result could not be put together: KeyError: 'no such'")
    assert f"every record is in {tmp_path}/raw.log" in error
    assert b"msg=audit(" in (tmp_path / "raw.log").read_bytes()
