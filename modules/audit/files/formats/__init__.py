"""The formats of rows: a row becomes bytes, one file per format; one is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mig_audit.modules.audit.files.formats.interface import RowFormat
from mig_audit.registry import Catalogue

if TYPE_CHECKING:
    from typing import Callable

__all__ = ["DEFAULT_FORMAT", "FORMATS", "RowFormat", "make_row_format"]

DEFAULT_FORMAT = "jsonl"
_PACKAGE = "mig_audit.modules.audit.files.formats"
_CATALOGUE = Catalogue(
    "format of rows",
    "mig_audit.row_formats",
    {
        "jsonl": f"{_PACKAGE}.jsonl:JsonLines",
        "csv": f"{_PACKAGE}.csv_table:CsvTable",
        "table": f"{_PACKAGE}.seed_table:SeedTable",
    },
)
FORMATS = tuple(_CATALOGUE.built_in)


def make_row_format(name: str, hostname: str) -> RowFormat:
    """Return a format, for rows of this host where the log names none.

    Raises:
        UsageError: there is none of that name.
    """
    return cast("Callable[[str], RowFormat]", _CATALOGUE.find(name))(hostname)
