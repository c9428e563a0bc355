"""Runs that are killed, on the real kernel: who undoes them, and what is said of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import psutil
import pytest
from run_state import settings_of, the_undertaking, wait_for

from mig_audit.modules.audit.kernel.journal import Process, Undertaking
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.rules import parse_rule
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

UID = 61357
EXECVE = f"-a always,exit -F arch=b64 -S execve -F uid={UID} -k killed-exec"
OPENAT = f"-a always,exit -F arch=b64 -S openat -F uid={UID} -k killed-open"
CHMOD = f"-a always,exit -F arch=b64 -S chmod -F uid={UID} -k theirs"

Start = Callable[..., Any]
Work = Callable[[str], None]


def _kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _restore(*options: str) -> tuple[dict[str, Any], int]:
    command = [sys.executable, "-m", "mig_audit", "restore", "--json", *options]
    result = subprocess.run(command, capture_output=True, check=False)
    assert result.stdout, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    assert find_problems(document, "audit.restore.v1.schema.json") == []
    return document, result.returncode


@pytest.fixture(autouse=True)
def _no_journal_left(kernel: Control) -> Iterator[None]:  # noqa: ARG001  # the lock
    """Begin and end without one."""
    with Runs() as runs:
        assert runs.run_ids() == []
        yield
        assert runs.run_ids() == []


def test_the_guard_restores_when_main_process_and_recorder_are_killed(run: Start, kernel: Control) -> None:
    """The settings within a second, the rules at the kernel's own pace."""
    before, found = Snapshot.take(kernel), settings_of(kernel)
    begun = run({"window": "60s", "rules": [EXECVE, OPENAT]})
    undertaking = the_undertaking()
    _kill(undertaking.recorder.pid, begun.process.pid)

    wait_for(lambda: settings_of(kernel) == found, 1)
    wait_for(lambda: Snapshot.take(kernel).rules == before.rules, 5)
    wait_for(lambda: not undertaking.guard.alive(), 5)


def test_the_guard_is_out_of_reach_of_who_kills_the_family(run: Start, kernel: Control) -> None:
    """Killing every descendant, and the sessions and groups of all of them, leaves it."""
    found = settings_of(kernel)
    begun = run({"window": "60s", "rules": [EXECVE]})
    undertaking = the_undertaking()
    family = [
        begun.process.pid,
        *(each.pid for each in psutil.Process(begun.process.pid).children(recursive=True)),
    ]

    assert undertaking.guard.pid not in family
    assert os.getsid(undertaking.guard.pid) not in {os.getsid(pid) for pid in family}
    _kill(*family)
    wait_for(lambda: settings_of(kernel) == found, 1)
    wait_for(lambda: not undertaking.guard.alive(), 5)


def test_the_guard_ends_with_the_run_and_is_not_recorded(run: Start, workload: Work) -> None:
    """It is one of the processes that are excluded."""
    begun = run({"window": "60s", "rules": ["-a always,exit -F arch=b64 -S all -F uid=0 -F exit=-9999"]})
    guard = the_undertaking().guard
    workload("pass")
    rules = begun.end()["elements"]["rules"]

    assert [rule["ending"] for rule in rules] == ["removed"]
    wait_for(lambda: not guard.alive(), 1)


def test_restore_undoes_what_is_left_when_the_guard_was_killed_too(run: Start, kernel: Control) -> None:
    """Once, with what it did; a second time there is nothing to do."""
    before, found = Snapshot.take(kernel), settings_of(kernel)
    begun = run({"window": "60s", "rules": [EXECVE, OPENAT]})
    undertaking = the_undertaking()
    _kill(undertaking.guard.pid, undertaking.recorder.pid, begun.process.pid)
    wait_for(lambda: not undertaking.recorder.alive(), 5)
    assert kernel.status().enabled == 1

    document, code = _restore()

    assert code == 0
    assert document["restored"]
    (dead,) = document["runs"]
    assert dead["run_id"] == undertaking.run_id
    assert dead["rules"] == {"removed": 5, "vanished": 0, "left": 0}  # two asked for, three exclusions
    assert dead["differences"] == []
    assert settings_of(kernel) == found
    assert kernel.rules() == before.rules
    assert _restore() == ({"restored": True, "runs": []}, 0)


def test_the_next_run_undoes_a_dead_one_first(run: Start, kernel: Control) -> None:
    """And says so in its envelope; what it found is the state from before the dead one."""
    before = Snapshot.take(kernel)
    begun = run({"window": "60s", "rules": [EXECVE]})
    undertaking = the_undertaking()
    _kill(undertaking.guard.pid, undertaking.recorder.pid, begun.process.pid)
    begun.process.wait()
    begun.log.unlink()

    envelope = run({"window": "1s", "rules": [OPENAT]}, wait=False).finish()

    (dead,) = envelope["elements"]["kernel"]["recovered"]
    assert (dead["run_id"], dead["complete"]) == (undertaking.run_id, True)
    assert envelope["elements"]["kernel"]["before"]["enabled"] == before.status.enabled
    assert envelope["elements"]["kernel"]["restored"]
    assert envelope["errors"] is None
    assert kernel.rules() == before.rules


