"""A carriage return is no part of a record where all lines of a log have one."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.sources.line_ends import LineEnds


def test_line_ends_of_another_system_become_those_of_ours() -> None:
    """One return of each line; a torn line may end in half of them."""
    ends = LineEnds()

    assert [ends.mended(block) for block in (b"a\r\nb\r\r\n", b"c\n\r\n", b"d\r")] == [
        b"a\nb\r\n",
        b"c\n\n",
        b"d",
    ]


@pytest.mark.parametrize("first", [b"a\n", b"a\rb\n", b"\n"])
def test_a_log_with_line_ends_of_ours_stays_as_it_is(first: bytes) -> None:
    """Its first line tells; what comes later is a record's."""
    ends = LineEnds()

    assert [ends.mended(block) for block in (first, b"b\r\n", b"c\r")] == [first, b"b\r\n", b"c\r"]
