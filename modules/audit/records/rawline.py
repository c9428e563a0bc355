"""Texts that would break their line of the raw log, and back.

Newlines would forge a line, NUL would end one, and 0x1D separates what auditd appends. Only messages that programs
send can hold them. Such a record is written with spaces in their place, so that every reader of auditd's format sees
what can be shown of it, and whole, in hex, at the end of the line.
"""

from __future__ import annotations

from typing import Optional

_UNSAFE = bytes.maketrans(b"\n\0\x1d", b"   ")
_NAME = b"MIG_RAW="
MARK = b"\x1d" + _NAME


def escape(text: bytes) -> bytes:
    """Return a record's text as one line: as it is, or with the original in hex after what can be shown of it."""
    shown = text.translate(_UNSAFE)
    return text if shown == text else shown + MARK + text.hex().upper().encode()


def original(shown: bytes, appended: bytes) -> Optional[bytes]:
    """Return the text that `escape` made ``shown`` of, given what follows 0x1D; None if that is something else.

    It must be what is shown but for the bytes that cannot be: a program that logs such a mark itself could otherwise
    put words into the kernel's mouth.
    """
    if not appended.startswith(_NAME):
        return None
    try:
        text = bytes.fromhex(appended[len(_NAME) :].decode("ascii"))
    except ValueError:
        return None
    return text if text.translate(_UNSAFE) == shown else None
