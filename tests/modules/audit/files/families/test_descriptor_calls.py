"""Closing, duplicating and marking descriptors."""

from __future__ import annotations

import pytest
from file_calls import birth, call, failed, item, names, opened, places, told


def test_a_duplicate_shares_the_position() -> None:
    """And its row has both numbers."""
    rows = told(
        birth(),
        opened("data"),
        call("dup", 3, exit=5),
        call("read", 5, 0, 10, exit=10),
        call("read", 3, 0, 1, exit=1),
    )

    assert (rows[1].old, rows[1].new, rows[1].fd) == (3, 5, None)
    assert names(rows)[1] == ("DUP", "/work/data", "exact")
    assert places(rows)[2:] == [("READ", 0, "exact"), ("READ", 10, "exact")]
    assert len({row.file for row in rows}) == 1


@pytest.mark.parametrize(
    "duplicated",
    [call("fcntl", 3, 0, 100, exit=100), call("fcntl64", 3, 1030, 100, exit=100, machine="i386")],
)
def test_fcntl_duplicates_too(duplicated: object) -> None:
    """To the first number that is free from one on."""
    rows = told(birth(), opened("data"), duplicated, call("close", 100))  # type: ignore[arg-type]  # a call

    assert names(rows)[1:] == [("DUP", "/work/data", "exact"), ("CLOSE", "/work/data", "exact")]


def test_to_duplicate_onto_a_descriptor_closes_it() -> None:
    """By no call of its own."""
    rows = told(
        birth(), opened("a", 3), opened("b", 4), call("dup2", 3, 4, exit=4), call("read", 4, 0, 1, exit=1)
    )

    assert names(rows)[2:] == [
        ("CLOSE", "/work/b", "exact"),
        ("DUP", "/work/a", "exact"),
        ("READ", "/work/a", "exact"),
    ]
    assert rows[2].flags == ("implicit",)


def test_to_duplicate_onto_itself_is_to_do_nothing() -> None:
    """It is told all the same."""
    rows = told(birth(), opened("a", 3), call("dup2", 3, 3, exit=3), call("close", 3))

    assert [row.kind for row in rows] == ["OPEN", "DUP", "CLOSE"]


def test_what_is_closed_leads_nowhere() -> None:
    """Until it is given to another file."""
    rows = told(birth(), opened("a", 3), call("close", 3), call("read", 3, 0, 1, exit=1))

    assert names(rows)[1:] == [("CLOSE", "/work/a", "exact"), ("READ", None, "unknown")]


def test_a_range_closes_what_is_in_it() -> None:
    """One row each; a range may end beyond all numbers."""
    rows = told(
        birth(),
        opened("a", 3),
        opened("b", 4),
        opened("c", 9),
        call("close_range", 4, 2**32 - 1),
        call("read", 3, exit=1),
    )

    assert names(rows)[3:] == [
        ("CLOSE", "/work/b", "exact"),
        ("CLOSE", "/work/c", "exact"),
        ("READ", "/work/a", "exact"),
    ]


@pytest.mark.parametrize(
    "marked",
    [
        [opened("a", 3, flags=0o2000000)],
        [opened("a", 3), call("fcntl", 3, 2, 1)],
        [opened("a", 3), call("close_range", 3, 3, 4)],
        [opened("a", 9), call("dup3", 9, 3, 0o2000000, exit=3), call("close", 9)],
        [opened("a", 9), call("fcntl", 9, 1030, 3, exit=3), call("close", 9)],
    ],
)
def test_what_is_marked_is_closed_when_another_program_is_executed(marked: list[object]) -> None:
    """And nothing else is; if it is used nevertheless, an ioctl took the mark away, which is not seen."""
    execve = call("execve", paths=(item("/usr/bin/q", 2),))

    rows = told(birth(), *marked, opened("b", 4), execve, call("read", 4, exit=1), call("read", 3, exit=1))  # type: ignore[arg-type]  # calls

    assert names(rows)[-3:] == [
        ("CLOSE", "/work/a", "exact"),
        ("READ", "/work/b", "exact"),
        ("READ", "/work/a", "probable"),
    ]
    assert rows[-3].flags == ("implicit",)


def test_a_number_that_is_given_out_while_it_is_open_was_closed_unseen() -> None:
    """So that what was known before is to be doubted, and what comes after is not."""
    rows = told(
        birth(),
        opened("a", 3),
        opened("b", 4),
        opened("c", 4),
        call("read", 3, exit=1),
        call("read", 4, exit=1),
    )

    assert names(rows)[2:] == [
        ("OPEN", "/work/c", "exact"),
        ("READ", "/work/a", "probable"),
        ("READ", "/work/c", "exact"),
    ]
    assert places(rows)[3:] == [("READ", 0, "probable"), ("READ", 0, "exact")]
    assert [row.flags for row in rows[2:]] == [("stale_fd",), ("stale_fd",), ()]


def test_a_duplicate_of_what_is_doubted_is_doubted() -> None:
    """It leads to wherever the other one leads."""
    rows = told(
        birth(), opened("a", 3), opened("b", 4), opened("c", 4), call("dup", 3, exit=5), call("close", 5)
    )

    assert names(rows)[3:] == [("DUP", "/work/a", "probable"), ("CLOSE", "/work/a", "probable")]


def test_a_close_that_is_refused_was_done_unseen() -> None:
    """EBADF of a descriptor that is known."""
    refused = failed("close", 3, errno="EBADF")
    rows = told(
        birth(), opened("a", 3), opened("b", 4), refused, call("read", 4, exit=1), call("read", 3, exit=1)
    )

    assert names(rows)[-2:] == [("READ", "/work/b", "probable"), ("READ", None, "unknown")]


def test_among_threads_a_close_may_be_told_after_the_open_that_got_its_number() -> None:
    """It closes what was open before then, and not the new one."""
    thread = call("clone", 0x10F00, exit=11)
    rows = told(
        birth(),
        thread,
        opened("a", 3),
        opened("b", 3),
        call("close", 3),
        call("read", 3, exit=1),
        call("close", 3),
    )

    assert names(rows)[2:] == [
        ("CLOSE", "/work/a", "probable"),
        ("READ", "/work/b", "exact"),
        ("CLOSE", "/work/b", "exact"),
    ]


def test_numbers_may_be_anything() -> None:
    """A register has 64 bits; a descriptor has 31."""
    rows = told(birth(), opened("a", 2**31 - 1), call("close", 2**31 - 1), call("read", 2**64 - 1, exit=1))

    assert [row.fd for row in rows] == [2**31 - 1, 2**31 - 1, -1]


def test_other_commands_of_fcntl_are_not_about_files() -> None:
    """Locks, leases and the like."""
    assert told(birth(), opened("a", 3), call("fcntl", 3, 7, 0))[1:] == []
