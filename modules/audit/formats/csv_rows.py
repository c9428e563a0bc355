"""Rows of comma-separated values (RFC 4180), with a header, for spreadsheets and data tools.

A value that a spreadsheet would take for a formula gets an apostrophe before it, and so does a value that begins with
one: taking one leading apostrophe away gives the value back. Numbers stay as they are, negative ones too.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Callable, Optional, Union

from mig_audit.modules.audit.formats.actors import command
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.formats.techniques import find_techniques
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events import Event, Identity, Origin

Value = Union[str, int, None]

_NUMBER = re.compile(r"-?[0-9]{1,20}")
# OWASP, CSV injection; the last four are their wide forms, which some spreadsheets read as the same.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_QUOTED = re.compile(r'[",\r\n]|^ | $')


class CsvFormat:
    """Encodes events as rows of one table.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "csv"
    media_type = "text/csv; charset=utf-8; header=absent"

    def __init__(self, origin: Origin) -> None:
        self._hostname = printable(os.fsencode(origin.hostname))

    @property
    def header(self) -> bytes:
        """Return the line of column names."""
        return ",".join(("timestamp", "host", *_COLUMNS)).encode("ascii")

    def encode(self, event: Event) -> bytes:
        """Return one row in UTF-8."""
        values = (event.timestamp, event.node or self._hostname, *[find(event) for find in _COLUMNS.values()])
        return ",".join([_cell(value) for value in values]).encode("utf-8")


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    if value.startswith("'") or (value.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(value)):
        value = f"'{value}"
    return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value


def _number(identity: Optional[Identity]) -> Optional[int]:
    return identity.number if identity else None


def _name(identity: Optional[Identity]) -> Optional[str]:
    return identity.name if identity else None


def _success(event: Event) -> Optional[str]:
    return None if event.success is None else "yes" if event.success else "no"


def _path(event: Event) -> Optional[str]:
    subject = event.subject
    return subject and (subject.path or subject.name)


def _terms(event: Event) -> str:
    return " ".join(technique.id for technique in find_techniques(event.keys))


_COLUMNS: Mapping[str, Callable[[Event], Value]] = {
    "serial": lambda event: event.serial,
    "category": lambda event: event.category,
    "summary": summarise,
    "success": _success,
    "exit": lambda event: event.syscall and event.syscall.exit,
    "errno": lambda event: event.syscall and event.syscall.errno,
    "keys": lambda event: " ".join(event.keys),
    "techniques": _terms,
    "auid": lambda event: _number(event.identities.auid),
    "login_user": lambda event: _name(event.identities.auid),
    "uid": lambda event: _number(event.identities.uid),
    "user": lambda event: _name(event.identities.uid),
    "euid": lambda event: _number(event.identities.euid),
    "effective_user": lambda event: _name(event.identities.euid),
    "gid": lambda event: _number(event.identities.gid),
    "group": lambda event: _name(event.identities.gid),
    "session": lambda event: event.process.session,
    "tty": lambda event: event.process.tty,
    "pid": lambda event: event.process.pid,
    "ppid": lambda event: event.process.ppid,
    "comm": lambda event: event.process.comm,
    "exe": lambda event: event.process.exe,
    "command": command,
    "cwd": lambda event: event.process.cwd,
    "path": _path,
    "address": lambda event: event.address and event.address.text,
    "account": lambda event: event.message and event.message.acct,
    "remote": lambda event: event.message and (event.message.addr or event.message.hostname),
    "syscall": lambda event: event.syscall and (event.syscall.name or event.syscall.number),
    "arch": lambda event: event.syscall and (event.syscall.arch_name or event.syscall.arch),
    "types": lambda event: " ".join(event.types),
    "incomplete": lambda event: " ".join(event.gaps),
}
