"""Short answers are remembered, long ones are not."""

from __future__ import annotations

from typing import Optional

from mig_audit.modules.audit.records.memo import LONGEST, remember


def test_a_short_value_is_asked_for_once_and_a_long_one_every_time() -> None:
    """The answer is the function's either way, and for nothing too."""
    asked: list[Optional[bytes]] = []

    @remember
    def length(raw: Optional[bytes]) -> int:
        asked.append(raw)
        return -1 if raw is None else len(raw)

    short, long = b"x" * LONGEST, b"x" * (LONGEST + 1)

    assert [length(raw) for raw in (short, long, None) * 2] == [LONGEST, LONGEST + 1, -1] * 2
    assert asked == [short, long, None, long]
