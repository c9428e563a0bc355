"""Where rows go."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.formats import RowFormat
    from mig_audit.modules.audit.files.rows import Row
    from mig_audit.modules.audit.files.summary import RowCounts
    from mig_audit.modules.audit.files.totals import Totals
    from mig_audit.modules.audit.replay import EventWriter


class RowWriter:
    """Writes rows as lines, and counts them."""

    def __init__(self, form: RowFormat, writer: EventWriter, counts: RowCounts) -> None:
        self._form = form
        self._writer = writer
        self._counts = counts
        if form.header:
            writer.put(form.header)

    def tell(self, row: Row) -> None:
        """Take one row."""
        self._counts.add(row)
        line = self._form.encode(row)
        if line is not None:
            self._writer.put(line)


class RowTotals:
    """Adds rows up instead."""

    def __init__(self, totals: Totals, counts: RowCounts) -> None:
        self._totals = totals
        self._counts = counts

    def tell(self, row: Row) -> None:
        """Take one row."""
        self._counts.add(row)
        self._totals.add(row)
