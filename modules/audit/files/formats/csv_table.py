"""Rows of comma-separated values (RFC 4180), with a header: all that rows have, empty where a row has nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.formats.columns import COLUMNS, values
from mig_audit.modules.audit.formats.csv_rows import cell

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.rows import Row


class CsvTable:
    """Encodes rows.

    Args:
        hostname: of the rows whose records name no node.
    """

    name = "csv"
    header = ",".join(COLUMNS).encode("ascii")

    def __init__(self, hostname: str) -> None:
        self._hostname = hostname

    def encode(self, row: Row) -> bytes:
        """Return one line in UTF-8; several flags have blanks between them."""
        found = [
            " ".join(value) if isinstance(value, list) else value for value in values(row, self._hostname)
        ]
        return ",".join([cell(value) for value in found]).encode("utf-8")
