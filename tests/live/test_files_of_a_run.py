"""The traces of a run on the disk, against what the result says of them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
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


def test_what_was_made_is_what_is_told(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """Private all of it, whatever the umask; what is gone again is told, too."""
    log, target, listening = tmp_path / "to" / "be" / "raw.log", tmp_path / "result.json", tmp_path / "s"
    sink = {"type": "unix", "mode": "listen", "path": str(listening)}
    document = {"window": "200ms", "rules": [RULE], "sinks": [sink], "raw_log": {"path": str(log)}}
    command = [sys.executable, "-m", "mig_audit", "run", "-o", str(target), "-"]
    before = _seen(tmp_path, STATE)
    umask = os.umask(0)
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
