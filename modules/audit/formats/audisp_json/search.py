"""Finding a field as libauparse does: from a place in an event onwards, over the ends of records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.records.auparse import Fields, read_fields, type_number

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.records import Record

_NUMBER = re.compile(rb"[ \t\n\v\f\r]*([+-]?)0*([0-9]*)")
_LONG, _LONG_DIGITS = 2**63, 19
_INT, _HALF = 2**32, 2**31
_KEPT = 64  # records; most events have fewer


class Search:
    """A place in an event: a record and one of its fields, or nowhere.

    It is `find` that moves on: a name that a record lacks is looked for in the records after it, which is how a field
    of another record can be given out as this one's. Records are taken apart when they are first looked at, and few
    are kept so: an event with half a million arguments takes 100 MiB in that form.

    Attributes:
        types: the number of every record's type.
        place: the record that the search is in, None for nowhere.
        arguments: in which record each argument of a program is, where somebody looked.
    """

    __slots__ = (
        "_beyond",
        "_field",
        "_fields",
        "_kept",
        "_record",
        "_records",
        "_replaced",
        "arguments",
        "place",
        "types",
    )

    def __init__(self, records: Sequence[Record], kept: int = _KEPT) -> None:
        """Keep so many records taken apart."""
        self._records = records
        self._fields: dict[int, Fields] = {}
        self._kept = kept
        self._replaced: dict[int, dict[int, bytes]] = {}
        self._record = self._field = 0
        # From the record after which a name was looked for last to the one that has it, there is none with it.
        self._beyond: dict[bytes, tuple[int, int]] = {}
        self.types = [type_number(record.type) for record in records]
        self.place: Optional[Fields] = None
        self.arguments: Optional[array[int]] = None

    @property
    def value(self) -> Optional[bytes]:
        """Return the field's value."""
        return None if self.place is None else self.place.values[self._field]

    @property
    def name(self) -> Optional[bytes]:
        """Return the field's name."""
        return None if self.place is None else self.place.names[self._field]

    @property
    def number(self) -> int:
        """Return the field's value as C's strtol and a cast to int have it; -1 if there is none."""
        return c_int(self.value)

    def fields(self, record: int) -> Fields:
        """Return the fields of one record."""
        fields = self._fields.get(record)
        if fields is None:
            if len(self._fields) >= self._kept:
                del self._fields[next(iter(self._fields))]
            fields = self._fields[record] = read_fields(self._records[record])
            for field, value in self._replaced.get(record, {}).items():
                fields.values[field] = value
        return fields

    def of_type(self, number: int) -> Iterator[Fields]:
        """Give the fields of every record of a type."""
        return (self.fields(record) for record, known in enumerate(self.types) if known == number)

    def after(self, record: int) -> Iterator[tuple[int, Fields]]:
        """Give one record and those after it, each with its fields."""
        return ((number, self.fields(number)) for number in range(record, len(self._records)))

    def go(self, record: int) -> None:
        """Go to the first field of a record."""
        self._record, self._field = record, 0
        self.place = self._fields.get(record) or self.fields(record)

    def go_to_type(self, number: int) -> int:
        """Go to the first record of a type, of which there is one, and return which it is."""
        record = self.types.index(number)
        self.go(record)
        return record

    def find(self, name: bytes) -> Optional[bytes]:
        """Go to the next field of that name and return its value, None if there is none.

        The field where the search stands counts. If that is the last of its record, no other is looked at.
        """
        place = self.place
        if place is None:
            return None
        found = _index(place.names, name, self._field) if self._field else place.first.get(name)
        if found is None:
            if self._field == len(place.names) - 1:
                return None
            return self._find_beyond(name)
        self._field = found
        return place.values[found]

    def replace(self, value: bytes) -> None:
        """Change the field's value: audisp-json deletes characters in libauparse's own memory."""
        if self.place is not None:
            self.place.values[self._field] = value
            self._replaced.setdefault(self._record, {})[self._field] = value

    def _find_beyond(self, name: bytes) -> Optional[bytes]:
        start, record = self._beyond.get(name, (0, 0))
        if not start <= self._record < record:
            record = self._next(name)
            self._beyond[name] = self._record, record
        if record == len(self._records):
            self.place = None
            return None
        fields = self.fields(record)
        found = fields.first[name]
        self._record, self._field, self.place = record, found, fields
        return fields.values[found]

    def _next(self, name: bytes) -> int:
        """Return the next record with a field of that name, which is one in its text; their number if there is none."""
        text = name + b"="
        for record in range(self._record + 1, len(self._records)):
            if text in self._records[record].body and name in self.fields(record).first:
                return record
        return len(self._records)


def _index(names: Sequence[bytes], name: bytes, start: int) -> Optional[int]:
    try:
        return names.index(name, start)
    except ValueError:
        return None


def c_int(value: Optional[bytes]) -> int:
    """Return a text as C's strtol and a cast to int have it: digits at its beginning, 0 without.

    -1 for no text, and for a number that is no long.
    """
    match = None if value is None else _NUMBER.match(value)
    if match is None or len(match[2]) > _LONG_DIGITS:
        return -1
    number = int(match[1] + (match[2] or b"0"))
    if not -_LONG <= number < _LONG:
        return -1
    return (number + _HALF) % _INT - _HALF