def test_after_a_boot_a_dead_run_is_only_told(kernel: Control) -> None:
    """The kernel has forgotten it, and what it has now is left."""
    rule = parse_rule(EXECVE).rule.pack()
    kernel.add_rule(rule)
    dead, found = Process(4_000_000, 1), Snapshot.take(kernel)
    undertaking = Undertaking(
        "0123456789abcdef", "earlier", 1.5, dead, dead, dead, Snapshot(found.status, ()), (rule,), {}
    )
    with Runs() as runs:
        journal = runs.create(undertaking.run_id)
        journal.begin(undertaking)
        journal.close()

    document, code = _restore()

    assert code == 0
    assert [(each["earlier_boot"], each["complete"]) for each in document["runs"]] == [(True, True)]
    assert kernel.rules() == found.rules
    kernel.delete_rule(rule)


def test_theirs_wins_also_after_a_kill(run: Start, kernel: Control) -> None:
    """What someone else changed meanwhile is left, and told; exit code 1."""
    begun = run({"window": "60s", "rules": [EXECVE]})
    undertaking = the_undertaking()
    theirs = parse_rule(CHMOD).rule.pack()
    kernel.add_rule(theirs)
    kernel.set(Setting.BACKLOG_LIMIT, 9999, kernel.status().words)
    _kill(undertaking.guard.pid, undertaking.recorder.pid, begun.process.pid)
    wait_for(lambda: not undertaking.recorder.alive(), 5)

    document, code = _restore()

    assert code == 1
    assert document["restored"]
    told = " ".join(document["runs"][0]["differences"])
    assert "backlog_limit was 64 and is 9999: someone else changed that" in told
    assert "1 are new: someone else" in told
    assert kernel.status().backlog_limit == 9999
    assert len(kernel.rules()) == len(undertaking.before.rules) + 1
    kernel.delete_rule(theirs)
    kernel.set(Setting.BACKLOG_LIMIT, 64, kernel.status().words)


def test_rules_that_someone_loaded_anew_keep_their_order(run: Start, kernel: Control) -> None:
    """After `auditctl -D` and a load of the host's own rules, only ours are gone, and nothing differs."""
    theirs = [parse_rule(f"{CHMOD}-{number}").rule.pack() for number in range(3)]
    for rule in theirs:
        kernel.add_rule(rule)
    before = kernel.rules()
    begun = run({"window": "60s", "rules": [EXECVE]})
    for rule in kernel.rules():
        kernel.delete_rule(rule)
    for rule in theirs:
        kernel.add_rule(rule)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert [rule["ending"] for rule in envelope["elements"]["rules"]] == ["vanished"], envelope["elements"][
        "kernel"
    ]
    assert kernel.rules() == before
    assert envelope["elements"]["kernel"]["restored"]
    for rule in theirs:
        kernel.delete_rule(rule)


def test_restore_leaves_a_living_run_alone(run: Start, kernel: Control) -> None:
    """Exit code 4, and who it is."""
    begun = run({"window": "60s", "rules": [EXECVE]})
    command = [sys.executable, "-m", "mig_audit", "restore"]
    result = subprocess.run(command, capture_output=True, check=False)

    assert result.returncode == 4
    assert f"process {begun.process.pid}" in result.stderr.decode()
    assert kernel.status().enabled == 1
    begun.process.send_signal(signal.SIGTERM)
    assert begun.finish()["elements"]["kernel"]["restored"]


def _canaries(log: Path) -> int:
    """Return how many are in the raw log of a second run, which are the first one's: then its window is open."""
    return log.read_bytes().count(b"op=mig-audit-canary") if log.exists() else 0


def test_a_second_run_joins_and_changes_nothing(
    run: Start, kernel: Control, workload: Work, tmp_path: Path
) -> None:
    """It reads what the first one and the host audit, skips its own rules with the reason, and ends with 4."""
    first = run({"window": "60s", "rules": [EXECVE], "kernel": {"canary": "1s"}})
    during = Snapshot.take(kernel)
    second = run(
        {"window": "60s", "rules": [OPENAT], "raw_log": {"path": str(tmp_path / "second.log")}}, wait=False
    )
    wait_for(lambda: _canaries(tmp_path / "second.log") > 1, 20)
    workload("import os; os.execv('/bin/true', ['true'])")
    wait_for(lambda: _canaries(tmp_path / "second.log") > 3, 20)
    envelope = second.end()

    assert Snapshot.take(kernel).rules == during.rules
    assert kernel.status().pid == during.status.pid
    assert second.code == 4
    assert f"another run of mig-audit (process {first.process.pid}) is recording" in envelope["errors"][0]
    (rule,) = envelope["elements"]["rules"]
    assert rule["outcome"] == "skipped"
    assert envelope["elements"]["kernel"]["stream"] == "multicast"
    assert envelope["elements"]["summary"]["keys"]["killed-exec"] == 2
    assert envelope["statistics"]["totalhits"] == 2
    (other,) = envelope["elements"]["kernel"]["other_runs"]
    assert (other["processes"]["main"], other["changes"]) == (first.process.pid, 0)
    assert other["canaries"] == envelope["statistics"]["events"]["other_runs"] >= 2
    first.process.send_signal(signal.SIGTERM)
    theirs = first.finish()
    assert theirs["elements"]["kernel"]["other_runs"] == []
    assert theirs["elements"]["summary"]["keys"]["killed-exec"] == 2
    assert theirs["elements"]["kernel"]["restored"]


