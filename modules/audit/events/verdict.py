"""What filters say of an event."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """What becomes of an event; UNKNOWN until it is decoded."""

    KEEP = "keep"
    DROP = "drop"
    UNKNOWN = "unknown"
