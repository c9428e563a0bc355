"""Bytes that the kernel moves from one descriptor to another."""

from __future__ import annotations

import pytest
from file_calls import birth, call, opened, places, told


def test_sendfile_is_a_read_and_a_write() -> None:
    """At the positions of both files, which it moves."""
    rows = told(birth(), opened("from", 4), opened("to", 5), *[call("sendfile", 5, 4, 0, 99, exit=50)] * 2)

    assert places(rows)[2:] == [
        ("READ", 0, "exact"),
        ("WRITE", 0, "exact"),
        ("READ", 50, "exact"),
        ("WRITE", 50, "exact"),
    ]
    assert [row.amount for row in rows[2:]] == [50] * 4


def test_an_offset_in_memory_is_not_known() -> None:
    """And leaves the file's own position where it is."""
    rows = told(
        birth(),
        opened("from", 4),
        opened("to", 5),
        call("sendfile", 5, 4, 0x7FFC, 9, exit=50),
        call("read", 4, exit=1),
    )

    assert places(rows)[2:] == [("PREAD", None, "unknown"), ("WRITE", 0, "exact"), ("READ", 0, "exact")]
    assert rows[2].flags == ("offset_in_memory",)


@pytest.mark.parametrize("name", ["copy_file_range", "splice"])
def test_each_side_may_have_an_offset_in_memory(name: str) -> None:
    """The descriptors come in the other order than those of sendfile."""
    rows = told(birth(), opened("from", 4), opened("to", 5), call(name, 4, 0, 5, 0x7FFC, exit=8))

    assert places(rows)[2:] == [("READ", 0, "exact"), ("PWRITE", None, "unknown")]
    assert [row.path for row in rows[2:]] == ["/work/from", "/work/to"]


def test_a_pipe_on_one_side_has_no_position() -> None:
    """As splice always has one."""
    pipe = call("pipe", told={"fd0": 6, "fd1": 7})
    rows = told(birth(), opened("from", 4), pipe, call("splice", 4, 0, 7, 0, exit=8))

    assert places(rows)[1:] == [("READ", 0, "exact"), ("WRITE", None, "n/a")]
