"""JSON on one line, as several formats write it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from collections.abc import Mapping

try:
    import orjson
except ImportError:  # it comes with the extra "fast", and gives the same bytes
    _fast: Optional[Callable[[Any], bytes]] = None
else:
    _fast = orjson.dumps

_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_ASCII = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False)


def to_json(document: Any) -> bytes:  # noqa: ANN401  # whatever JSON can hold
    """Return an object of printable text as UTF-8."""
    if _fast is not None:
        try:
            return _fast(document)
        except TypeError:
            pass  # a number of more than 64 bits, which a record may well hold
    return _TEXT.encode(document).encode("utf-8")


def to_ascii_json(document: Mapping[str, Any]) -> bytes:
    """Return an object of any text as ASCII: what reorders or erases a line on a terminal is escaped."""
    return _ASCII.encode(document).encode("ascii")
