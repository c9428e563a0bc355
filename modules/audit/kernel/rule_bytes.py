"""A rule's bytes (``struct audit_rule_data``) as it is sent, as the kernel lists it, and as it is found for deletion."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREPEND = 0x10
_EXIT = 4  # linux/audit.h, AUDIT_FILTER_EXIT: the list of rules about system calls
# `struct audit_rule_data`: flags, action, field_count, then 64 words each of mask, fields, values and fieldflags, then
# buflen and the strings. The upper half of the mask's last word stands for classes of system calls.
_CLASSES = slice(266, 268) if sys.byteorder == "little" else slice(264, 266)
_MASK, _BUFLEN, _STRINGS = slice(12, 268), 1036, 1040


def without_prepend(payload: bytes) -> bytes:
    """Return the form in which the kernel finds a rule for deletion: its list without the prepend flag."""
    return bytes([payload[0] & ~_PREPEND]) + payload[1:]


def identity(payload: bytes) -> bytes:
    """Return what a rule as it was sent and the same rule as the kernel lists it have in common.

    The kernel clears the prepend flag and the class bits, counts the strings itself, and pads the message.
    """
    plain = bytearray(without_prepend(payload[:_BUFLEN]))
    if len(plain) == _BUFLEN:
        plain[_CLASSES] = bytes(2)
    return bytes(plain) + payload[_STRINGS:].rstrip(b"\0")


def is_listed_otherwise(payload: bytes) -> bool:
    """Return whether a rule names classes of system calls, which the kernel lists as the calls themselves."""
    mask = payload[_MASK]
    return any(payload[_CLASSES]) and mask != bytes([0xFF]) * len(mask)


def with_prepend(payload: bytes) -> bytes:
    """Return the form in which the kernel puts a rule at the head of its list."""
    return bytes([payload[0] | _PREPEND]) + payload[1:]


def for_calls_of(payload: bytes, others: Iterable[bytes]) -> Optional[bytes]:
    """Return a rule about every system call as one about those alone that other rules name; None if they name none.

    Whenever any program makes a system call, the kernel looks at every rule that names it.
    """
    calls = 0
    for other in others:
        if other[0] & ~_PREPEND == _EXIT:
            calls |= int.from_bytes(other[_MASK], sys.byteorder)
    if not calls:
        return None
    narrow = (
        payload[: _MASK.start]
        + calls.to_bytes(_MASK.stop - _MASK.start, sys.byteorder)
        + payload[_MASK.stop :]
    )
    return payload if is_listed_otherwise(narrow) else narrow
