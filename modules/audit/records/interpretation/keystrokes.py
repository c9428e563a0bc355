"""What was typed, from TTY and USER_TTY records: text in quotes, and the names of keys: ``"ls",<ret>,<up>``."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.records.interpretation.words import document

if TYPE_CHECKING:
    from collections.abc import Mapping

_ESCAPED = compile_late(rb'[^ -~]|["\\]')


def keystrokes(typed: bytes) -> str:
    """Return the keys and the text between them; bytes that are neither are octal escapes."""
    names, pattern = _keys()
    pieces = []
    position = 0
    for key in pattern.finditer(typed):
        pieces += [_text(typed[position : key.start()]), f"<{names[key[0]]}>"]
        position = key.end()
    pieces.append(_text(typed[position:]))
    return ",".join(piece for piece in pieces if piece)


def _text(typed: bytes) -> str:
    if not typed:
        return ""
    text = _ESCAPED.sub(_escape, typed).decode("ascii")
    return f'"{text}"'


def _escape(found: re.Match[bytes]) -> bytes:
    byte = found[0]
    return b"\\" + byte if byte in {b'"', b"\\"} else b"\\%03o" % byte[0]


@cache
def _keys() -> tuple[Mapping[bytes, str], re.Pattern[bytes]]:
    """Return the keys' names by what terminals send, and a pattern that finds the longest of them first."""
    names = {bytes.fromhex(sequence): name for sequence, name in document()["keystrokes"].items()}
    longest_first = sorted(names, key=lambda sequence: (-len(sequence), sequence))
    return names, re.compile(b"|".join(map(re.escape, longest_first)))
