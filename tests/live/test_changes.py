"""What others do to audit during the window, on the real kernel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Callable

import pytest

from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.rules import parse_rule

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

UID = 61357
MKDIR = f"-a always,exit -F arch=b64 -S mkdir,mkdirat -F uid={UID} -k numbered"
ONE = "import os\ntry: os.mkdir('/mig-audit-no-such-folder/1')\nexcept FileNotFoundError: pass"

Start = Callable[..., Any]
Work = Callable[[str], None]


def _auditctl(*arguments: str) -> int:
    """Run it, and return its pid."""
    program = shutil.which("auditctl", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip("auditctl is not installed (make test-tools)")
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
    assert process.wait() == 0
    return process.pid


def _drift(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    drift: list[dict[str, Any]] = envelope["elements"]["kernel"]["drift"]
    return drift


def _folders(envelope: dict[str, Any]) -> int:
    """Return how many of the workload's calls were recorded."""
    calls = [event["details"].get("syscall") for event in envelope["elements"]["events"]]
    return calls.count("mkdir")


def test_a_quiet_window_has_no_drift(run: Start) -> None:
    """Neither what we set up nor what we undo is somebody else's."""
    envelope = run({"window": "60s", "rules": [MKDIR]}).end()

    assert _drift(envelope) == []
    assert envelope["errors"] is None


def test_neither_has_one_where_audit_was_on_before(run: Start, kernel: Control) -> None:
    """Then the kernel records each step of ours, some without saying who took it."""
    words = kernel.status().words
    kernel.set(Setting.ENABLED, 1, words)
    try:
        envelope = run({"window": "60s", "rules": [MKDIR]}).end()
    finally:
        kernel.set(Setting.ENABLED, 0, words)

    assert _drift(envelope) == []
    assert not envelope["foundanything"], envelope["elements"]["events"]
    assert envelope["statistics"]["loss"]["events_missing"] == {"min": 0, "max": 0, "why": ""}


def test_rules_that_others_remove_are_told_with_who_it_was(run: Start, workload: Work) -> None:
    """Everything, with one command; what was recorded until then is there."""
    begun = run({"window": "60s", "rules": [MKDIR]})
    workload(ONE)
    pid = _auditctl("-D")
    workload(ONE)
    time.sleep(0.5)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    removed = [change for change in _drift(envelope) if change["what"] == "rule removed"]
    assert f"-a always,exit -F arch=b64 -S mkdir,mkdirat -F uid={UID} -F key=numbered" in {
        change["rule"] for change in removed
    }
    assert {change["by"]["pid"] for change in removed} == {pid}
    assert {change["by"]["exe"].rpartition("/")[2] for change in removed} == {"auditctl"}
    assert all(change["seen"] and change["reapplied"] is None for change in removed)
    assert _folders(envelope) == 1
    assert any("rule removed" in error for error in envelope["errors"])
    assert begun.code == 1


def test_audit_switched_off_leaves_no_upper_bound(run: Start, workload: Work) -> None:
    """Nobody can say what was not recorded since then."""
    begun = run({"window": "60s", "rules": [MKDIR]})
    pid = _auditctl("-e", "0")
    workload(ONE)
    time.sleep(1.5)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    (change,) = _drift(envelope)
    assert (change["what"], change["was"], change["now"], change["by"]["pid"]) == ("enabled", 1, 0, pid)
    missing = envelope["statistics"]["loss"]["events_missing"]
    assert missing["max"] is None
    assert "audit was switched off" in missing["why"]
    assert envelope["elements"]["kernel"]["restored"]
    assert begun.code == 1


def test_what_others_change_is_put_back_where_that_is_asked_for(
    run: Start, workload: Work, kernel: Control
) -> None:
    """The rules and the settings of the window, and events are recorded again."""
    begun = run({"window": "60s", "rules": [MKDIR], "kernel": {"reapply": True}})
    rules = kernel.rules()
    _auditctl("-D")
    _auditctl("-e", "0")
    limit = time.monotonic() + 10
    while kernel.status().enabled != 1 or sorted(kernel.rules()) != sorted(rules):
        assert time.monotonic() < limit
        time.sleep(0.05)
    # What keeps our own processes out of the record is first again.
    assert kernel.rules()[-1] == rules[-1]
    workload(ONE)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    changes = _drift(envelope)
    assert {change["what"] for change in changes} == {"rule removed", "enabled"}
    assert all(change["reapplied"] for change in changes)
    assert _folders(envelope) == 1
    assert envelope["elements"]["kernel"]["restored"]


def test_a_reset_counter_makes_the_loss_unknown(run: Start) -> None:
    """The ledger cannot tell what was lost before that."""
    begun = run({"window": "60s", "rules": [MKDIR]})
    _auditctl("--reset-lost")
    time.sleep(0.3)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    loss = envelope["statistics"]["loss"]
    assert (loss["kernel_lost"], loss["events_missing"]["max"]) == (None, None)
    assert [change["what"] for change in _drift(envelope)] == ["lost"]


def test_a_rule_on_the_user_list_filters_canaries_and_that_is_said(run: Start, kernel: Control) -> None:
    """It is the host's, and stays; without loss at the socket the interval is still known."""
    theirs = parse_rule("-a never,user -F msgtype=TRUSTED_APP").rule.pack()
    kernel.add_rule(theirs)
    try:
        envelope = run({"window": "60s", "rules": [MKDIR]}).end()
    finally:
        kernel.delete_rule(theirs)

    loss = envelope["statistics"]["loss"]
    assert loss["canary"]["path"] == "filtered"
    assert (loss["canary"]["returned"], loss["events_missing"]["max"]) == (0, 0)
    assert any("canaries are filtered out" in error for error in envelope["errors"])


def test_the_processes_of_the_run_and_its_connections_are_not_audited(run: Start) -> None:
    """Not even by a rule for everybody: sinks connect from the main process, whatever thread does it."""
    rules = ["-a always,exit -F arch=b64 -S connect -k all", "-a always,exit -F arch=b64 -S sendto -k all"]
    sink = {"type": "http", "url": "http://127.0.0.1:9/events"}
    begun = run({"window": "60s", "drain": "1s", "rules": rules, "sinks": [sink], "events": {"limit": 1000}})
    own = {begun.process.pid, kernel_pid(begun)}
    subprocess.run(["/bin/sh", "-c", "getent hosts mig-audit.invalid"], check=False)
    envelope = begun.end()

    assert envelope["elements"]["sinks"][0]["attempts"] > 0
    assert envelope["foundanything"]
    assert own.isdisjoint({int(event["details"]["pid"]) for event in envelope["elements"]["events"]})


def kernel_pid(begun: Any) -> int:  # noqa: ANN401  # a run
    """Return the recorder's pid."""
    import psutil  # noqa: PLC0415  # here alone

    children = psutil.Process(begun.process.pid).children()
    return next(child.pid for child in children if "recorder.process" in str(child.cmdline()))
