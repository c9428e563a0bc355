"""The command of an execve: its arguments as libauparse interprets them, put together as audisp-json does."""

from __future__ import annotations

import re
from array import array
from itertools import repeat
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.records.auparse import Fields, unescape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mig_audit.modules.audit.formats.audisp_json.search import Search

EXECVE = 1309
_COMMAND_LIMIT = 2048
_REGISTERS = frozenset({b"a0", b"a1", b"a2", b"a3"})
_ARGUMENT = re.compile(rb"a(0|[1-9][0-9]{0,4})")
_MOST_ARGUMENTS = 100_000  # of five digits
_CONTROLS = re.compile(rb"[\x01-\x1f]")


def read_command(search: Search) -> bytes:
    """Return the command, of at most 2,048 bytes; the search stands at the beginning of an EXECVE record.

    How many arguments there are says the next ``argc``; they begin in the first EXECVE record of the event. One that
    does not fit is left out, while shorter ones after it are not.
    """
    if search.find(b"argc") is None:
        return b""
    count = search.number
    start = search.go_to_type(EXECVE)
    command = b""
    for index, record in _places(search, start, count):
        search.go(record)
        search.find(b"a%d" % index)
        argument = _interpret(search)
        if argument is not None and _COMMAND_LIMIT - len(command) > len(argument):
            command += b" " + argument if command else argument
        if len(command) >= _COMMAND_LIMIT:
            break
    return command


def _places(search: Search, start: int, count: int) -> Iterable[tuple[int, int]]:
    """Return which arguments to look for, each with a record to begin in: those that are there.

    So that a forged count costs nothing. A negative count stands for all of them. In a record without any field the
    library is left standing at the record's type, and each argument is that; when the command is full of it, more make
    no difference.
    """
    fields = search.fields(start)
    if len(fields.names) == 1:
        return zip(range(min(count % 2**32, _COMMAND_LIMIT)), repeat(start))
    if 0 <= count <= len(fields.names) and all(b"a%d" % index in fields.first for index in range(count)):
        return zip(range(count), repeat(start))
    if search.arguments is None:
        search.arguments = _first_places(search, start)
    there = search.arguments if count < 0 else search.arguments[:count]
    return ((index, record) for index, record in enumerate(there) if record >= 0)


def _first_places(search: Search, start: int) -> array[int]:
    """Return for each argument which is the first record that has it, -1 for none."""
    places = array("i", [-1]) * _MOST_ARGUMENTS
    for record, fields in search.after(start):
        for match in map(_ARGUMENT.fullmatch, fields.first):
            if match and places[int(match[1])] < 0:
                places[int(match[1])] = record
    return places


def _interpret(search: Search) -> Optional[bytes]:
    """Return the field where the search stands as libauparse interprets it."""
    place, name, value = search.place, search.name, search.value
    if place is None or name is None or value is None:
        return None
    enriched = _enriched(place, name)
    if enriched is not None:
        return enriched
    if place.type == EXECVE and name[:1] == b"a":
        value = _argument(value)
    elif name in _REGISTERS:
        value = b"0x" + value
    return _CONTROLS.sub(_octal, value)


def _argument(value: bytes) -> bytes:
    if value[:1] == b'"':
        text, closed, _ = value[1:].partition(b'"')
        return text if closed else b" "
    text_or_none = unescape(value[2:] if value[:2] == b"00" else value)
    return value if text_or_none is None else text_or_none


def _octal(match: re.Match[bytes]) -> bytes:
    return b"\\%03o" % match[0][0]


def _enriched(place: Fields, name: bytes) -> Optional[bytes]:
    """Return what auditd appended about a field, which goes before any interpretation."""
    if place.enriched is None:
        return None
    for word in place.enriched.split(b" "):
        known, equals, value = word.partition(b"=")
        if equals and known.lower() == name:
            return None if value.startswith(b"unknown-") else value
    return None
