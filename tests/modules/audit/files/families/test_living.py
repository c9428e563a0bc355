"""Processes: how they begin, what they take over, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from file_calls import PID, all_told, birth, call, item, names, opened, places, told

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.rows import Row

_CHILD = 20
_SEEK = call("lseek", 3, 0, 0, exit=0)


def _child(name: str, *args: int, exit: int = 0, **more: object) -> Call:  # noqa: A002  # as the records have it
    return call(name, *args, exit=exit, pid=_CHILD, ppid=PID, **more)


def _forks(rows: list[Row]) -> list[tuple[int | None, int | None, tuple[str, ...]]]:
    return [(row.pid, row.child, row.flags) for row in rows if row.kind == "FORK"]


@pytest.mark.parametrize(
    "made", [call("fork", exit=_CHILD), call("clone", 0x1200011, exit=_CHILD), call("vfork", exit=_CHILD)]
)
def test_a_child_has_its_parent_s_open_files(made: Call) -> None:
    """They move one position, which is only probable while they both can."""
    rows = told(
        birth(), opened("data"), made, _child("read", 3, exit=7), call("read", 3, exit=1), _child("exit_group"), _SEEK,
        call("read", 3, exit=1),
    )  # fmt: skip

    assert _forks(rows) == [(PID, _CHILD, ())]
    reads = [row for row in rows if row.kind == "READ"]
    assert places(reads) == [("READ", 0, "probable"), ("READ", 7, "probable"), ("READ", 0, "exact")]
    assert [row.flags for row in reads] == [("shared_ofd",), ("shared_ofd",), ()]


def test_what_a_child_opens_and_closes_is_its_own() -> None:
    """The tables are two."""
    rows = told(
        birth(), opened("data"), call("fork", exit=_CHILD), _child("close", 3),
        opened("own", 3, pid=_CHILD, ppid=PID), _child("read", 3, exit=1), call("read", 3, exit=1),
    )  # fmt: skip

    assert names(rows)[-2:] == [("READ", "/work/own", "exact"), ("READ", "/work/data", "exact")]


def test_a_child_that_shares_the_table_shares_all_of_it() -> None:
    """CLONE_FILES without CLONE_THREAD; both are in doubt about positions."""
    rows = told(
        birth(),
        call("clone", 0x400, exit=_CHILD),
        opened("data", pid=_CHILD, ppid=PID),
        call("read", 3, exit=1),
    )

    assert names(rows)[-1] == ("READ", "/work/data", "exact")
    assert places(rows)[-1] == ("READ", 0, "probable")
    assert rows[-1].flags == ("threads",)


def test_a_child_may_be_told_of_before_it_is_told_that_it_was_made() -> None:
    """As vfork's always is: what it does is probable until then, and exact afterwards."""
    rows = told(
        birth(), opened("data"), _child("dup2", 3, 9, exit=9), call("vfork", exit=_CHILD), _child("close", 9)
    )

    assert _forks(rows) == [(PID, _CHILD, ())]
    assert names([row for row in rows if row.pid == _CHILD]) == [
        ("DUP", "/work/data", "probable"),
        ("CLOSE", "/work/data", "exact"),
    ]
    assert rows[1].flags == ("provisional",)


def test_it_may_even_be_gone_by_then() -> None:
    """A program that could not be executed."""
    rows = told(
        birth(), _child("exit_group"), call("vfork", exit=_CHILD), opened("data"), call("read", 3, exit=1)
    )

    assert _forks(rows) == [(PID, _CHILD, ())]
    assert places(rows)[-1] == ("READ", 0, "exact")


def test_a_child_whose_making_was_never_told_is_said_to_be_one() -> None:
    """At the end of the log."""
    rows = told(birth(), _child("read", 0, exit=1))

    assert _forks(rows) == [(PID, _CHILD, ("provisional",))]


def test_what_clone3_made_is_a_process_if_one_shows_up() -> None:
    """Its flags are in memory. The process has what was open when it was made, or the same table."""
    rows = told(
        birth(),
        opened("data"),
        call("clone3", 0x7FFC, 88, exit=_CHILD),
        call("close", 3),
        _child("read", 3, exit=1),
    )

    assert _forks(rows) == [(PID, _CHILD, ("clone3_lazy",))]
    assert names(rows)[-1] == ("READ", "/work/data", "probable")


