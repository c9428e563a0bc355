"""Numbers that stand for words: flags, of which several hold at once, and choices, of which one does.

The tables are ``words`` of `audit.tables`; tests/data/tables/words.json says where they come from.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, cast

from mig_audit.modules.audit.tables.table import load

if TYPE_CHECKING:
    from collections.abc import Mapping

_REGISTER = 0xFFFF_FFFF  # flags and choices are ints: what stands above is what the register held before
_BYTE = 0xFF
_SIGN = 0x8000_0000
_HEXADECIMAL = 16


class Flags:
    """Bits with names; what is said of each byte of a number is remembered.

    Args:
        bits: by word.
        zero: the word for none of ``zero_mask``, such as O_RDONLY; empty where there is none.
        zero_mask: the bits that ``zero`` excludes.
        zero_alone: nothing is said beside ``zero``.
        separator: what stands between words.
    """

    def __init__(
        self, bits: Mapping[str, int], *, zero: str, zero_mask: int, zero_alone: bool, separator: str
    ) -> None:
        self._first, self._second, self._third, self._fourth = (
            _Byte(bits, shift, separator) for shift in (0, 8, 16, 24)
        )
        self._zero = zero
        self._zero_mask = zero_mask
        self._zero_alone = zero_alone
        self._before_first = len(separator)

    def text(self, value: int) -> Optional[str]:
        """Return the words of all bits that are set, ascending, None if there are none."""
        words = (
            self._first[value & _BYTE]
            + self._second[value >> 8 & _BYTE]
            + self._third[value >> 16 & _BYTE]
            + self._fourth[value >> 24 & _BYTE]
        )
        if self._zero and not value & self._zero_mask:
            return self._zero if self._zero_alone else self._zero + words
        return words[self._before_first :] or None


class _Byte(dict[int, str]):
    """By eight of the bits, their words, a separator before each."""

    def __init__(self, bits: Mapping[str, int], shift: int, separator: str) -> None:
        super().__init__()
        self._words = sorted((bit >> shift, separator + word) for word, bit in bits.items())

    def __missing__(self, value: int) -> str:
        """Join them."""
        words = self[value] = "".join(word for bit, word in self._words if value & bit)
        return words


class Choices(NamedTuple):
    """Numbers with names.

    Attributes:
        words: by number.
        mask: the bits that choose; the others say something else.
        unknown: what libauparse says of another number, a pattern; empty where it prints the number.
    """

    words: Mapping[int, str]
    mask: int
    unknown: str

    def text(self, value: int) -> Optional[str]:
        """Return the number's word, None if it has none."""
        return self.words.get(value & self.mask)

    def unknown_text(self, raw: str, base: int) -> Optional[str]:
        """Return what libauparse says of a number without a word, None if it says the number.

        Args:
            raw: the number as the record has it.
            base: of the number: 8, 10 or 16.
        """
        text = self.unknown
        if "%d" in text:
            value = int(raw, base) & _REGISTER
            text = text.replace("%d", str(value - 2 * _SIGN if value & _SIGN else value))
        elif "%x" in text:
            text = text.replace("%x", f"0x{raw}" if base == _HEXADECIMAL else raw)
        return text.replace("%s", raw) or None


@cache
def flags(name: str) -> Flags:
    """Return a table of flags.

    Raises:
        KeyError: there is no such table.
    """
    table = document()["flags"][name]
    return Flags(
        table["bits"],
        zero=table.get("zero", ""),
        zero_mask=table.get("zero_mask", 0),
        zero_alone=table.get("zero_alone", False),
        separator=table.get("separator", "|"),
    )


@cache
def choices(name: str) -> Choices:
    """Return a table of choices.

    Raises:
        KeyError: there is no such table.
    """
    table = document()["choices"][name]
    words = {number: word for word, number in table["values"].items()}
    return Choices(words, table.get("mask", _REGISTER), table.get("unknown") or "")


@lru_cache(maxsize=4096)
def flag_words(name: str, value: int) -> Optional[str]:
    """Return the words of a value's bits, None if it has none."""
    return flags(name).text(value)


@lru_cache(maxsize=4096)
def choice_word(name: str, value: int) -> Optional[str]:
    """Return a value's word, None if it has none."""
    return choices(name).text(value)


@cache
def words_of(name: str) -> Callable[[int], Optional[str]]:
    """Return what gives the words of a table's values, of flags or of choices, and remembers none of them.

    Raises:
        KeyError: there is no such table.
    """
    return flags(name).text if name in document()["flags"] else choices(name).text


def personality_words(value: int) -> Optional[str]:
    """Return the words of an execution domain and its flags; None if the domain has none."""
    words = choice_word("personalities", value), flag_words("personality-flags", value)
    return "|".join(word for word in words if word) if words[0] else None


@cache
def document() -> Mapping[str, Any]:
    """Return the tables of words as they are stored."""
    return cast("Mapping[str, Any]", load("words"))
