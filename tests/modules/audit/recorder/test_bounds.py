"""Bounds end the window, and say which one and by how much."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mig_audit.modules.audit.recorder.bounds import (
    CPU_SPAN,
    Bounds,
    Limits,
    Rereading,
    Usage,
    usage_of,
)

if TYPE_CHECKING:
    from pathlib import Path


def _bounds(limits: Limits, memory: int = 0, free: int = 0) -> Bounds:
    return Bounds(limits, lambda: Usage(memory, 0.0), lambda: free)


def test_without_limits_nothing_is_reached() -> None:
    """Whatever is taken."""
    assert _bounds(Limits(), memory=1 << 40).reached(100, 1 << 40) is None


@pytest.mark.parametrize(
    ("limits", "reason", "why"),
    [
        (Limits(records=10), "records", "10 records"),
        (Limits(free_disk=1001), "free-disk", "1000 bytes were left"),
        (Limits(memory=99), "memory", "100 bytes of memory, more than 99"),
    ],
)
def test_each_bound_has_its_reason_and_its_figures(limits: Limits, reason: str, why: str) -> None:
    """The envelope says both."""
    reached = _bounds(limits, memory=100, free=1000).reached(100, 10)

    assert reached is not None
    assert (reached.reason, why in reached.why) == (reason, True)


def test_what_is_just_within_its_bound_goes_on() -> None:
    """Of each kind."""
    limits = Limits(records=11, free_disk=1000, memory=100, cpu=1.0)

    assert _bounds(limits, memory=100, free=1000).reached(100, 10) is None


def test_the_share_of_a_cpu_is_taken_over_a_span() -> None:
    """A burst ends nothing, and neither does what was taken long before."""
    taken = [5.0]
    bounds = Bounds(Limits(cpu=0.5), lambda: Usage(0, taken[0]), lambda: 0)
    answers = []
    for second in range(25):
        taken[0] += 1.0 if second >= 10 else 0.0
        answers.append(bounds.reached(100.0 + second, 0))
    first = next(index for index, answer in enumerate(answers) if answer)

    # From second 10 on all of a CPU is taken: over ten seconds, more than half of it after six.
    assert first == 15
    assert answers[first] is not None
    assert CPU_SPAN == 10.0
    assert "60% of a CPU" in str(answers[first])


def test_usage_is_read_from_proc() -> None:
    """This process has some; one that is gone has none; a name with parentheses and spaces fools nobody."""
    own = usage_of([os.getpid(), 1 << 22], Rereading())
    assert own.memory > 1 << 20
    assert own.cpu > 0

    files = {
        "/proc/7/statm": b"100 2 1 1 0 1 0\n",
        "/proc/7/stat": b"7 (a) S 1) b) S " + b" ".join(b"%d" % n for n in range(4, 53)),
    }
    usage = usage_of([7], lambda path: files[path])
    assert usage == Usage(2 * os.sysconf("SC_PAGE_SIZE"), (14 + 15) / os.sysconf("SC_CLK_TCK"))


def test_what_was_opened_can_be_read_again_as_it_is_then(tmp_path: Path) -> None:
    """Under whatever name it is by then: where it can be opened no more, it can be read still."""
    file, read = tmp_path / "statm", Rereading()
    file.write_bytes(b"1 2")
    assert read(str(file)) == b"1 2"

    file.write_bytes(b"3 4 5")
    file.rename(tmp_path / "hidden")
    assert read(str(file)) == b"3 4 5"
    with pytest.raises(FileNotFoundError):
        read(str(tmp_path / "gone"))


def test_limits_survive_the_channel() -> None:
    """As a document."""
    limits = Limits(1, 2, 3, 0.5)

    assert Limits.from_json(limits.to_json()) == limits
