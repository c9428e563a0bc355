"""What is in a spool, as `mig_audit.modules.audit.sinks.spool` wrote it: nothing else is to be sent as events."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

from mig_audit.errors import RecordError, UsageError, describe_errno
from mig_audit.modules.audit.formats import is_json
from mig_audit.modules.audit.records import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mig_audit.modules.audit.formats import Format

LONGEST = 64 << 20
"""Bytes that an event may have."""

_CONTROLS = bytes([*range(0x20), 0x7F])
_REMEDY = "name a spool that a result names, and the parameters of its run"


def spooled(spool: Path, form: Format) -> Iterator[bytes]:
    """Yield the events of a spool, each of which is one line of the format; what they say of the host is not looked at.

    Raises:
        UsageError: it cannot be read, or is no spool of that format.
    """
    number, line = 0, b"\n"
    try:
        with open(spool, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UsageError(f"{spool} is not a file", _REMEDY)
            for number, line in enumerate(iter(lambda: file.readline(LONGEST + 2), b""), 1):
                event = line[:-1] if line.endswith(b"\n") else line
                why = _why_not(event, form)
                if why:
                    raise UsageError(
                        f"{spool} is no spool of {form.name} events: line {number} {why}", _REMEDY
                    )
                yield event
    except OSError as error:
        raise UsageError(f"{spool} cannot be read: {describe_errno(error.errno or 0)}", _REMEDY) from error
    if not number:
        raise UsageError(f"{spool} is no spool: it is empty", _REMEDY)
    if not line.endswith(b"\n"):
        raise UsageError(
            f"{spool} is torn: line {number} has no end",
            "remove that line; the raw log has what it was made of",
        )


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; the opening of a pipe would wait for its writer."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _why_not(event: bytes, form: Format) -> str:
    """Return why that cannot be one event of the format; nothing if it can."""
    if len(event) > LONGEST:
        return f"has more than {LONGEST} bytes"
    if is_json(form):
        return "" if _is_object(event) else "is no JSON object"
    return _why_no_text(event, "utf-8" if "charset=utf-8" in form.media_type else "")


def _why_no_text(event: bytes, charset: str) -> str:
    if not event:
        return "is empty"
    if _is_record(event):
        return "is a record of a raw log"
    if not charset:
        return "has a NUL" if b"\0" in event else ""
    try:
        event.decode(charset)
    except UnicodeDecodeError:
        return "is no UTF-8"
    return "has control characters" if len(event.translate(None, _CONTROLS)) < len(event) else ""


def _is_object(event: bytes) -> bool:
    try:
        return isinstance(json.loads(event), dict)
    except (ValueError, RecursionError):
        return False


def _is_record(event: bytes) -> bool:
    try:
        parse_line(event)
    except RecordError:
        return False
    return True
