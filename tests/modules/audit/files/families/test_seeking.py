"""Setting positions and sizes, also on machines with 32 bits."""

from __future__ import annotations

from typing import Any

import pytest
from file_calls import birth, call, item, opened, places, told

_I386 = "i386"


def test_a_seek_tells_the_position_after_it() -> None:
    """And the next read is there."""
    rows = told(birth(), opened("data"), call("lseek", 3, 3, 1, exit=8), call("read", 3, 0, 5, exit=5))

    assert places(rows)[1:] == [("LSEEK", 8, "exact"), ("READ", 8, "exact")]


def test_a_seek_to_the_end_tells_the_size() -> None:
    """The position after it, less what was added to the end."""
    rows = told(
        birth(),
        opened("data"),
        call("lseek", 3, -10, 2, exit=5_000_000_028),
        opened("data", 4, flags=0o2001),
        call("write", 4, 0, 5, exit=5),
    )

    assert places(rows)[-1] == ("WRITE", 5_000_000_038, "probable")


@pytest.mark.parametrize(
    "sized",
    [
        call("ftruncate", 3, 500),
        call("truncate", 0, 500, paths=(item("data"),)),
        call("ftruncate64", 3, 500, 0, machine=_I386),
        call("truncate64", 0, 500, 0, paths=(item("data"),), machine=_I386),
        call("ftruncate", 3, 500, machine=_I386),
    ],
)
def test_a_size_that_is_set_is_where_the_next_append_goes(sized: Any) -> None:  # noqa: ANN401  # a call
    """By name or descriptor; in one register or in two."""
    rows = told(birth(), opened("data", flags=0o2001), sized, call("write", 3, 0, 5, exit=5))

    assert places(rows)[1:] == [("TRUNCATE", 500, "exact"), ("WRITE", 500, "probable")]


def test_space_that_is_allocated_may_make_the_file_longer() -> None:
    """Where its size was known; FALLOC_FL_KEEP_SIZE leaves it."""
    write = call("write", 4, 0, 5, exit=5)
    rows = told(
        birth(),
        opened("data", 3, flags=0o1001),
        opened("data", 4, flags=0o2001),
        call("fallocate", 3, 1, 0, 900),
        write,
        call("fallocate", 3, 0, 100, 900),
        write,
        call("fallocate", 3, 8, 0, 100),
        write,
    )

    assert [place for place in places(rows) if place[0] == "WRITE"] == [
        ("WRITE", 0, "probable"),
        ("WRITE", 1000, "probable"),
        ("WRITE", None, "unknown"),
    ]


def test_the_position_of_a_long_seek_is_in_memory() -> None:
    """_llseek of 32 bits; from where it counts is in a register that records do not have."""
    rows = told(
        birth(),
        opened("data"),
        call("_llseek", 3, 0, 100, 0xFF00, machine=_I386),
        call("read", 3, 0, 5, exit=5, machine=_I386),
    )

    assert places(rows)[1:] == [("LSEEK", None, "unknown"), ("READ", None, "unknown")]
    assert rows[1].flags == ("offset_in_memory",)


def test_a_program_of_32_bits_shows_half_of_a_position() -> None:
    """The other half is in a fifth register: it is right for files of less than 4 GiB."""
    rows = told(birth(), opened("data"), call("pread64", 3, 0, 5, 0x1000, exit=5, machine=_I386))

    assert places(rows)[1:] == [("PREAD", 0x1000, "probable")]
    assert rows[1].flags == ("offset_half_invisible",)


def test_a_negative_seek_of_32_bits_is_one() -> None:
    """Registers of 32 bits are extended without their sign."""
    rows = told(
        birth(),
        opened("data"),
        call("lseek", 3, 0xFFFF_FFF6, 2, exit=90, machine=_I386),
        opened("data", 4, flags=0o2001),
        call("write", 4, 0, 5, exit=5),
    )

    assert places(rows)[-1] == ("WRITE", 100, "probable")


def test_other_machines_of_32_bits_show_no_position() -> None:
    """They have numbers of 64 bits in registers that differ from one to the other."""
    rows = told(birth(), opened("data"), call("pread64", 3, 0, 5, 0x1000, exit=5, machine="ppc"))

    assert places(rows)[1:] == [("PREAD", None, "unknown")]


def test_what_cannot_be_sought_in_has_no_position() -> None:
    """A socket."""
    rows = told(birth(), call("socket", 1, 1, exit=3), call("lseek", 3, 0, 1, exit=0))

    assert places(rows) == [("LSEEK", None, "n/a")]
