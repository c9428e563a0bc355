"""The map of an event's fields that libaudit-go's events have: by name, each with the value of its last record."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Union, cast

from mig_audit.modules.audit.formats.jsontext import quoted, to_ascii_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Fields:
    """The map of an event's fields."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._owners: dict[str, str] = {}

    def add(self, name: str, value: str, label: str) -> None:
        """Add a field of a record with this label."""
        values = self._values
        if name in values and values[name] != value:
            # Kept under a longer name, a further one of the same record after the first.
            longer = f"{self._owners[name]}.{name}"
            self._set(longer, f"{values[longer]} {values[name]}" if longer in values else values[name])
        self._set(name, value)
        self._owners[name] = label

    def _set(self, name: str, value: str) -> None:
        self._values[name] = value

    def parts(self) -> Iterator[bytes]:
        """Give it as JSON in parts, for the last time."""
        yield to_ascii_json(self._values)


class ManyFields(Fields):
    """The same map, whose values are text from the beginning, but for names that are repeated.

    An event can have half a million arguments, which take 100 MiB otherwise.
    """

    def __init__(self, names: Iterable[str], number: int) -> None:
        """``names`` are those of the fields that will be added, about so many."""
        super().__init__()
        self._pieces: list[Union[BytesIO, str]] = [BytesIO()]  # a name stands for its value
        self._repeated = _Repeated(names, number)

    def add(self, name: str, value: str, label: str) -> None:
        """Add a field."""
        # What has a dot may be one of the longer names.
        if "." not in name and name not in self._repeated:
            cast("BytesIO", self._pieces[-1]).write(_entry(name, value))
        else:
            super().add(name, value, label)

    def _set(self, name: str, value: str) -> None:
        if name not in self._values:
            self._pieces += [name, BytesIO()]
        super()._set(name, value)

    def parts(self) -> Iterator[bytes]:
        """Give it, and give up what was given."""
        self._repeated.clear()
        self._pieces.reverse()
        yield b"{"
        comma = 1
        while self._pieces:
            piece = self._pieces.pop()
            text = _entry(piece, self._values[piece]) if isinstance(piece, str) else piece.getvalue()
            yield text[comma:]
            comma = 0 if text else comma
        yield b"}"


class _Repeated:
    """Which of some names are there more than once; a few in a hundred of the others are taken for such ones."""

    def __init__(self, names: Iterable[str], number: int) -> None:
        self._size = 32 << number.bit_length()
        seen, again = bytearray(self._size // 8), bytearray(self._size // 8)
        for name in names:
            place, bit = divmod(hash(name) % self._size, 8)
            again[place] |= seen[place] & (1 << bit)
            seen[place] |= 1 << bit
        self._again = again

    def __contains__(self, name: str) -> bool:
        place, bit = divmod(hash(name) % self._size, 8)
        return bool(self._again[place] >> bit & 1)

    def clear(self) -> None:
        """Forget it, as far as it takes memory."""
        self._again.clear()


def _entry(name: str, value: str) -> bytes:
    return f",{quoted(name)}:{quoted(value)}".encode("ascii")
