"""Strings that were not seen before: what a record's bytes become as text and as JSON, in as few steps as there are.

Most are printable ASCII in quotes that JSON has too, and are told as they stand.
"""

from __future__ import annotations

import re
from typing import Optional

from mig_audit.modules.audit.formats.mozdef_shortcut.frame import SHORT, Words
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import encoded_text
from mig_audit.modules.audit.records import Absent, decode, printable

# What is printable, and the same in a JSON string.
_SAFE = re.compile(rb'"[ !#-\[\]-~]*"')
SAFE_BYTES = bytes(byte for byte in range(0x20, 0x7F) if byte not in b'"\\')
"""Those of them that need no quotes."""
_new = tuple.__new__  # what Words(...) does, without its Python frame


def json_string(data: bytes) -> bytes:
    """Return as a JSON string what `printable` makes of bytes."""
    if data.translate(None, SAFE_BYTES):
        return encoded_text(printable(data))
    return b'"%b"' % data


def told_value(raw: bytes) -> Optional[tuple[str, bytes]]:
    """Return what `values.string_value` does, and that as a JSON string; None if it is absent."""
    if _SAFE.fullmatch(raw):
        return raw[1:-1].decode("ascii"), raw
    value = decode(raw)
    if isinstance(value, Absent):
        return None
    text = printable(value)
    return text, encoded_text(text)


def words_of(text: str, told: bytes) -> Words:
    """Return the words of a text whose JSON string is there already."""
    return _new(Words, (text, told[1:-1])) if 0 < len(text) <= SHORT else Words.of(text)
