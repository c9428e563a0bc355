"""Reading and writing."""

from __future__ import annotations

import pytest
from file_calls import PIPE, birth, call, opened, places, told


def test_each_read_goes_on_where_the_last_one_ended() -> None:
    """Whatever was asked for: what was read counts, nothing at the end included."""
    rows = told(
        birth(),
        opened("data"),
        call("read", 3, 0, 100, exit=100),
        call("readv", 3, 0, 2, exit=30),
        call("read", 3, 0, 100, exit=0),
    )

    assert places(rows)[1:] == [("READ", 0, "exact"), ("READ", 100, "exact"), ("READ", 130, "exact")]
    assert [row.amount for row in rows] == [None, 100, 30, 0]


def test_reads_and_writes_share_a_position() -> None:
    """It is the open file's."""
    rows = told(
        birth(), opened("data", flags=2), call("write", 3, 0, 10, exit=10), call("read", 3, 0, 4, exit=4)
    )

    assert places(rows)[1:] == [("WRITE", 0, "exact"), ("READ", 10, "exact")]


@pytest.mark.parametrize(
    ("name", "kind"), [("pread64", "PREAD"), ("preadv", "PREAD"), ("pwrite64", "PWRITE")]
)
def test_a_position_that_is_given_is_exact_and_moves_nothing(name: str, kind: str) -> None:
    """Beyond 4 GiB as well."""
    rows = told(
        birth(),
        opened("data", flags=2),
        call(name, 3, 0, 33, 5_000_000_000, exit=33),
        call("read", 3, 0, 1, exit=1),
    )

    assert places(rows)[1:] == [(kind, 5_000_000_000, "exact"), ("READ", 0, "exact")]


@pytest.mark.parametrize(
    ("name", "kind", "sure"), [("preadv2", "READ", "exact"), ("pwritev2", "WRITE", "probable")]
)
def test_minus_one_stands_for_the_file_s_own_position(name: str, kind: str, sure: str) -> None:
    """Of the calls that have flags, too: one of those makes a write go to the end, and is not seen."""
    rows = told(
        birth(), opened("data", flags=2), call(name, 3, 0, 1, -1, exit=30), call(name, 3, 0, 1, -1, exit=30)
    )

    assert places(rows)[1:] == [(kind, 0, sure), (kind, 30, sure)]


def test_flags_that_nobody_sees_make_a_position_probable() -> None:
    """RWF_APPEND in a fifth argument sends a write to the end."""
    rows = told(birth(), opened("data", flags=2), call("pwritev2", 3, 0, 1, 64, exit=8))

    assert places(rows)[1:] == [("PWRITE", 64, "probable")]
    assert "rwf_flags_invisible" in rows[1].flags


def test_an_append_goes_to_the_end_and_not_to_the_position() -> None:
    """The end is known from a seek; without it nothing is."""
    write = call("write", 3, 0, 5, exit=5)
    rows = told(birth(), opened("log", flags=0o2001), write, call("lseek", 3, 0, 2, exit=8192), write, write)

    assert places(rows)[1:] == [
        ("WRITE", None, "unknown"),
        ("LSEEK", 8192, "exact"),
        ("WRITE", 8192, "probable"),
        ("WRITE", 8197, "probable"),
    ]


def test_an_append_ignores_the_position_that_it_is_given() -> None:
    """That is Linux, not POSIX."""
    rows = told(
        birth(),
        opened("log", flags=0o3001),
        call("pwrite64", 3, 0, 5, 0, exit=5),
        call("pwrite64", 3, 0, 5, 0, exit=5),
    )

    assert places(rows)[1:] == [("PWRITE", 0, "probable"), ("PWRITE", 5, "probable")]
    assert rows[1].flags == ("append", "append_ignores_offset")


def test_two_who_append_to_a_file_follow_each_other() -> None:
    """The size is the file's, not the descriptor's."""
    rows = told(
        birth(),
        opened("log", 3, flags=0o3001),
        opened("log", 4, flags=0o2001),
        call("write", 3, 0, 5, exit=5),
        call("write", 4, 0, 7, exit=7),
        call("write", 3, 0, 1, exit=1),
    )

    assert places(rows)[2:] == [("WRITE", 0, "probable"), ("WRITE", 5, "probable"), ("WRITE", 12, "probable")]


def test_the_flags_of_a_descriptor_may_change() -> None:
    """fcntl sets O_APPEND, or tells that it is set."""
    write = call("write", 3, 0, 5, exit=5)
    rows = told(
        birth(),
        opened("log", flags=0o1001),
        write,
        call("fcntl", 3, 4, 0o2000),
        write,
        call("fcntl", 3, 3, exit=1),
        write,
    )

    assert places(rows)[1:] == [("WRITE", 0, "exact"), ("WRITE", 5, "probable"), ("WRITE", 10, "probable")]


def test_a_pipe_has_no_positions() -> None:
    """Neither has one with a name."""
    rows = told(
        birth(),
        opened("fifo", mode=PIPE),
        call("pipe2", 0, told={"fd0": 4, "fd1": 5}),
        call("read", 3, 0, 9, exit=9),
        call("write", 5, 0, 9, exit=9),
    )

    assert places(rows)[1:] == [("READ", None, "n/a"), ("WRITE", None, "n/a")]


def test_of_a_descriptor_that_nobody_saw_opened_a_seek_tells_the_position() -> None:
    """Its file stays unknown."""
    rows = told(
        birth(),
        call("read", 9, 0, 5, exit=5),
        call("lseek", 9, 0, 0, exit=100),
        call("read", 9, 0, 5, exit=5),
    )

    assert places(rows) == [("READ", None, "unknown"), ("LSEEK", 100, "exact"), ("READ", 100, "exact")]
    assert {row.flags for row in rows} == {("unknown_fd",)}


def test_who_was_there_before_the_log_may_have_other_threads() -> None:
    """What is opened is certain, where it is read is not."""
    rows = told(opened("data"), call("read", 3, 0, 5, exit=5), call("lseek", 3, 0, 0, exit=7))

    assert places(rows)[1:] == [("READ", 0, "probable"), ("LSEEK", 7, "exact")]
    assert rows[1].flags == ("birth_unseen",)
