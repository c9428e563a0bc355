"""A rule's text as words that remember their columns, so that an error can point at the very character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Word:
    """A piece of a rule's text, escapes resolved.

    ``columns`` has the place of each character in the text, from 1, and of what follows the last one.
    """

    text: str
    columns: tuple[int, ...]

    @property
    def column(self) -> int:
        """The place of the first character."""
        return self.columns[0]

    @property
    def data(self) -> bytes:
        """The bytes that the kernel gets."""
        return self.text.encode("utf-8", "surrogateescape")

    def part(self, start: int, stop: Optional[int] = None) -> Word:
        """Return the characters from ``start`` to before ``stop``, counted from 0."""
        end = len(self.text) if stop is None else stop
        return Word(self.text[start:end], self.columns[start : end + 1])

    def pieces(self, separator: str) -> tuple[Word, ...]:
        """Return what a one-character separator separates, empty pieces too."""
        cuts = [index for index, character in enumerate(self.text) if character == separator]
        return tuple(
            self.part(start, stop)
            for start, stop in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(self.text)])
        )


def split_words(text: str) -> tuple[Word, ...]:
    r"""Return the words of a rule: separated by spaces alone, ``\ `` being a space and ``\\`` a backslash in a word."""
    words: list[Word] = []
    characters: list[str] = []
    columns: list[int] = []
    column = 0
    while column < len(text):
        escaped = text[column] == "\\" and text[column + 1 : column + 2] in {" ", "\\"}
        if text[column] == " ":
            _end(words, characters, columns, column + 1)
        else:
            characters.append(text[column + escaped])
            columns.append(column + 1)
        column += 1 + escaped
    _end(words, characters, columns, column + 1)
    return tuple(words)


def _end(words: list[Word], characters: list[str], columns: list[int], column: int) -> None:
    if characters:
        words.append(Word("".join(characters), (*columns, column)))
    characters.clear()
    columns.clear()
