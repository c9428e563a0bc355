"""A /run/mig-audit that cannot be used: what a run, `restore` and `doctor` say of it, and that nothing is begun."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mig_audit.modules.audit.kernel.state import Snapshot

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

FOLDER = "/run/mig-audit"
RULE = "-a always,exit -F arch=b64 -S execve -F uid=61357 -k folder"
READ_ONLY = f"mount -t tmpfs -o mode=700 tmpfs {FOLDER} && mount -o remount,ro {FOLDER}"
NO_INODES = f"mount -t tmpfs -o mode=700,nr_inodes=1 tmpfs {FOLDER}"
FULL = (
    f"mount -t tmpfs -o mode=700,size=64k tmpfs {FOLDER} && touch {FOLDER}/lock"
    f" && head -c 65536 /dev/zero >{FOLDER}/other"
)
LOCK_IS_A_FOLDER = f"mount -t tmpfs -o mode=700 tmpfs {FOLDER} && mkdir {FOLDER}/lock"
EMPTY = f"mount -t tmpfs -o mode=700 tmpfs {FOLDER}"


def _mig_audit(prepare: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it where only it sees a prepared folder."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    script = f'mkdir -p -m 700 {FOLDER}; {{ {prepare}; }} || exit 99; exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, "-m", "mig_audit", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=60)
    if done.returncode == 99:
        pytest.skip(f"cannot prepare the folder here: {done.stderr}")
    return done


@pytest.fixture
def parameters(tmp_path: Path) -> str:
    """Return the path of a short run's document."""
    document = {"window": "1s", "rules": [RULE], "raw_log": {"path": str(tmp_path / "raw.log")}}
    (tmp_path / "params.json").write_text(json.dumps(document))
    return str(tmp_path / "params.json")


@pytest.mark.parametrize(
    ("prepare", "code", "words", "remedy"),
    [
        (READ_ONLY, 3, "EROFS", "mount a writable"),
        (NO_INODES, 4, "ENOSPC", "free space and inodes"),
        (FULL, 4, "ENOSPC", "free space"),
        (LOCK_IS_A_FOLDER, 3, "lock", "remove it"),
    ],
)
def test_nothing_is_begun_where_nothing_can_be_written_down(
    kernel: Control, parameters: str, prepare: str, code: int, words: str, remedy: str
) -> None:
    """It is said with one line, and by `doctor` before."""
    before = Snapshot.take(kernel)
    run = _mig_audit(prepare, "run", parameters)
    doctor = _mig_audit(prepare, "doctor")

    assert Snapshot.take(kernel).rules == before.rules
    assert run.returncode == doctor.returncode == code
    assert "Traceback" not in run.stderr
    assert words in run.stderr
    assert len(run.stderr.splitlines()) == 1
    assert not Path(parameters).with_name("raw.log").exists()
    assert "can be recorded" not in doctor.stdout
    assert words in doctor.stdout
    assert remedy in doctor.stdout


@pytest.mark.parametrize(
    ("prepare", "code"), [(READ_ONLY, 3), (NO_INODES, 4), (LOCK_IS_A_FOLDER, 3), (FULL, 0)]
)
def test_restore_says_it_too(kernel: Control, prepare: str, code: int) -> None:  # noqa: ARG001  # the lock
    """A full one has room enough for who writes nothing."""
    restore = _mig_audit(prepare, "restore")

    assert restore.returncode == code
    assert "Traceback" not in restore.stderr
    assert len(restore.stderr.splitlines()) == bool(code)


@pytest.mark.parametrize("make", ["mkdir", "mkfifo", "ln -s nowhere"])
def test_a_strange_entry_is_told_and_stops_no_run(
    kernel: Control,  # noqa: ARG001  # the lock
    parameters: str,
    make: str,
) -> None:
    """Exit code 1: somebody must look."""
    prepare = f"{EMPTY} && {make} {FOLDER}/odd.journal"
    run = _mig_audit(prepare, "run", parameters)
    restore = _mig_audit(prepare, "restore")
    doctor = _mig_audit(prepare, "doctor")

    envelope = json.loads(run.stdout)
    assert (run.returncode, restore.returncode, doctor.returncode) == (1, 1, 0)
    assert envelope["success"]
    assert any("odd.journal" in error for error in envelope["errors"])
    assert "odd.journal" in restore.stderr
    assert "odd.journal" in doctor.stdout
