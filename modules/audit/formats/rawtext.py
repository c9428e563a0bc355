"""Records as go-audit and its kin hand them on: the type's number, the text, and the users that the text names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mig_audit.modules.audit.formats.jsontext import to_ascii_json
from mig_audit.modules.audit.tables import record_type_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events import Event, Names
    from mig_audit.modules.audit.records import Record

UNKNOWN_USER = "UNKNOWN_USER"

_USER = re.compile(rb"uid=([0-9]{1,10})(?![^ '])")
# What these hold is chosen by whoever is watched, and names no user.
_WITHOUT_USERS = frozenset({"EXECVE", "CWD", "SOCKADDR", "PROCTITLE", "EOE"})


def raw_text(record: Record) -> str:
    r"""Return the fields as they were received; bytes that are no UTF-8 as ``\xNN``."""
    return record.body.decode("utf-8", "backslashreplace")


def type_number(record: Record) -> int:
    """Return the type's number, 0 for a name that has none here."""
    return record_type_number(record.type) or 0


def user_map(event: Event, names: Names) -> dict[str, str]:
    """Return the name of every user id in the records; `UNKNOWN_USER` where there is none.

    What the log itself calls a user goes before what ``names`` knows.
    """
    known = {
        str(identity.number): identity.name for identity in event.identities if identity and identity.name
    }
    numbers = {
        number.decode("ascii")
        for record in event.records
        if record.type not in _WITHOUT_USERS
        for number in _USER.findall(record.body)
    }
    return {
        number: known.get(number) or names.user(int(number)) or UNKNOWN_USER for number in sorted(numbers)
    }


def message_group(event: Event, names: Names, **more: str) -> Iterator[bytes]:
    """Give go-audit's message group, as JSON in parts; the record that only ends an event is no message.

    ``more`` is what the group has besides, at its end.
    """
    head = {"sequence": event.serial, "timestamp": f"{event.seconds}.{event.milliseconds:03}"}
    yield to_ascii_json(head)[:-1] + b',"messages":['
    between = b""
    for record in event.records:
        if record.type != "EOE":
            yield between + to_ascii_json({"type": type_number(record), "data": raw_text(record)})
            between = b","
    yield b"]," + to_ascii_json({"uid_map": user_map(event, names), **more})[1:]
