"""Values as the kernel and auditd's libraries encode them, and text that is safe to print.

Untrusted strings are written ``"quoted"`` when they hold no space, quote, control or non-ASCII byte, and as unquoted
upper-case hex otherwise (kernel ``audit_log_untrustedstring``, libaudit ``audit_encode_nv_string``). What is absent
is written ``(null)``, ``(none)`` or ``?``.
"""

from __future__ import annotations

from binascii import unhexlify
from enum import Enum
from typing import Union

from mig_audit.late_patterns import compile_late


class Absent(Enum):
    """A value that is not there, in the three ways in which records say so."""

    NULL = "(null)"
    NONE = "(none)"
    UNKNOWN = "?"


Value = Union[bytes, Absent]

_ABSENT = {marker.value.encode("ascii"): marker for marker in Absent}

# The fields that libauparse calls escaped (auparse/typetab.h), and those that newer programs write the same way.
ENCODED_FIELDS = frozenset(
    [
        "acct",
        "cgroup",
        "cmd",
        "comm",
        "cwd",
        "data",
        "device",
        "dir",
        "exe",
        "file",
        "filename",
        "grp",
        "interface",
        "invalid_context",
        "key",
        "name",
        "new-chardev",
        "new-disk",
        "new-fs",
        "new-net",
        "new-rng",
        "new_group",
        "ocomm",
        "old-chardev",
        "old-disk",
        "old-fs",
        "old-net",
        "old-rng",
        "path",
        "proctitle",
        "root_dir",
        "sw",
        "unit",
        "vm",
        "watch",
    ]
)
_HEX_DIGITS = b"0123456789ABCDEF"

# Bytes that are no valid UTF-8 (as lone surrogates), C0 and C1 controls, DEL, the characters that reorder text (bidi),
# break lines, are a byte order mark, or are there without being seen, so that one name looks like another and a text
# stands within another (tags): (first, last). `str.isprintable` is true of none. Joiners belong to scripts and emoji.
_UNSAFE = (
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0x00AD, 0x00AD),
    (0x061C, 0x061C),
    (0x180E, 0x180E),
    (0x200B, 0x200B),
    (0x200E, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xDC80, 0xDCFF),
    (0xE0000, 0xE007F),
)
_ESCAPES = {
    code: "".join(f"\\x{byte:02x}" for byte in chr(code).encode("utf-8", "surrogateescape"))
    for first, last in _UNSAFE
    for code in range(first, last + 1)
}
# With what stays as it is, too: to look for a character that is not there costs more than to find one.
_SHOWN = {**{code: chr(code) for code in range(0x20, 0x100)}, **_ESCAPES}
_LOOKALIKE = compile_late(r"\\(?=x[0-9a-fA-F]{2})")
_ESCAPE = compile_late(r"\\x([0-9a-fA-F]{2})")


def is_encoded(name: str) -> bool:
    """Say whether a field of this name carries a string that may be written as hex."""
    return name in ENCODED_FIELDS


def decode(raw: bytes) -> Value:
    """Return the bytes that a string-carrying field means, or which kind of absent it is.

    Quotes are removed, upper-case hex of even length is decoded, anything else stays as it is: programs do write bare
    words. ``"(null)"`` in quotes is a string, bare it is absent.
    """
    if raw[:1] == b'"' and raw[-1:] == b'"' and len(raw) > 1:
        return raw[1:-1]
    marker = _ABSENT.get(raw)
    if marker is not None:
        return marker
    if len(raw) % 2 == 0 and raw and not raw.translate(None, _HEX_DIGITS):
        return unhexlify(raw)
    return raw


def printable(raw: bytes) -> str:
    r"""Return the bytes as text that is safe to show and loses nothing.

    Valid UTF-8 stays as it is. Every byte of a control character, of a character that reorders or breaks text, and of
    invalid UTF-8 becomes ``\xNN``. A backslash becomes ``\x5c`` only where ``x`` and two hex digits follow it, so that
    `unprintable` has one answer.
    """
    text = raw.decode("utf-8", "surrogateescape")
    if "\\x" in text:
        text = _LOOKALIKE.sub(r"\\x5c", text)
    if text.isprintable():
        return text
    if text.isascii() and "\n" in text:
        # As a rule it is a script that has no other such characters; by the table, that takes forty times as long.
        text = text.replace("\n", "\\x0a").replace("\t", "\\x09")
        if text.isprintable():
            return text
    return text.translate(_SHOWN)


def unprintable(text: str) -> bytes:
    """Return the bytes that `printable` was given."""
    pieces = _ESCAPE.split(text)
    return b"".join(
        bytes.fromhex(piece) if index % 2 else piece.encode("utf-8", "surrogateescape")
        for index, piece in enumerate(pieces)
    )


def printable_value(raw: bytes) -> str:
    """Return a string-carrying field as text; what is absent reads as the record has it."""
    value = decode(raw)
    return value.value if isinstance(value, Absent) else printable(value)
