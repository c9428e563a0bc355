"""Rows against what the kernel said while the log was recorded: six workloads under ptrace."""

from __future__ import annotations

import pytest
from file_truth import WORKLOADS, Score, content, coverage, precision, rows_of, score, total

from mig_audit.modules.audit.files.activity import INCOMPLETE, LATE, UNTRACKED


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    """Score all workloads once."""
    return {workload: score(workload, rows_of(content(workload, "raw.log"))[0]) for workload in WORKLOADS}


def test_what_is_called_exact_is_right(scores: dict[str, Score]) -> None:
    """Names and positions: all of some 4,800 of them."""
    together = total(scores.values())

    assert precision(together.paths, "exact") == 1
    assert precision(together.starts, "exact") == 1
    assert together.paths["exact", True] > 3200
    assert together.starts["exact", True] > 1500


def test_nearly_everything_is_known(scores: dict[str, Score]) -> None:
    """The rest is what was open before the log began, and what sendfile reads at an offset in memory."""
    together = total(scores.values())

    assert coverage(together.paths) >= 0.98
    assert coverage(together.starts) >= 0.97


def test_what_is_called_probable_is_mostly_right(scores: dict[str, Score]) -> None:
    """One read of four threads that race for a position is told with that of its neighbour."""
    together = total(scores.values())

    assert precision(together.paths, "probable") == 1
    assert precision(together.starts, "probable") >= 0.99


def test_every_process_that_was_made_is_found(scores: dict[str, Score]) -> None:
    """By fork, vfork, clone and clone3; the last of these also makes threads, and does not say which."""
    together = total(scores.values())

    assert together.forks == {True: 22}


@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_event_has_an_outcome(workload: str) -> None:
    """And every record is in an event."""
    _, pipeline = rows_of(content(workload, "raw.log"))
    account = pipeline.account()

    assert account.balanced
    assert account.pending == 0
    assert sum(pipeline.activity.outcomes.values()) == account.events
    assert [pipeline.activity.outcomes[name] for name in (INCOMPLETE, LATE, UNTRACKED)] == [0, 0, 0]
