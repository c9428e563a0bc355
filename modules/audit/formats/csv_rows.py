"""Rows of comma-separated values (RFC 4180), with a header, for spreadsheets and data tools.

A value that a spreadsheet would take for a formula gets an apostrophe before it, and so does a value that begins with
one: taking one leading apostrophe away gives the value back. Numbers stay as they are, negative ones too.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mig_audit.modules.audit.formats.flat import COLUMNS
from mig_audit.modules.audit.formats.hosts import host_name

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin
    from mig_audit.modules.audit.formats.flat import Value

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
        self._hostname = host_name(origin)

    @property
    def header(self) -> bytes:
        """Return the line of column names."""
        return ",".join(("timestamp", "host", *COLUMNS)).encode("ascii")

    def encode(self, event: Event) -> bytes:
        """Return one row in UTF-8."""
        values = (event.timestamp, event.node or self._hostname, *[find(event) for find in COLUMNS.values()])
        return ",".join([cell(value) for value in values]).encode("utf-8")


def cell(value: Value) -> str:
    """Return a value as it stands in a row."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    if value.startswith("'") or (value.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(value)):
        value = f"'{value}"
    return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value
