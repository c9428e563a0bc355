"""Regular expressions that are compiled late."""

from __future__ import annotations

import re

import pytest

from mig_audit.late_patterns import compile_late


def test_it_does_what_a_pattern_does() -> None:
    """However often it is asked, and whatever for."""
    late, plain = compile_late(rb"(?P<digits>[0-9]+)"), re.compile(rb"(?P<digits>[0-9]+)")

    for _ in range(2):
        found = late.search(b"a 12 b")
        assert found is not None
        assert found["digits"] == b"12"
        assert late.fullmatch(b"12x") is None
        assert late.sub(rb"<\g<digits>>", b"1, 23") == b"<1>, <23>"
    assert (late.pattern, late.groupindex) == (plain.pattern, plain.groupindex)


def test_flags_count() -> None:
    """As in re.compile."""
    assert compile_late("a.b", re.DOTALL | re.IGNORECASE).fullmatch("A\nB")


def test_a_pattern_that_is_none_is_found_at_its_first_use() -> None:
    """And what no pattern has is an AttributeError."""
    late = compile_late("(")

    with pytest.raises(re.error):
        late.match("(")
    with pytest.raises(AttributeError):
        _ = compile_late("x").nosuch  # type: ignore[attr-defined]
