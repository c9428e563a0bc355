"""Numbers as records write them, and their words where they are of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.records.interpretation.words import (
    choice_word,
    choices,
    document,
    flag_words,
    personality_words,
)

if TYPE_CHECKING:
    from mig_audit.modules.audit.records.interpretation.fields import Kind

_SHAPES = {
    8: compile_late(rb"[0-7]{1,22}"),
    10: compile_late(rb"-?[0-9]{1,20}"),
    16: compile_late(rb"(?:0x)?[0-9a-fA-F]{1,16}"),
}
_LARGEST = 2**64 - 1
_HEXADECIMAL = 16
_INT = 0xFFFF_FFFF
_PERSONALITY = "personality"


def number(raw: bytes, base: int) -> Optional[int]:
    """Return the number that is written in that base: 8, 10 or 16; None if the whole value is none."""
    value = int(raw, base) if _SHAPES[base].fullmatch(raw) else None
    return value if value is not None and value <= _LARGEST else None


def register(raw: Optional[bytes]) -> Optional[str]:
    """Return a register as text: hexadecimal without prefix; None for anything else."""
    if raw is None or raw[:2] == b"0x" or not _SHAPES[_HEXADECIMAL].fullmatch(raw):
        return None
    return raw.decode("ascii")


def table_words(kind: Kind, raw: bytes) -> Optional[str]:
    """Return the words that a table has for a number, None if it has none."""
    value = number(raw, kind.base)
    if value is None:
        return None
    if kind.name == _PERSONALITY:
        return personality_words(value & _INT)
    known = flag_words if kind.name in document()["flags"] else choice_word
    return known(kind.name, value & _INT)


def unknown_words(kind: Kind, raw: bytes) -> Optional[str]:
    """Return what libauparse says of a number of which the table knows nothing; None if it is no number."""
    value = number(raw, kind.base)
    if value is None:
        return None
    digits = raw.decode("ascii")
    if kind.name in document()["flags"]:
        return digits if digits[:2] == "0x" else f"0x{digits}"
    table = choices("personalities" if kind.name == _PERSONALITY else kind.name)
    plain = f"0x{value & _INT:x}" if kind.base == _HEXADECIMAL else digits
    return table.unknown_text(digits, kind.base) or plain
