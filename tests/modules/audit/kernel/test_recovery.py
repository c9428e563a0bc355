"""Undoing dead runs by their journals."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Callable

import pytest
from memory_kernel import STATUS, MemoryKernel, rule

from mig_audit.modules.audit.kernel.journal import Process, Undertaking
from mig_audit.modules.audit.kernel.recovery import Recovered, boot_id, recover
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.private_folder import folder_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOOT = "b00t"
DEAD = Process(4_000_000, 1)  # beyond the largest process id
UNDERTAKING = Undertaking(
    run_id="dead",
    boot_id=BOOT,
    begun=1.5,
    main=DEAD,
    recorder=DEAD,
    guard=DEAD,
    before=Snapshot(STATUS, (rule("theirs"),)),
    rules=(rule("one"), rule("two")),
    settings={},
)


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """Return an empty folder of runs."""
    with Runs(str(tmp_path / "runs")) as opened:
        yield opened


def _kill_a_run(runs: Runs, kernel: MemoryKernel, undertaking: Undertaking = UNDERTAKING) -> None:
    """Leave what a run leaves that was killed while it added its second rule."""
    journal = runs.create(undertaking.run_id)
    journal.begin(undertaking)
    journal.settings({Setting.ENABLED: 1})
    kernel.set(Setting.PID, undertaking.recorder.pid, 11)
    kernel.add_rule(rule("one"))
    journal.outcome(RuleOutcome(rule("one"), "added"))
    kernel.add_rule(rule("two"))
    kernel.set(Setting.ENABLED, 1, 11)
    journal.close()


def test_a_dead_run_is_undone_and_forgotten(runs: Runs) -> None:
    """Once; its rule in doubt too, and the audit pid."""
    kernel = MemoryKernel([rule("theirs")])
    _kill_a_run(runs, kernel)

    (recovered,) = recover(runs, kernel.control, BOOT)

    assert recovered.complete
    assert (recovered.run_id, recovered.begun, recovered.earlier_boot) == ("dead", 1.5, False)
    assert kernel.loaded == [rule("theirs")]
    assert kernel.now == STATUS
    assert recover(runs, kernel.control, BOOT) == ()


def test_after_a_boot_there_is_nothing_to_undo_and_that_is_said(runs: Runs) -> None:
    """The kernel has forgotten, and what it has now is someone else's."""
    kernel = MemoryKernel([rule("one")])
    journal = runs.create("dead")
    journal.begin(UNDERTAKING)
    journal.close()

    (recovered,) = recover(runs, kernel.control, "another boot")

    assert recovered == Recovered("dead", 1.5, earlier_boot=True)
    assert kernel.loaded == [rule("one")]
    assert runs.run_ids() == []


def test_what_cannot_be_undone_now_is_kept_for_later(runs: Runs) -> None:
    """The journal goes when it is."""
    kernel = MemoryKernel([rule("theirs")])
    _kill_a_run(runs, kernel)
    kernel.locked = True

    (first,) = recover(runs, kernel.control, BOOT)
    kernel.locked = False
    (second,) = recover(runs, kernel.control, BOOT)

    assert (first.complete, second.complete) == (False, True)
    assert kernel.now == STATUS
    assert runs.run_ids() == []


def test_a_run_that_had_changed_nothing_is_not_worth_a_word(runs: Runs) -> None:
    """It was killed while it wrote its first line."""
    runs.create("dead").close()

    assert recover(runs, MemoryKernel().control, BOOT) == ()
    assert runs.run_ids() == []


def test_a_journal_that_cannot_be_read_is_told_and_kept(runs: Runs, tmp_path: Path) -> None:
    """A person must look."""
    (tmp_path / "runs" / "odd.journal").write_text("{}\n")

    (recovered,) = recover(runs, MemoryKernel().control, BOOT)

    assert not recovered.complete
    assert "odd.journal" in recovered.trouble
    assert runs.run_ids() == ["odd"]


@pytest.mark.parametrize("boot", [BOOT, "another boot"])
def test_a_journal_that_cannot_be_removed_is_told_beside_what_was_undone(tmp_path: Path, boot: str) -> None:
    """A read-only file system does not keep the kernel from being restored."""
    kernel = MemoryKernel([rule("theirs")])
    with _Unremovable(str(tmp_path)) as runs:
        _kill_a_run(runs, kernel)
        (recovered,) = recover(runs, kernel.control, boot)

    assert not recovered.complete
    assert "EROFS" in recovered.trouble
    assert recovered.earlier_boot is (boot != BOOT)
    if boot == BOOT:
        assert recovered.restoration is not None
        assert recovered.restoration.complete
        assert kernel.now == STATUS


class _Unremovable(Runs):
    def remove(self, run_id: str) -> None:
        raise folder_error(f"{run_id}.journal", OSError(errno.EROFS, ""), "be removed")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_strange_entry_is_told_and_the_others_are_undone(
    runs: Runs, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """It is nobody's journal, and is left where it is."""
    kernel = MemoryKernel([rule("theirs")])
    make(tmp_path / "runs" / "a.journal")
    _kill_a_run(runs, kernel)

    strange, undone = recover(runs, kernel.control, BOOT)

    assert (strange.complete, undone.complete) == (False, True)
    assert "a.journal is a" in strange.trouble
    assert runs.run_ids() == ["a"]


def test_a_living_process_with_the_dead_recorders_id_keeps_its_audit_pid(runs: Runs) -> None:
    """Process ids are given out again."""
    kernel = MemoryKernel([rule("theirs")])
    reused = replace(UNDERTAKING, recorder=Process(os.getpid(), 1))
    _kill_a_run(runs, kernel, reused)

    recover(runs, kernel.control, BOOT)

    assert kernel.now == replace(STATUS, pid=os.getpid())


def test_what_was_recovered_survives_the_channel(runs: Runs) -> None:
    """The recorder tells the main process."""
    kernel = MemoryKernel([rule("theirs")])
    _kill_a_run(runs, kernel)
    (recovered,) = recover(runs, kernel.control, BOOT)

    assert Recovered.from_json(recovered.to_json()) == recovered


def test_each_boot_has_a_name() -> None:
    """A UUID."""
    assert len(boot_id()) == 36
