"""Runs that were started in ways that programs seldom are: what the caller left them, and what the host lacks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mig_audit
from mig_audit.modules.audit.kernel.state import Snapshot

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

_RULE = "-a always,exit -F arch=b64 -S execve -F uid=61357 -k inheritance"
_COMMAND = (sys.executable, "-m", "mig_audit", "run", "-")
_IGNORING = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
_BLOCKING = (
    "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, list(signal.Signals));"
    " os.execv(sys.argv[1], sys.argv[1:])"
)


def _document(folder: Path, window: str) -> bytes:
    document = {"window": window, "rules": [_RULE], "raw_log": {"path": str(folder / "raw.log")}}
    return json.dumps(document).encode()


def test_a_caller_that_waits_for_no_child_gets_its_result(kernel: Control, tmp_path: Path) -> None:
    """SIGCHLD is ignored then, in the run as well; daemons do that."""
    before = Snapshot.take(kernel)
    command = [sys.executable, "-c", _IGNORING, *_COMMAND]
    done = subprocess.run(command, input=_document(tmp_path, "200ms"), capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["elements"]["kernel"]["restored"] is True
    assert Snapshot.take(kernel).rules == before.rules


def test_a_caller_that_blocks_signals_can_still_stop_a_run(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """What a thread of an agent has blocked, what it starts has blocked, too."""
    command = [sys.executable, "-c", _BLOCKING, *_COMMAND]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdin is not None
        run.stdin.write(_document(tmp_path, "60s"))
        run.stdin.close()
        while not (tmp_path / "raw.log").exists():
            assert run.poll() is None
        run.send_signal(signal.SIGTERM)
        assert run.stdout is not None
        envelope = json.loads(run.stdout.read())

    assert envelope["success"] is True
    assert envelope["elements"]["window"]["reason"] == "stopped"


@pytest.mark.parametrize("how", ["option", "environment"])
def test_who_wants_no_bytecode_gets_none(kernel: Control, tmp_path: Path, how: str) -> None:  # noqa: ARG001  # the lock
    """A host under investigation has as few new files as possible, the recorder's included."""
    package = Path(mig_audit.__file__).parent
    shutil.copytree(package, tmp_path / "mig_audit", ignore=shutil.ignore_patterns("__pycache__"))
    option, environment = (["-B"], {}) if how == "option" else ([], {"PYTHONDONTWRITEBYTECODE": "1"})
    command = [sys.executable, *option, *_COMMAND[1:]]
    document = _document(tmp_path, "200ms")
    subprocess.run(command, input=document, check=True, cwd=tmp_path, env={**os.environ, **environment})

    assert list(tmp_path.rglob("*.pyc")) == []


@pytest.mark.parametrize(("hidden", "words"), [("/proc", "/proc/"), ("/dev", os.devnull)])
def test_a_bare_root_folder_is_told_as_one(kernel: Control, tmp_path: Path, hidden: str, words: str) -> None:
    """And not as a fault of ours; nothing is begun there."""
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    before = Snapshot.take(kernel)
    script = f'mount -t tmpfs none {hidden} || exit 99; exec "$@"'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", *_COMMAND]
    done = subprocess.run(command, input=_document(tmp_path, "200ms"), capture_output=True, check=False)
    if done.returncode == 99:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode()}")

    (error,) = json.loads(done.stdout)["errors"]
    assert done.returncode == 2
    assert f"there is no {words}" in error
    assert "mount /proc, and have /dev/null" in error
    assert Snapshot.take(kernel).rules == before.rules
