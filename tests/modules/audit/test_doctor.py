"""What is found on a host, and what it means."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from memory_kernel import STATUS

from mig_audit.errors import AuditAbsentError, AuditUnavailableError, MigAuditError, NotPermittedError
from mig_audit.modules.audit.doctor import Check, Diagnosis, Facts, diagnose, look
from mig_audit.modules.audit.doctor_report import describe, to_json
from mig_audit.modules.audit.host import describe_host
from mig_audit.modules.audit.kernel.journal import Process, Undertaking
from mig_audit.modules.audit.kernel.runs import Runs, Unreadable
from mig_audit.modules.audit.kernel.standing import Standing
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.neighbours import Neighbour
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.kernel.control import Control

STANDING = Standing(0, (1 << 41) - 1, False, True, True, True, "", ("audit=1",))
RUN = Undertaking(
    "abc", "b00t", 1.5, Process(10, 1), Process(11, 1), Process(12, 1), Snapshot(STATUS, ()), (), {}
)
FACTS = Facts(
    standing=STANDING,
    refused=None,
    status=STATUS,
    rules=3,
    owner_lives=True,
    neighbours=(),
    runs=(),
    unreadable=(),
    recording=None,
    unwritable=None,
    boot="b00t",
)


def _check(diagnosis: Diagnosis, name: str) -> Check:
    (check,) = [check for check in diagnosis.checks if check.name == name]
    return check


def _assert_published(diagnosis: Diagnosis) -> None:
    document = {**to_json(diagnosis), "host": describe_host()}
    assert find_problems(document, "audit.doctor.v1.schema.json") == []


def test_a_host_with_nothing_in_the_way() -> None:
    """Exit code 0, and nothing to mend."""
    diagnosis = diagnose(FACTS)

    assert diagnosis.exit_code == 0
    assert describe(diagnosis)[0] == "this host can be recorded"
    assert {check.state for check in diagnosis.checks} == {"ok"}
    _assert_published(diagnosis)


def test_a_package_that_nothing_goes_without_is_a_problem() -> None:
    """A run would find that out later; without root, that is said first."""
    diagnosis = diagnose(replace(FACTS, missing=("psutil",)))

    check = _check(diagnosis, "packages")
    assert (diagnosis.exit_code, check.state) == (2, "problem")
    assert describe(diagnosis)[0] == "this host cannot be recorded"
    assert "psutil is not installed: no parameters can be read" in check.says
    assert "pip" in check.remedy
    _assert_published(diagnosis)


def test_a_package_that_few_runs_need_is_noted() -> None:
    """With what is not possible without it."""
    diagnosis = diagnose(replace(FACTS, missing=("requests",)))

    assert diagnosis.exit_code == 0
    assert _check(diagnosis, "packages").state == "note"
    assert "HTTP" in _check(diagnosis, "packages").says


@pytest.mark.parametrize(
    ("facts", "code", "name", "words", "remedy"),
    [
        (
            replace(FACTS, status=None, rules=None, refused=NotPermittedError("EPERM", "run as root")),
            3,
            "kernel",
            "EPERM",
            "run as root",
        ),
        (
            replace(FACTS, status=None, rules=None, refused=AuditAbsentError("audit=0", "reboot")),
            4,
            "kernel",
            "audit=0",
            "reboot",
        ),
        (replace(FACTS, status=replace(STATUS, enabled=2)), 4, "access", "locked", "reboot"),
        (replace(FACTS, status=replace(STATUS, failure=2)), 4, "access", "panics", "kernel.failure"),
        (replace(FACTS, runs=(RUN,), recording=RUN), 4, "access", "process 10", "wait until"),
        (
            replace(FACTS, unwritable=NotPermittedError("/run/mig-audit: EROFS", "mount a writable /run")),
            3,
            "state",
            "/run/mig-audit",
            "writable /run",
        ),
        (
            replace(FACTS, unwritable=AuditUnavailableError("ENOSPC", "free inodes")),
            4,
            "state",
            "ENOSPC",
            "inodes",
        ),
        (
            replace(
                FACTS,
                status=replace(STATUS, pid=412),
                standing=replace(STANDING, capabilities=STANDING.capabilities & ~(1 << 37)),
            ),
            3,
            "multicast",
            "this root has no CAP_AUDIT_READ",
            "CAP_AUDIT_READ",
        ),
        (
            replace(FACTS, status=replace(STATUS, pid=412), standing=replace(STANDING, net_namespace=False)),
            4,
            "network namespace",
            "multicast",
            "nsenter",
        ),
    ],
)
def test_each_obstacle_has_its_exit_code_and_remedy(
    facts: Facts, code: int, name: str, words: str, remedy: str
) -> None:
    """As a run on this host would end."""
    diagnosis = diagnose(facts)
    check = _check(diagnosis, name)

    assert diagnosis.exit_code == code
    assert check.state == "problem"
    assert words in check.says
    assert remedy in check.remedy
    assert "can be recorded" not in describe(diagnosis)[0]
    _assert_published(diagnosis)


@pytest.mark.parametrize(
    ("facts", "name", "state", "words"),
    [
        (replace(FACTS, status=replace(STATUS, pid=412)), "access", "note", "process 412 owns the audit pid"),
        (
            replace(FACTS, status=replace(STATUS, pid=412), owner_lives=False),
            "owner",
            "note",
            "process 412, which is dead",
        ),
        (
            replace(FACTS, standing=replace(STANDING, boot_options=())),
            "boot",
            "note",
            "before audit was first",
        ),
        (replace(FACTS, status=replace(STATUS, lost=7)), "lost", "note", "7 records"),
        (replace(FACTS, status=replace(STATUS, rate_limit=100)), "rate", "note", "100 a second"),
        (replace(FACTS, standing=replace(STANDING, seccomp=True)), "seccomp", "note", "seccomp"),
        (replace(FACTS, standing=replace(STANDING, lockdown="integrity")), "lockdown", "ok", "integrity"),
        (
            replace(FACTS, standing=replace(STANDING, pid_namespace=False)),
            "pid namespace",
            "note",
            "host's own",
        ),
        (
            replace(FACTS, standing=replace(STANDING, net_namespace=False)),
            "network namespace",
            "note",
            "multicast",
        ),
        (
            replace(FACTS, status=replace(STATUS, pid=412), standing=replace(STANDING, net_namespace=None)),
            "network namespace",
            "unknown",
            "cannot be seen",
        ),
        (
            replace(FACTS, standing=replace(STANDING, capabilities=STANDING.capabilities & ~(1 << 12))),
            "capabilities",
            "note",
            "CAP_NET_ADMIN",
        ),
        (replace(FACTS, runs=None), "runs", "unknown", "cannot be read"),
        (
            replace(FACTS, unreadable=(Unreadable("x", NotPermittedError("x.journal is a FIFO")),)),
            "runs",
            "note",
            "x.journal is a FIFO",
        ),
        (replace(FACTS, runs=(RUN,)), "runs", "note", "was killed"),
        (replace(FACTS, runs=(RUN,), boot="later"), "runs", "note", "reboot"),
        (
            replace(FACTS, neighbours=(Neighbour(412, "auditd", ("owner",)),)),
            "neighbour",
            "note",
            "auditd (pid 412, owner): the audit daemon",
        ),
        (replace(FACTS, standing=replace(STANDING, uid=1000)), "neighbour", "unknown", "in full"),
    ],
)
def test_what_is_good_to_know_stops_nobody(facts: Facts, name: str, state: str, words: str) -> None:
    """It is told, and the exit code is 0."""
    diagnosis = diagnose(facts)
    check = _check(diagnosis, name)

    assert (diagnosis.exit_code, check.state) == (0, state)
    assert words in check.says
    assert f"{state:8} {name}: {check.says}" in describe(diagnosis)
    _assert_published(diagnosis)


@pytest.mark.parametrize(
    ("capability", "bit", "lacks"),
    [
        ("CAP_DAC_READ_SEARCH", 2, "other users keep"),
        ("CAP_NET_ADMIN", 12, "receive buffer"),
        ("CAP_SYS_PTRACE", 19, "processes"),
        ("CAP_AUDIT_WRITE", 29, "canary"),
        ("CAP_AUDIT_READ", 37, "beside another owner"),
    ],
)
def test_each_missing_capability_is_told_with_what_a_run_lacks(capability: str, bit: int, lacks: str) -> None:
    """And with a remedy for root, who cannot become root once more."""
    without = STANDING.capabilities & ~(1 << bit)
    diagnosis = diagnose(replace(FACTS, standing=replace(STANDING, capabilities=without, bounding=without)))
    check = _check(diagnosis, "capabilities")

    assert f"without {capability} " in check.says
    assert lacks in check.says
    assert f"--cap-add={capability.replace('CAP_', '')}" in check.remedy
    assert diagnosis.exit_code == 0


def test_looking_makes_nothing(tmp_path: Path) -> None:
    """No folder, no file, and no answer where the kernel gives none."""

    def refuse() -> Control:
        raise NotPermittedError("EPERM")

    facts = look(refuse, str(tmp_path / "runs"))

    assert list(tmp_path.iterdir()) == []
    assert isinstance(facts.refused, MigAuditError)
    assert (facts.status, facts.rules, facts.runs, facts.unwritable) == (None, None, (), None)


def test_a_killed_run_is_seen(tmp_path: Path) -> None:
    """By its journal."""

    def refuse() -> Control:
        raise NotPermittedError("EPERM")

    with Runs(str(tmp_path / "runs")) as runs:
        journal = runs.create("abc")
        journal.begin(RUN)
        journal.close()

    facts = look(refuse, str(tmp_path / "runs"))
    assert facts.runs is not None
    assert [run.run_id for run in facts.runs] == ["abc"]
    assert facts.recording is None


def test_a_folder_that_a_run_would_refuse_is_a_problem_here_too(tmp_path: Path) -> None:
    """With the words that the run would have for it."""

    def refuse() -> Control:
        raise NotPermittedError("EPERM")

    tmp_path.chmod(0o755)

    facts = look(refuse, str(tmp_path))

    assert facts.runs is None
    assert isinstance(facts.unwritable, NotPermittedError)
    assert "other users" in facts.unwritable.what


def test_a_journal_that_says_nothing_is_seen(tmp_path: Path) -> None:
    """A FIFO is not waited for."""

    def refuse() -> Control:
        raise NotPermittedError("EPERM")

    os.mkfifo(tmp_path / "odd.journal")

    (unreadable,) = look(refuse, str(tmp_path)).unreadable

    assert unreadable.run_id == "odd"
    assert "is a FIFO" in unreadable.error.what
