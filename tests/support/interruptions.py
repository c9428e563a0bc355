"""Signals to a command that waits for somebody."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def interrupted(
    arguments: Sequence[object], number: signal.Signals, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Start a command with a stdin that stays open, send it a signal once it heeds signals, and return how it ended.

    It is killed, and has a negative exit code, if it has not ended ten seconds later.
    """
    command = [sys.executable, "-m", "mig_audit", *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=folder) as process:
        _until_it_heeds(signal.SIGHUP, process)
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        stdout, stderr = process.communicate()
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def _until_it_heeds(number: signal.Signals, process: subprocess.Popen[str]) -> None:
    """Wait until there is a handler, Python itself has none for this one, and the process sleeps.

    A signal between the two is seen when the process wakes up only.
    """
    status = Path(f"/proc/{process.pid}/status")
    limit = time.monotonic() + 20
    while not _heeds(number, status.read_text()):
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.01)


def _heeds(number: signal.Signals, status: str) -> bool:
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    return fields["State"].startswith("S") and bool(int(fields["SigCgt"], 16) >> (number - 1) & 1)
