"""One record: what auditd's line format says before the fields, and the fields still as bytes.

The format is auditd's own (``type=NAME msg=audit(SEC.MMM:SERIAL): fields``, optionally after ``node=NAME `` and
before 0x1D and auditd's interpretations), so the same code reads our raw log and that of any other host.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple, Optional

from mig_audit.errors import RecordError
from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.records.decoding import printable
from mig_audit.modules.audit.records.rawline import original
from mig_audit.modules.audit.tables import record_type_name

# The kernel's longest record is 8,644 bytes and auditd adds names; far beyond that it is not a record.
LINE_LIMIT = 65_536
"""Bytes; a longer line is no record."""

SERIAL_LIMIT = 2**32
"""Serials are below it: they have 32 bits."""

SECONDS_LIMIT = 253_402_300_800
"""The year 10000, which no date holds."""

SEPARATOR = b"\x1d"
"""Stands before what auditd added to a record; the last one of a line does, since text that a program logged may have others."""

_EXCERPT = 120

_HEAD = re.compile(
    rb"(?:node=([^ ]{1,255}) )?"
    rb"type=([A-Z][A-Z0-9_]{0,63}(?:\[[0-9]{1,10}\])?) "
    rb"msg=audit\(([0-9]{1,12}\.[0-9]{3}:[0-9]{1,10})\):(?: |$)"
)
_UNKNOWN = compile_late(r"UNKNOWN\[([0-9]{1,10})\]")
_NAMES_LIMIT = 1024
_new_record = tuple.__new__
_names: dict[bytes, str] = {}  # the type names seen so far; bounded, so that a forged log cannot fill memory


class Record(NamedTuple):
    """One record, its fields not yet parsed.

    Attributes:
        type: the record type's name, for instance ``SYSCALL``; a number that has a name by now is named.
        node: the host that auditd's ``node=`` prefix names, else empty.
        seconds: since the epoch, of the event.
        milliseconds: the rest of the event's time.
        serial: the event's number, 32 bits, rolling over.
        stamp: the event's id as written, ``SEC.MMM:SERIAL``; with the node it identifies the event.
        body: the fields, as the kernel or the program wrote them.
        enriched: what auditd added after 0x1D (its own interpretation of numbers), or None.
    """

    type: str
    node: str
    seconds: int
    milliseconds: int
    serial: int
    stamp: bytes
    body: bytes
    enriched: Optional[bytes]


def parse_line(line: bytes, seconds_limit: int = SECONDS_LIMIT) -> Record:
    """Return the record of one line, with or without its newline; its time is before ``seconds_limit``.

    Raises:
        RecordError: the line is not of auditd's format; the caller keeps it aside.
    """
    line = line[:-1] if line.endswith(b"\n") else line
    head = _HEAD.match(line)
    if head is None or len(line) > LINE_LIMIT:
        raise _refusal(line)
    node, name, stamp = head.groups()
    seconds, milliseconds, serial = _numbers(stamp)
    if serial >= SERIAL_LIMIT or seconds >= seconds_limit:
        raise _refusal(line)
    body: bytes = line[head.end() :]
    enriched = None
    if SEPARATOR in body:
        body, _, enriched = body.rpartition(SEPARATOR)
        # Our own raw log has the original there, of a text that could not stand on a line.
        start = head.start(3) - len("audit(")
        text = original(line[start : head.end()] + body, enriched)
        if text is not None:
            body, enriched = text[head.end() - start :], None
    # What Record(...) does, without its Python frame: a quarter of the cost of a line.
    return _new_record(
        Record,
        (
            _names.get(name) or type_name(name),
            printable(node) if node else "",
            seconds,
            milliseconds,
            serial,
            stamp,
            body,
            enriched,
        ),
    )


@lru_cache(maxsize=4096)
def _numbers(stamp: bytes) -> tuple[int, int, int]:
    """Return seconds, milliseconds and serial; the records of one event share them."""
    seconds, _, rest = stamp.partition(b".")
    milliseconds, _, serial = rest.partition(b":")
    return int(seconds), int(milliseconds), int(serial)


def type_name(raw: bytes) -> str:
    """Return the record type that follows ``type=``; a number that has a name by now is named."""
    name = raw.decode("ascii")
    unknown = _UNKNOWN.fullmatch(name)
    if unknown:
        name = record_type_name(int(unknown[1])) or name
    if len(_names) < _NAMES_LIMIT:
        _names[raw] = name
    return name


def _refusal(line: bytes) -> RecordError:
    if not line.strip():
        return RecordError("an empty line", "nothing is lost; the log may have been edited or torn")
    if len(line) > LINE_LIMIT:
        return RecordError(
            f"a line of {len(line)} bytes", f"records end at {LINE_LIMIT} bytes; it is kept aside"
        )
    return RecordError(
        f"not an audit record: {printable(line[:_EXCERPT])}",
        "expected `type=NAME msg=audit(SEC.MMM:SERIAL): ...`, as auditd and the raw log write it",
    )
