"""Durations and sizes as people write them: ``"90s"``, ``"1.5h"``, ``"256MiB"``."""

from __future__ import annotations

import re

from .late_patterns import compile_late

DURATION_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,3})?(ms|s|m|h)$"
SIZE_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,3})?(B|kB|MB|GB|KiB|MiB|GiB)$"

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SPLIT = compile_late(r"(?P<number>[0-9.]+)(?P<unit>[A-Za-z]+)")


def parse_duration(text: str) -> float:
    """Return seconds; raise ValueError for text that does not match DURATION_PATTERN."""
    return _quantity(text, DURATION_PATTERN, _SECONDS)


def parse_size(text: str) -> int:
    """Return bytes; raise ValueError for text that does not match SIZE_PATTERN."""
    return round(_quantity(text, SIZE_PATTERN, _BYTES))


def format_duration(seconds: float) -> str:
    """Return seconds as a Go duration string such as ``2.5s`` or ``17.2ms``, as MIG modules report them."""
    if seconds < 1:
        return f"{seconds * 1000:.6g}ms"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    head = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{head}{rest:.6g}s"


def _quantity(text: str, pattern: str, units: dict[str, float] | dict[str, int]) -> float:
    match = _SPLIT.fullmatch(text) if re.fullmatch(pattern, text) else None
    if match is None:
        raise ValueError(f"{text!r} does not match {pattern}")
    return float(match["number"]) * units[match["unit"]]
