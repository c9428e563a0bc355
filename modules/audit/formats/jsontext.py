"""JSON on one line, as several formats write it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_ASCII = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False)


def to_json(document: Mapping[str, Any]) -> bytes:
    """Return an object of printable text as UTF-8."""
    return _TEXT.encode(document).encode("utf-8")


def to_ascii_json(document: Mapping[str, Any]) -> bytes:
    """Return an object of any text as ASCII: what reorders or erases a line on a terminal is escaped."""
    return _ASCII.encode(document).encode("ascii")
