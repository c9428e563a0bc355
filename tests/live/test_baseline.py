"""A rule file that was written for auditd, as the baseline of a run on the real kernel."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Callable

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

_RULE = "-a always,exit -F arch=b64 -S execve -F uid=61357 -k baseline"
_BASELINE = f"""## First rule - delete all
-D
-b 16384
--backlog_wait_time 60000
-f 1
{_RULE}
# Lock it
-e 2
"""


def test_a_baseline_is_followed_as_far_as_a_guest_may(
    kernel: Control, run: Callable[..., Any], workload: Callable[[str], None], tmp_path: Path
) -> None:
    """Its rule records, its backlog limit holds for the window, nothing is locked, and nothing is an error."""
    before = kernel.status()
    file = tmp_path / "baseline.rules"
    file.write_text(_BASELINE)
    begun = run({"window": "20s", "rules": [{"file": str(file)}]})
    during = kernel.status()
    workload("import os; os.execv('/bin/true', ['true'])")
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert (during.enabled, during.failure) == (1, before.failure)
    assert (during.backlog_limit, during.backlog_wait_time) == (16384, 0)
    outcomes = {rule["rule"]: rule["outcome"] for rule in envelope["elements"]["rules"]}
    assert outcomes == {
        "-D": "skipped",
        "-b 16384": "setting",
        "--backlog_wait_time 60000": "skipped",
        "-f 1": "setting" if before.failure == 1 else "skipped",
        _RULE: "added",
        "-e 2": "skipped",
    }
    assert [event["details"]["argv"] for event in envelope["elements"]["events"]].count(["true"]) == 1
    assert envelope["elements"]["kernel"]["restored"]
    after = kernel.status()
    assert (after.enabled, after.backlog_limit) == (before.enabled, before.backlog_limit)
    assert envelope["errors"] is None
    assert begun.code == 0


def test_a_wait_time_of_a_file_holds_where_programs_are_to_wait(
    kernel: Control, run: Callable[..., Any], tmp_path: Path
) -> None:
    """And the host's is put back."""
    before = kernel.status()
    if before.backlog_wait_time is None:
        pytest.skip("this kernel has no backlog wait time")
    file = tmp_path / "baseline.rules"
    file.write_text(f"--backlog_wait_time 600\n-r 5000\n{_RULE}\n")
    begun = run({"window": "20s", "rules": [{"file": str(file)}], "kernel": {"backpressure": "wait"}})
    during = kernel.status()
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert (during.backlog_wait_time, during.rate_limit) == (600, 5000)
    assert [rule["outcome"] for rule in envelope["elements"]["rules"]] == ["setting", "setting", "added"]
    assert envelope["elements"]["kernel"]["restored"]
    assert (kernel.status().backlog_wait_time, kernel.status().rate_limit) == (
        before.backlog_wait_time,
        before.rate_limit,
    )
    assert begun.code == 0