def test_a_second_run_tells_what_the_others_did(run: Start, tmp_path: Path) -> None:
    """One ends, another begins and ends: its findings are not theirs, and each change is told with who made it."""
    first = run({"window": "60s", "rules": [EXECVE], "kernel": {"canary": "1s"}})
    one = the_undertaking().run_id
    log = {"path": str(tmp_path / "second.log")}
    second = run({"window": "60s", "rules": [], "raw_log": log}, wait=False)
    wait_for(lambda: _canaries(tmp_path / "second.log") > 1, 20)
    first.process.send_signal(signal.SIGTERM)
    first.finish()
    first.log.unlink()
    third = run({"window": "60s", "rules": [EXECVE], "kernel": {"canary": "0s"}})
    other = the_undertaking().run_id
    another = third.end()
    envelope = second.end()

    assert envelope["statistics"]["totalhits"] == 0, envelope["elements"]["events"]
    changes = envelope["elements"]["kernel"]["drift"]
    assert {change["run"] for change in changes} == {one, other}
    assert ("enabled", 0) in {(change["what"], change["now"]) for change in changes}
    assert [each["run_id"] for each in envelope["elements"]["kernel"]["other_runs"]] == [one, other]
    assert f"(run {one} of mig-audit)" in envelope["errors"][0]
    assert second.code == 1
    (tmp_path / "second.json").write_text(json.dumps(envelope))
    replayed = [sys.executable, "-m", "mig_audit", "events", str(tmp_path / "second.json")]
    assert subprocess.run(replayed, capture_output=True, check=True).stdout == b""
    # Of the third one, which has no canaries, everything is its own.
    assert another["statistics"]["totalhits"] == 0
    assert another["errors"] is None


def test_a_second_run_that_insists_on_the_pid_is_refused(run: Start, tmp_path: Path) -> None:
    """In one sentence; the first goes on."""
    first = run({"window": "60s", "rules": [EXECVE]})
    log = {"path": str(tmp_path / "second.log")}
    second = run({"window": "3s", "rules": [], "kernel": {"stream": "unicast"}, "raw_log": log}, wait=False)
    envelope = second.finish()

    assert second.code == 4
    assert "kernel.stream = unicast" in envelope["errors"][0]
    assert envelope["elements"] is None
    first.process.send_signal(signal.SIGTERM)
    assert first.finish()["elements"]["kernel"]["restored"]


@pytest.fixture
def control_group() -> Iterator[Path]:
    """Be in a control group of version 2 whose processes can all be killed at once; what is started is in it too."""
    roots = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
    root = next((root for root in roots if root.joinpath("cgroup.controllers").exists()), None)
    if root is None:
        pytest.skip("no control groups of version 2 are mounted here")
    (line,) = [line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")]
    ours, place = root / line[len("0::/") :], root / f"mig-audit-test-{os.getpid()}"
    try:
        place.mkdir()
        place.joinpath("cgroup.procs").write_text(str(os.getpid()))
    except OSError as error:
        pytest.skip(f"control groups cannot be made here: {error}")
    if not place.joinpath("cgroup.kill").exists():
        pytest.skip("this kernel does not kill control groups (Linux 5.14)")
    yield place
    ours.joinpath("cgroup.procs").write_text(str(os.getpid()))
    wait_for(lambda: not place.joinpath("cgroup.procs").read_text(), 5)
    place.rmdir()


def test_killing_the_whole_control_group_does_not_reach_the_guard(
    run: Start, kernel: Control, control_group: Path
) -> None:
    """As `systemctl kill -s KILL` does, or an OOM killer that takes the group."""
    before, found = Snapshot.take(kernel), settings_of(kernel)
    begun = run({"window": "60s", "rules": [EXECVE]})
    undertaking = the_undertaking()
    control_group.parent.joinpath("cgroup.procs").write_text(str(os.getpid()))
    inside = control_group.joinpath("cgroup.procs").read_text().split()
    assert {str(begun.process.pid), str(undertaking.recorder.pid)} <= set(inside)
    control_group.joinpath("cgroup.kill").write_text("1")

    wait_for(lambda: settings_of(kernel) == found, 1)
    wait_for(lambda: Snapshot.take(kernel).rules == before.rules, 5)
    wait_for(lambda: not undertaking.guard.alive(), 5)
    assert begun.process.wait() == -signal.SIGKILL
