"""One JSON object a line, as the schema ``audit.files.v1`` describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.formats.columns import COLUMNS, values
from mig_audit.modules.audit.formats.jsontext import to_json

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.rows import Row


class JsonLines:
    """Encodes rows as objects, in which what a row does not have is absent.

    Args:
        hostname: of the rows whose records name no node.
    """

    name = "jsonl"
    header = b""

    def __init__(self, hostname: str) -> None:
        self._hostname = hostname

    def encode(self, row: Row) -> bytes:
        """Return one JSON object in UTF-8."""
        found = zip(COLUMNS, values(row, self._hostname))
        return to_json({name: value for name, value in found if value is not None and value != []})
