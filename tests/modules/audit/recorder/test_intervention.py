"""What a run changes, and that it is undone wherever it is killed; against a kernel in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Callable

import pytest
from memory_kernel import STATUS, MemoryKernel, rule

from mig_audit.errors import AuditOwnedError, InternalError, NotPermittedError, RestoreError
from mig_audit.modules.audit.kernel.access import MULTICAST, UNICAST, beside_run
from mig_audit.modules.audit.kernel.journal import Process
from mig_audit.modules.audit.kernel.recovery import boot_id, recover
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.recorder.intervention import Intervention

if TYPE_CHECKING:
    from pathlib import Path

HOST = [rule("theirs"), rule("same")]
RULES = (rule("own", 0x14), rule("one"), rule("same"), rule("bad"), rule("same", 0x14))
SETTINGS = {Setting.BACKLOG_LIMIT: 8192, Setting.BACKLOG_WAIT_TIME: 0, Setting.ENABLED: 1}
_STEPS = frozenset({"status", "rules", "set", "add_rule", "delete_rule"})


class KilledError(BaseException):
    """What SIGKILL is here: nothing of the program runs after it."""


class MortalKernel(MemoryKernel):
    """Kills who speaks to it at moment ``fatal``: each request has one before and one after it is done."""

    def __init__(self) -> None:
        """Begin harmless."""
        super().__init__(HOST)
        self.fatal = 0
        self.passed = 0

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401  # whatever the attribute is
        """Return a request with its two dangerous moments around it."""
        found = super().__getattribute__(name)
        return self._dangerous(found) if name in _STEPS else found

    def _dangerous(self, request: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*arguments: Any) -> Any:  # noqa: ANN401  # any request
            self._moment()
            try:
                return request(*arguments)
            finally:
                self._moment()

        return asked

    def _moment(self) -> None:
        self.passed += 1
        if self.passed == self.fatal:
            raise KilledError


def _run(kernel: MemoryKernel, runs: Runs) -> None:
    """Do all that a run does with the kernel."""
    intervention = Intervention(kernel.control, Snapshot.take(kernel.control))
    intervention.write_down(runs, "run", Process(3, 3), RULES)
    intervention.announce(SETTINGS)
    intervention.configure(lambda _outcome: None)
    intervention.switch_off()
    assert intervention.restore(runs, "run", lambda _done: None).restored


def _recover(kernel: MemoryKernel, runs: Runs) -> None:
    recover(runs, kernel.control, boot_id())


def _dies(act: Callable[[MemoryKernel, Runs], None], kernel: MortalKernel, runs: Runs, fatal: int) -> bool:
    """Return whether it was killed at that moment; if not, there was no such moment."""
    kernel.passed, kernel.fatal = 0, fatal
    try:
        act(kernel, runs)
    except KilledError:
        return True
    finally:
        kernel.fatal = 0
    return False


def test_killed_anywhere_and_its_undoer_too_the_kernel_is_as_it_was_found(tmp_path: Path) -> None:
    """Every pair of moments: in the run, and in the first try to undo it. The last try always succeeds."""
    fatal, died, pairs = 1, True, 0
    while died:
        second, undoer_died = 1, True
        while undoer_died:
            kernel = MortalKernel()
            with Runs(str(tmp_path / "runs")) as runs:
                died = _dies(_run, kernel, runs, fatal)
                undoer_died = _dies(_recover, kernel, runs, second)
                assert all(run.complete for run in recover(runs, kernel.control, boot_id()))
                assert runs.run_ids() == []
            assert (kernel.loaded, kernel.now) == (HOST, STATUS), (fatal, second)
            pairs += 1
            second += 1
        fatal += 1
    assert pairs > 300


def test_the_outcome_of_each_rule_is_told(tmp_path: Path) -> None:
    """Added, there before, refused; and afterwards removed."""
    kernel = MemoryKernel(HOST)
    told: list[RuleOutcome] = []
    intervention = Intervention(kernel.control, Snapshot.take(kernel.control))
    with Runs(str(tmp_path / "runs")) as runs:
        intervention.write_down(runs, "run", Process(3, 3), RULES)
        intervention.announce(SETTINGS)
        intervention.configure(told.append)
        during = kernel.now
        restoration = intervention.restore(runs, "run", lambda _done: None)

    assert [outcome.outcome for outcome in told] == ["added", "added", "exists", "refused", "added"]
    assert (during.enabled, during.backlog_limit, during.backlog_wait_time) == (1, 8192, 0)
    assert Counter(outcome.outcome for outcome in restoration.outcomes) == {
        "removed": 3,
        "exists": 1,
        "refused": 1,
    }


def test_a_step_that_fails_is_tried_again(tmp_path: Path) -> None:
    """One answer that does not come leaves nothing behind."""
    kernel = MemoryKernel(HOST)
    intervention = Intervention(kernel.control, Snapshot.take(kernel.control))
    with Runs(str(tmp_path / "runs")) as runs:
        intervention.write_down(runs, "run", Process(3, 3), RULES)
        intervention.announce(SETTINGS)
        intervention.configure(lambda _outcome: None)
        kernel.locked = True
        restoration = intervention.restore(runs, "run", lambda _done: setattr(kernel, "locked", False))

        assert restoration.complete
        assert runs.run_ids() == []
    assert (kernel.loaded, kernel.now) == (HOST, STATUS)


class _Unremovable(Runs):
    def remove(self, run_id: str) -> None:
        raise NotPermittedError(f"{run_id}.journal cannot be removed: EROFS", "mount it")


def test_a_journal_that_stays_is_told_and_all_is_undone(tmp_path: Path) -> None:
    """It is known at the end, beside how the kernel is."""
    kernel = MemoryKernel(HOST)
    intervention = Intervention(kernel.control, Snapshot.take(kernel.control))
    with _Unremovable(str(tmp_path)) as runs:
        intervention.write_down(runs, "run", Process(3, 3), RULES)
        restoration = intervention.restore(runs, "run", lambda _done: None)

    assert restoration.restored
    assert isinstance(intervention.unforgotten, RestoreError)
    assert str(intervention.unforgotten) == (
        "everything is undone, but run.journal cannot be removed: EROFS: mount it"
    )


def test_nothing_is_changed_that_is_not_written_down() -> None:
    """That would be a fault of ours."""
    kernel = MemoryKernel(HOST)
    intervention = Intervention(kernel.control, Snapshot.take(kernel.control))

    with pytest.raises(InternalError, match="not written down"):
        intervention.announce(SETTINGS)
    with pytest.raises(InternalError, match="not written down"):
        intervention.configure(lambda _outcome: None)
    assert kernel.steps == []


def test_a_run_that_only_reads_has_no_differences(tmp_path: Path) -> None:
    """What others changed meanwhile is none of its doing."""
    kernel = MemoryKernel(HOST)
    told: list[RuleOutcome] = []
    intervention = Intervention(kernel.control, Snapshot.take(kernel.control))
    intervention.skip(RULES[:1], "another run", told.append)
    kernel.add_rule(rule("new"))
    with Runs(str(tmp_path / "runs")) as runs:
        restoration = intervention.restore(runs, "run", lambda _done: None)

    assert told == [RuleOutcome(RULES[0], "skipped", "another run")]
    assert restoration.restored
    assert restoration.outcomes == tuple(told)


def test_beside_another_run_only_reading_is_left() -> None:
    """With rules of its own that is less than was asked for; insisting on the pid is an error."""
    joined = beside_run(77, "auto", asked=True)

    assert (joined.mode, joined.configure, joined.tune) == (MULTICAST, False, False)
    assert "process 77" in joined.why
    assert isinstance(joined.error, AuditOwnedError)
    assert beside_run(77, "auto", asked=False).error is None
    with pytest.raises(AuditOwnedError, match=UNICAST):
        beside_run(77, UNICAST, asked=True)
