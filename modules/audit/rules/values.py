"""The values of a rule's fields: words to 32-bit numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Callable, NoReturn

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import strictness
from mig_audit.modules.audit.rules.constants import AF_MAX, AUDIT_MAX_FIELD_COMPARE
from mig_audit.modules.audit.rules.strictness import StricterError
from mig_audit.modules.audit.tables import (
    errno_number,
    file_type_number,
    filesystem_number,
    record_type_number,
)

if TYPE_CHECKING:
    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.words import Word

    Reader = Callable[[Word, Names], int]
    """What turns a value into a number: raises RuleError where it cannot."""

# strtoul with base 0: decimal, octal after a zero, hexadecimal after 0x
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_SIGNED = re.compile(r"-?[0-9]")
_LONGEST = 24  # the digits of 2**64 in octal, and some more
_WORD = 0xFFFFFFFF
_LOWEST = -0x80000000
_UNSET = 0xFFFFFFFF


def starts_number(word: Word, *, signed: bool = False) -> bool:
    """Tell whether auditctl reads a word as a number: by its first digit."""
    return bool(_SIGNED.match(word.text)) and (signed or word.text[0] != "-")


def integer(word: Word) -> int:
    """Return the number that a word is, in C's notation, a minus in front allowed.

    Raises:
        RuleError: the word is not a number from end to end, or longer than 64 bits could be.
    """
    match = _NUMBER.match(word.text)
    end = match.end() if match else 0
    if end < len(word.text):
        raise StricterError(
            strictness.TRAILING_TEXT, f"{word.text!r} is not a number up to its end", word.columns[end]
        )
    sign, digits = ("-", word.text[1:]) if word.text[0] == "-" else ("", word.text)
    if len(digits) > _LONGEST:
        _too_large(word)
    base = 16 if digits[:2] in {"0x", "0X"} else 8 if digits[0] == "0" else 10
    return int(sign + digits, base)


def number(word: Word, _names: Names) -> int:
    """Return a number from 0 to 2**32 - 1."""
    if not starts_number(word):
        raise RuleError(f"{word.text!r} is not a number", word.column)
    return _fitting(word)


def signed_number(word: Word, _names: Names) -> int:
    """Return a number of 32 bits, negative ones as two's complement."""
    if not starts_number(word, signed=True):
        raise RuleError(f"{word.text!r} is not a number", word.column)
    return _fitting(word)


def _fitting(word: Word) -> int:
    value = integer(word)
    if not _LOWEST <= value <= _WORD:
        _too_large(word)
    return value & _WORD


def _too_large(word: Word) -> NoReturn:
    raise StricterError(
        strictness.WRAPPED,
        f"{word.text} does not fit into 32 bits",
        word.column,
        "the kernel compares 32 bits of every value",
    )


def user(word: Word, names: Names) -> int:
    """Return a user's number: a number, a name, or ``unset`` for 2**32 - 1."""
    if starts_number(word, signed=True):
        return _fitting(word)
    if word.text == "unset":
        return _UNSET
    found = names.user(word.text)
    if found is None:
        raise RuleError(f"there is no user {word.text!r}", word.column)
    return found & _WORD


def group(word: Word, names: Names) -> int:
    """Return a group's number: a number or a name."""
    if starts_number(word):
        return _fitting(word)
    found = names.group(word.text)
    if found is None:
        raise RuleError(f"there is no group {word.text!r}", word.column)
    return found & _WORD


def session(word: Word, _names: Names) -> int:
    """Return a session: a number, or ``unset``."""
    if word.text == "unset":
        return _UNSET
    if not starts_number(word, signed=True):
        raise StricterError(
            strictness.NOT_A_NUMBER, f"{word.text!r} is neither a number nor 'unset'", word.column
        )
    return _fitting(word)


def exit_value(word: Word, _names: Names) -> int:
    """Return what a system call returns: a number, or the name of an errno, usually with a minus in front."""
    if starts_number(word, signed=True):
        return _fitting(word)
    negative = word.text.startswith("-")
    found = errno_number(word.text[negative:])
    if found is None:
        raise RuleError(f"{word.text!r} is neither a number nor an errno", word.column)
    return (-found if negative else found) & _WORD


def record_type(word: Word, _names: Names) -> int:
    """Return a record type: its number, its name, or ``UNKNOWN[n]``."""
    if starts_number(word):
        return _fitting(word)
    found = record_type_number(word.text)
    if not found or found > _WORD:
        raise RuleError(f"there is no record type {word.text!r}", word.column)
    return found


def file_type(word: Word, _names: Names) -> int:
    """Return the st_mode bits of a file type, by its name."""
    found = file_type_number(word.text)
    if found is None:
        raise RuleError(
            f"{word.text!r} is not file, dir, socket, link, character, block or fifo", word.column
        )
    return found


def filesystem(word: Word, names: Names) -> int:
    """Return the magic number of a file system, by its name or as a number."""
    found = number(word, names) if starts_number(word) else filesystem_number(word.text)
    if found is None or found == _WORD:
        raise RuleError(
            f"{word.text!r} is not a file system whose name is known", word.column, "give its magic number"
        )
    return found


def address_family(word: Word, names: Names) -> int:
    """Return a socket address family, from 0 to AF_MAX - 1."""
    if not starts_number(word, signed=True):
        raise StricterError(
            strictness.NOT_A_NUMBER,
            f"{word.text!r} is not the number of an address family",
            word.column,
            "2 is AF_INET and 10 is AF_INET6",
        )
    found = signed_number(word, names)
    if found >= AF_MAX:
        raise RuleError(f"there is no address family {word.text}", word.column)
    return found


def success(word: Word, names: Names) -> int:
    """Return 1 for a system call that succeeded, 0 for one that failed."""
    return _in_range(word, number(word, names), range(2))


def comparison(word: Word, names: Names) -> int:
    """Return the number of a pair of fields to compare, AUDIT_COMPARE_*."""
    return _in_range(word, number(word, names), range(1, AUDIT_MAX_FIELD_COMPARE + 1))


def _in_range(word: Word, value: int, allowed: range) -> int:
    if value not in allowed:
        raise StricterError(
            strictness.OUT_OF_RANGE,
            f"{word.text} is not from {allowed.start} to {allowed.stop - 1}",
            word.column,
        )
    return value
