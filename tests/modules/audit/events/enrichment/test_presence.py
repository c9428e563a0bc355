"""A pid in ``/proc`` is the process that was there, or a later one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from proc_tree import START, ProcTree

from mig_audit.modules.audit.events.enrichment.presence import SLACK, is_there, why_absent
from mig_audit.modules.audit.events.enrichment.process import Process

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> ProcTree:
    """Return a ``/proc`` that tests fill."""
    return ProcTree(tmp_path / "proc")


def _seen(at: int, exe: str = "/bin/sh") -> Process:
    """Return process 5, which was there so many milliseconds after boot."""
    process = Process(5, 1, START + at, ())
    process.program.become(exe, None, None, "log")
    return process


def test_without_proc_nobody_can_be_asked() -> None:
    """The log is another host's, or of another day."""
    assert why_absent(None, _seen(0), START) == "unseen"
    assert [is_there(None, _seen(0), if_gone=if_gone) for if_gone in (False, True)] == [False, True]


def test_a_process_that_ended_is_gone(tree: ProcTree) -> None:
    """Whoever asks says what is to be taken of that."""
    process = _seen(100)

    assert why_absent(tree.proc, process, START + 100) == "gone"
    assert [is_there(tree.proc, process, if_gone=if_gone) for if_gone in (False, True)] == [False, True]


@pytest.mark.parametrize(
    ("started", "why"), [(0, ""), (100, ""), (110, ""), (120, "reused"), (900, "reused")]
)
def test_what_started_later_is_another_process(tree: ProcTree, started: int, why: str) -> None:
    """Later than a clock tick, by which both times may be wrong."""
    assert SLACK < 20
    tree.start(5, exe="/bin/sh", at=started)

    assert why_absent(tree.proc, _seen(100), START + 100) == why
    assert is_there(tree.proc, _seen(100), if_gone=True) is not bool(why)


def test_within_a_clock_tick_the_program_tells(tree: ProcTree) -> None:
    """Pids can come round that fast where a host has few."""
    tree.start(5, exe="/bin/other", at=100)

    assert why_absent(tree.proc, _seen(100), START + 100) == "reused"


def test_within_a_clock_tick_a_known_start_proves_nothing(tree: ProcTree) -> None:
    """What has the pid by then may have started in the same one."""
    process = _seen(100)
    tree.start(5, exe="/bin/sh", at=100)
    assert why_absent(tree.proc, process, START + 100) == ""
    tree.end(5)
    tree.start(5, exe="/bin/other", at=100)
    assert why_absent(tree.proc, process, START + 100) == "reused"
    tree.leave_zombie(5)

    assert why_absent(tree.proc, process, START + 100) == "gone"
    assert why_absent(tree.proc, process, START + 100 + SLACK) == ""


def test_a_start_that_is_known_is_compared(tree: ProcTree) -> None:
    """Whatever it runs by then."""
    process = _seen(100)
    tree.start(5, exe="/bin/sh", at=50)
    assert why_absent(tree.proc, process, START + 100) == ""
    tree.end(5)
    tree.start(5, exe="/bin/sh", at=70)

    assert why_absent(tree.proc, process, START + 100) == "reused"
