"""What a format of rows is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Protocol

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.rows import Row


class RowFormat(Protocol):
    """A view of rows as bytes."""

    @property
    def name(self) -> str:
        """Return the word that the command line uses."""

    @property
    def header(self) -> bytes:
        """Return the line before the first row, without its newline; empty if there is none."""

    def encode(self, row: Row) -> Optional[bytes]:
        """Return a row, without a newline at its end or within; None of one that this format does not have."""
