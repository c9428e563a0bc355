"""What a canary looks like, and which serials it brackets."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.canary import Bracket, Mark, Sighting, may_filter

_MARK = Mark("0123456789abcdef", 77)


def _line(serial: int, text: bytes, pid: int = 77, subj: bytes = b"") -> bytes:
    body = b"pid=%d uid=0 auid=4294967295 ses=4294967295%b msg='%b'" % (pid, subj, text)
    return b"type=TRUSTED_APP msg=audit(1.000:%d): %b\n" % (serial, body)


@pytest.mark.parametrize("subj", [b"", b" subj=kernel", b" subj==unconfined (enforce)"])
def test_a_canary_is_found_among_other_lines(subj: bytes) -> None:
    """With and without a security module."""
    other = b"type=EOE msg=audit(1.000:4): \n"
    block = other + _line(5, _MARK.text(1, end=False), subj=subj) + other + _line(7, _MARK.text(2, end=True))

    assert _MARK.in_block(block) == [Sighting(1, 5, end=False), Sighting(2, 7, end=True)]


@pytest.mark.parametrize(
    "line",
    [
        _line(5, _MARK.text(1, end=False), pid=78),
        _line(5, Mark("fedcba9876543210", 77).text(1, end=False)),
        _line(5, _MARK.text(1, end=False) + b" x"),
        _line(5, b"x " + _MARK.text(1, end=False)),
        _line(5, b"' pid=77 uid=0 auid=0 ses=0 msg='" + _MARK.text(1, end=False), pid=78),
        b"type=PATH msg=audit(1.000:5): name=" + _MARK.text(1, end=False) + b"\n",
    ],
)
def test_nobody_else_can_make_one(line: bytes) -> None:
    """Of another process, another run, or inside another text."""
    assert _MARK.in_block(line) == []


@given(st.integers(0, 2**32 - 1), st.integers(0, 1000), st.integers(-2000, 2000))
def test_the_bracket_holds_what_lies_between_first_and_last(begin: int, length: int, offset: int) -> None:
    """Wherever the counter rolls over."""
    bracket = Bracket()
    assert bracket.add(Sighting(1, begin, end=False))
    assert not bracket.add(Sighting(2, (begin + length) % 2**32, end=True))

    assert bracket.holds((begin + offset) % 2**32, 5.0) == (0 <= offset < length)


@pytest.mark.parametrize(
    ("seconds", "inside"), [(9.999, False), (10.0, True), (19.98, True), (19.99, False), (20.0, False)]
)
def test_without_canaries_the_times_tell(seconds: float, inside: bool) -> None:  # data
    """The stamp of what was done after the end may be a tick of the kernel's clock before it."""
    bracket = Bracket()
    bracket.begin_at(10.0)
    bracket.end_at(20.0)

    assert bracket.holds(1, seconds) is inside


def test_where_nothing_shows_the_end_nobody_knows() -> None:
    """What was before the beginning is known all the same."""
    bracket = Bracket()
    assert bracket.holds(1, 5.0) is None
    bracket.begin_at(10.0)
    assert (bracket.holds(1, 5.0), bracket.holds(1, 15.0)) == (False, None)


def test_a_canary_shows_more_than_the_time() -> None:
    """Of both ends."""
    bracket = Bracket()
    bracket.begin_at(10.0)
    bracket.end_at(20.0)
    bracket.add(Sighting(1, 100, end=False))
    bracket.add(Sighting(2, 200, end=True))

    assert [
        bracket.holds(serial, seconds) for serial, seconds in ((99, 15), (100, 5), (199, 25), (200, 15))
    ] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(("number", "expected"), [(0, True), (0x10, True), (5, True), (4, False), (1, False)])
def test_rules_that_could_filter_messages_are_known(number: int, expected: bool) -> None:
    """Those on the user and exclude lists."""
    assert may_filter([struct.pack("=I", 4) + b"exit", struct.pack("=I", number) + b"rule"]) == expected
