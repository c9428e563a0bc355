"""Durations and sizes for people."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.quantities import DURATION_PATTERN, SIZE_PATTERN, format_duration, parse_duration, parse_size
from mig_audit.validation import load_schema


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("1.5m", 90), ("2h", 7200), ("0s", 0), ("0.001s", 0.001)],
)
def test_durations(text: str, seconds: float) -> None:
    """Units are milliseconds, seconds, minutes, hours."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "size"), [("1B", 1), ("1kB", 1000), ("64KiB", 65536), ("1.5MiB", 1572864), ("2GiB", 2**31)]
)
def test_sizes(text: str, size: int) -> None:
    """Decimal units and binary ones."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "30", "s", "-1s", "1 s", "1d", "1e3s", "1..5s", "\u0663s", "1KB"])
def test_anything_else_is_refused(text: str) -> None:
    """A number without a unit is a guess."""
    with pytest.raises(ValueError, match="does not match"):
        parse_duration(text)
    with pytest.raises(ValueError, match="does not match"):
        parse_size(text)


@given(st.text())
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    """No text makes the parser raise anything else."""
    if not re.fullmatch(DURATION_PATTERN, text):
        with pytest.raises(ValueError, match="does not match"):
            parse_duration(text)


def test_the_schema_has_the_same_patterns() -> None:
    """What the schema lets through is what the parser takes."""
    schema = load_schema("audit.parameters.v1.schema.json").replace("\\\\", "\\")
    assert DURATION_PATTERN in schema
    assert SIZE_PATTERN in schema


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0172, "17.2ms"), (2.5, "2.5s"), (75, "1m15s"), (3723, "1h2m3s"), (0, "0ms")]
)
def test_durations_are_reported_as_go_writes_them(seconds: float, text: str) -> None:
    """MIG's statistics have Go duration strings."""
    assert format_duration(seconds) == text
