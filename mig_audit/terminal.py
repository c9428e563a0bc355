"""What may be written to whoever reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Say whether a stream is a terminal that shows colours, and nobody asked for none (no-color.org)."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM", "dumb") != "dumb"


def printable(text: str) -> str:
    """Return a line for people in which nothing can end it, reorder it or command a terminal, as in a Python literal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def shown_on(stream: TextIO, line: str) -> str:
    """Return a line of data: printable on a terminal, and as it is for a program or a file."""
    return printable(line) if stream.isatty() else line


def lines_for_people(lines: Iterable[str]) -> str:
    """Return text in which each of these is one printable line."""
    return "".join(f"{printable(line)}\n" for line in lines)
