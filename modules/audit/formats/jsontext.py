"""JSON on one line, as several formats write it."""

from __future__ import annotations

import json
from io import BytesIO
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TEXT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_ASCII = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False)

_FEW = 1000  # documents; about as many take as long to encode as orjson takes to import


class Encoder:
    """The standard library's encoder, and for more than a few documents orjson's: the same bytes, sooner.

    orjson comes with the extra "fast"; without it, nothing changes.
    """

    def __init__(self, few: int = _FEW) -> None:
        """Encode so many documents before looking for orjson."""
        self._left = few
        self._fast: Optional[Callable[[object], bytes]] = None

    def encode(self, document: object) -> bytes:
        """Return an object of printable text as UTF-8."""
        if self._fast is not None:
            try:
                return self._fast(document)
            except TypeError:
                pass  # a number of more than 64 bits, which a record may well hold
        elif self._left:
            self._left -= 1
            if not self._left:
                self._fast = _fast_encoder()
        return _TEXT.encode(document).encode("utf-8")


def _fast_encoder() -> Optional[Callable[[object], bytes]]:
    try:
        import orjson  # noqa: PLC0415  # see above
    except ImportError:
        return None
    return orjson.dumps


_encoder = Encoder()


def to_json(document: object) -> bytes:
    """Return an object of printable text as UTF-8."""
    return _encoder.encode(document)


def to_ascii_json(document: Mapping[str, Any]) -> bytes:
    """Return an object of any text as ASCII: what reorders or erases a line on a terminal is escaped."""
    return _ASCII.encode(document).encode("ascii")


def quoted(text: str) -> str:
    """Return a text as JSON has it in ASCII."""
    return encode_basestring_ascii(text)


def joined(parts: Iterable[bytes]) -> bytes:
    """Return parts as one text, without a second copy of it at any time: an event can have tens of MiB."""
    text = BytesIO()
    text.writelines(parts)
    return text.getvalue()
