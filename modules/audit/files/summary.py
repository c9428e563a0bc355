"""What is said of all rows together, for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.files.confidence import EXACT, PROBABLE, UNKNOWN, WORDS, Confidence
from mig_audit.modules.audit.files.rows import KINDS, LSEEK, PREAD, PWRITE, READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.files.activity import Activity
    from mig_audit.modules.audit.files.rows import Row

POSITIONED = frozenset({READ, WRITE, PREAD, PWRITE, LSEEK})
"""Kinds of rows that have a position in a file that has positions."""


class RowCounts:
    """Counts rows.

    Attributes:
        kinds: rows by kind.
        paths: rows with a name, by confidence.
        starts: rows with a position, by confidence.
    """

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.paths: Counter[Confidence] = Counter()
        self.starts: Counter[Confidence] = Counter()

    def add(self, row: Row) -> None:
        """Count a row."""
        self.kinds[row.kind] += 1
        if row.path_confidence is not None:
            self.paths[row.path_confidence] += 1
        if row.start_confidence is not None and row.kind in POSITIONED:
            self.starts[row.start_confidence] += 1


def summary_lines(counts: RowCounts, activity: Activity) -> Iterator[str]:
    """Give what was found, and how sure it is."""
    kinds = ", ".join(f"{counts.kinds[kind]} {kind}" for kind in KINDS if counts.kinds[kind])
    yield f"rows: {kinds or 'none'}"
    yield f"paths: {_shares(counts.paths)}; positions: {_shares(counts.starts)}"
    outcomes = activity.outcomes
    yield f"events: {', '.join(f'{number} {name}' for name, number in outcomes.items() if number)}"
    found = activity.counts
    for number, what in (
        (activity.gaps, f"gaps, in which {activity.missing} events are missing"),
        (activity.lost, "events were lost by the kernel without a gap: nothing that is followed is exact"),
        (found.rings, "processes use io_uring, which audit does not look into"),
        (found.stale, "descriptors were closed unseen"),
        (found.unseen_ends, "processes ended unseen"),
        (found.forgotten, "processes were forgotten for want of room"),
        (found.forgotten_descriptors, "descriptors were forgotten for want of room"),
    ):
        if number:
            yield f"{number} {what}"


def _shares(counts: Counter[Confidence]) -> str:
    total = sum(counts.values())
    parts: list[str] = []
    for confidence in (EXACT, PROBABLE, UNKNOWN):
        share: Optional[float] = counts[confidence] / total * 100 if total else None
        if share is not None:
            parts.append(f"{share:.1f} % {WORDS[confidence]}")
    return ", ".join(parts) or "none"
