"""Processes are kept in bounded memory, and every change that an answer depends on is noticed."""

from __future__ import annotations

from typing import Callable

import pytest

from mig_audit.modules.audit.events.enrichment.found import Found
from mig_audit.modules.audit.events.enrichment.kept import KeptProcesses
from mig_audit.modules.audit.events.enrichment.process import Fork, Process


def _family(*, limit: int = 9) -> tuple[KeptProcesses, Process, Process]:
    """Return kept processes: a shell, the child that it has, and somebody else's."""
    kept = KeptProcesses(depth=2, limit=limit)
    shell = kept.insert(Process(10, 1, 0, ()))
    child = kept.insert(Process(11, 10, 0, kept.line(shell)))
    kept.insert(Process(12, 1, 0, ()))
    return kept, shell, child


def _fork(parent: Process) -> Fork:
    return Fork(parent, (), parent.program.view, {}, None, presumed=False)


def test_the_process_that_was_not_seen_for_the_longest_time_is_forgotten() -> None:
    """A flood of new ones drives out no one that is busy."""
    kept, shell, _ = _family(limit=3)
    kept.insert(shell)
    kept.insert(Process(13, 1, 0, ()))

    assert list(kept.processes) == [12, 10, 13]


def test_forks_whose_children_are_never_seen_are_bounded_too() -> None:
    """They count as kept."""
    kept, shell, _ = _family(limit=3)
    for child in range(100, 200):
        kept.insert_fork(child, _fork(shell))

    assert (list(kept.forks), kept.weight) == ([197, 198, 199], 6)


def _named(kept: KeptProcesses, pid: int, parent: Process | None = None) -> Process:
    """Return a process with a name of some 1,000 bytes, or four times as many in memory."""
    process = kept.insert(Process(pid, 1, 0, kept.line(parent)))
    kept.become(process.program, "/" + "\U0001f600" * 1000, None, None, "log")
    return process


def test_processes_with_long_names_make_room() -> None:
    """The oldest are forgotten, and forks with them; the names of a line are kept as long as one of it is."""
    kept = KeptProcesses(depth=8, limit=99, room=10_000)
    first = _named(kept, 1)
    few = kept.crowded
    kept.insert_fork(99, _fork(first))
    child = _named(kept, 2, first)
    for pid in range(3, 9):
        _named(kept, pid, child)
    kept.make_room()

    assert (few, kept.crowded) == (False, False)
    assert (list(kept.processes), list(kept.forks)) == ([7, 8], [])
    assert kept.weight > 80


def test_names_that_many_share_take_room_once() -> None:
    """As those of a service manager, from which all descend."""
    kept = KeptProcesses(depth=8, limit=99, room=10_000)
    first = _named(kept, 1)
    for pid in range(2, 99):
        kept.insert(Process(pid, 1, 0, kept.line(first)))
    kept.make_room()

    assert len(kept.processes) == 98


def test_a_process_alone_stays_however_long_its_name_is() -> None:
    """It is the one that the event at hand is of."""
    kept = KeptProcesses(depth=8, limit=99, room=10)
    _named(kept, 1)
    kept.make_room()

    assert list(kept.processes) == [1]


def test_a_line_ends_at_the_depth() -> None:
    """However long a family is."""
    kept, shell, child = _family()
    grandchild = kept.insert(Process(20, 11, 0, kept.line(child)))

    assert kept.line(grandchild) == (grandchild.program, child.program)
    assert kept.line(shell) == (shell.program,)


@pytest.mark.parametrize(
    ("happens", "holds"),
    [
        (lambda kept: kept.insert(Process(13, 1, 0, ())), True),
        (lambda kept: kept.insert_fork(99, _fork(kept.processes[12])), True),
        (lambda kept: kept.become(kept.processes[12].program, "/bin/x", "x", None, "log"), True),
        (lambda kept: kept.become(kept.processes[11].program, "/bin/x", "x", None, "log"), False),
        (lambda kept: kept.become(kept.processes[10].program, "/bin/x", "x", None, "log"), False),
        (lambda kept: kept.insert(Process(11, 10, 0, ())), False),
        (lambda kept: kept.insert(Process(10, 1, 0, ())), False),
        (lambda kept: kept.insert_fork(11, _fork(kept.processes[12])), False),
        (lambda kept: kept.change_all(), False),
    ],
)
def test_an_answer_holds_until_something_happens_to_the_two(
    happens: Callable[[KeptProcesses], None], *, holds: bool
) -> None:
    """What happens to others does not end it."""
    kept, shell, child = _family()
    lasting = kept.lasting(Found(child, shell, "", fresh=False, ppid=10, presumed=False))
    happens(kept)

    assert kept.still(lasting) is holds
    assert (lasting.state == kept.state) is holds


def test_an_answer_does_not_outlive_its_process() -> None:
    """Nor its parent."""
    for index in (0, 1):
        kept, *family = _family()
        lasting = kept.lasting(Found(family[1], family[0], "", fresh=False, ppid=10, presumed=False))
        family[index].ended = True
        kept.change()

        assert not kept.still(lasting)
