"""The plain table: of each kind of row the few columns that it is about, in their own order, with tabs between them.

It has no process on the rows of CLOSE, DUP and OPEN DIR, and no confidence at all: that is for the other formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional, Union

from mig_audit.modules.audit.files.rows import (
    CLOSE,
    DUP,
    FORK,
    LSEEK,
    OPEN,
    OPEN_DIR,
    PREAD,
    PWRITE,
    READ,
    WRITE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.files.rows import Row

Cell = Union[str, int, None]
_UNKNOWN, _NOT_APPLICABLE = "?", "-"


def _start(row: Row) -> Cell:
    return _NOT_APPLICABLE if row.start_confidence is None else row.start


def _moved(row: Row) -> Sequence[Cell]:
    return row.path, _start(row), row.amount, row.pid


_COLUMNS: Mapping[str, Callable[[Row], Sequence[Cell]]] = {
    **dict.fromkeys((READ, WRITE, PREAD, PWRITE), _moved),
    OPEN_DIR: lambda row: (row.path,),
    OPEN: lambda row: (row.path, row.pid, row.fd),
    CLOSE: lambda row: (row.path,),
    LSEEK: lambda row: (row.pid, row.fd, row.path, _start(row)),
    DUP: lambda row: (row.old, row.new),
    FORK: lambda row: (row.pid, row.child),
}


class SeedTable:
    """Encodes the rows that it has columns for.

    Args:
        _hostname: it has none of that.
    """

    name = "table"
    header = b""

    def __init__(self, _hostname: str) -> None:
        pass

    def encode(self, row: Row) -> Optional[bytes]:
        """Return one line in UTF-8; a question mark stands for what is not known."""
        columns = _COLUMNS.get(row.kind)
        if columns is None:
            return None
        cells = (row.kind, *[_UNKNOWN if cell is None else str(cell) for cell in columns(row)])
        return "\t".join(cells).encode("utf-8")
