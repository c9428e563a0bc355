"""The real auditd, and a run beside it: who has the audit pid keeps it, and gets its records."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from recordings import follow, start_recording

from mig_audit.errors import AuditOwnedError
from mig_audit.modules.audit.kernel import stream
from mig_audit.modules.audit.kernel.state import Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

_RULE = "-a always,exit -F arch=b64 -S execve -F uid=61357 -k owner"
_USER_AVC = 1107  # the one kind of message that the kernel records also while audit is off


def _heard(kernel: Control, log: Path, text: str) -> str:
    """Have a message recorded until it is in auditd's log, whose reader may be busy starting; return that log."""
    limit = time.monotonic() + 10
    while text not in log.read_text():
        assert time.monotonic() < limit
        kernel.log_message(_USER_AVC, text.encode())
        time.sleep(0.05)
    return log.read_text()


@pytest.mark.parametrize("tries", [10, pytest.param(100, marks=pytest.mark.exhaustive)])
def test_the_pid_is_never_taken_from_a_living_owner(
    kernel: Control, auditd: Path, tmp_path: Path, tries: int
) -> None:
    """Neither by a run, nor by asking the kernel for it; auditd has its records before, between and after."""
    _heard(kernel, auditd, "begin")
    before = Snapshot.take(kernel)
    for number in range(tries):
        kernel.log_message(_USER_AVC, b"try=%d " % number)
        recorder = start_recording(tmp_path, [_RULE])
        follow(recorder)
        recorder.farewell()
        assert recorder.ready is not None
        assert recorder.restoration is not None
        assert (recorder.ready.mode, recorder.ready.during.pid) == ("multicast", before.status.pid)
        assert [outcome.outcome for outcome in recorder.outcomes] == ["added"]
        assert recorder.restoration.restored
        with pytest.raises(AuditOwnedError):
            stream.claim(before.status.words, 1 << 20)
        assert kernel.status().pid == before.status.pid

    heard = _heard(kernel, auditd, "end")
    assert [number for number in range(tries) if f"try={number} " not in heard] == []
    assert heard.count("op=set audit_enabled=0 old=1") == tries
    assert kernel.rules() == before.rules


def test_doctor_names_the_owner_and_how_a_run_would_read(kernel: Control, auditd: Path) -> None:
    """By multicast, which is no obstacle."""
    _heard(kernel, auditd, "begin")
    command = [sys.executable, "-m", "mig_audit", "doctor", "--json"]
    result = subprocess.run(command, capture_output=True, check=False)
    document = json.loads(result.stdout)

    assert result.returncode == 0
    assert (document["stream"], document["can_configure"]) == ("multicast", True)
    (owner,) = [each for each in document["neighbours"] if "owner" in each["roles"]]
    assert (owner["pid"], owner["comm"], owner["certain"]) == (kernel.status().pid, "auditd", True)
    assert "the audit daemon" in owner["says"]