def test_what_clone3_made_is_a_thread_if_none_does() -> None:
    """And until then nobody knows whether it moves positions."""
    rows = told(
        birth(), opened("data"), call("clone3", 0x7FFC, 88, exit=_CHILD), call("read", 3, exit=1), call("exit"), _SEEK,
        call("read", 3, exit=1),
    )  # fmt: skip

    assert _forks(rows) == []
    assert places(rows)[-3:] == [("READ", 0, "probable"), ("LSEEK", 0, "exact"), ("READ", 0, "exact")]


def test_a_thread_is_no_process() -> None:
    """Until it ends, positions are probable."""
    rows = told(
        birth(), opened("data"), call("clone", 0x3D0F00, exit=_CHILD), call("read", 3, exit=1), call("exit"), _SEEK,
        call("read", 3, exit=1),
    )  # fmt: skip

    assert _forks(rows) == []
    assert places(rows)[1:] == [("READ", 0, "probable"), ("LSEEK", 0, "exact"), ("READ", 0, "exact")]


def test_the_last_thread_ends_the_process() -> None:
    """Then everything is closed."""
    rows = told(birth(), opened("a", 4), opened("b", 3), call("exit"))

    assert names(rows)[2:] == [("CLOSE", "/work/b", "exact"), ("CLOSE", "/work/a", "exact")]
    assert {row.flags for row in rows[2:]} == {("implicit",)}


def test_a_number_that_is_given_to_another_process_was_free() -> None:
    """The end of a process that was killed is in no record."""
    rows = told(
        birth(), call("fork", exit=_CHILD), opened("old", pid=_CHILD, ppid=PID), call("fork", exit=_CHILD),
        _child("read", 3, exit=1),
    )  # fmt: skip

    assert names(rows)[-1] == ("READ", None, "unknown")


def test_a_number_of_a_namespace_is_not_that_of_the_host() -> None:
    """The child shows up under another one: the row has that."""
    rows = told(
        birth(100),
        opened("data", pid=100),
        call("clone", 0, exit=2, pid=100),
        call("read", 3, exit=1, pid=130, ppid=100),
    )

    assert _forks(rows) == [(100, 130, ("ns",))]
    assert names(rows)[-1] == ("READ", "/work/data", "probable")


def test_numbers_of_processes_begin_anew() -> None:
    """A child with a smaller number than its parent is none of a namespace."""
    rows = told(
        birth(30_000), call("fork", exit=301, pid=30_000), call("read", 0, exit=1, pid=301, ppid=30_000)
    )

    assert _forks(rows) == [(30_000, 301, ())]


def test_a_program_that_is_executed_has_one_thread_and_a_table_of_its_own() -> None:
    """Its row has the name of the program."""
    rows = told(
        birth(), call("clone", 0x10F00, exit=_CHILD), call("clone", 0x400, exit=30), birth(), opened("data"),
        call("read", 3, exit=1),
    )  # fmt: skip

    assert places(rows)[-1] == ("READ", 0, "exact")


def test_a_table_that_was_split_among_threads_is_in_doubt() -> None:
    """Which of them has its own now is in no record."""
    rows = told(
        birth(),
        opened("data"),
        call("clone", 0x10F00, exit=_CHILD),
        call("unshare", 0x400),
        call("read", 3, exit=1),
    )

    assert names(rows)[-1] == ("READ", "/work/data", "probable")


def test_names_in_another_namespace_are_marked() -> None:
    """They are of that one's tree."""
    rows = told(
        birth(), call("unshare", 0x20000), opened("/etc/passwd"), call("setns", 5, 0), call("exit_group")
    )

    assert [row.flags for row in rows] == [("ns",), ("ns", "implicit")]


def test_execveat_runs_what_a_descriptor_leads_to() -> None:
    """Its name is empty then."""
    executed = call("execveat", 3, 0, 0, 0, paths=(item("", 7),))
    rows = all_told(birth(), opened("prog"), executed)

    assert names(rows)[-1] == ("EXEC", "/work/prog", "probable")
