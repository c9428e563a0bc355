"""How much was read and written, by file, process, program and user, in bounded memory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Callable, NamedTuple

from mig_audit.modules.audit.events.summary import NONE, OTHER
from mig_audit.modules.audit.files.rows import FAIL, OPEN, OPEN_DIR, PREAD, PWRITE, READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mig_audit.modules.audit.files.rows import Row

_DISTINCT = 16_384  # values of a kind that are told apart
_SIZE = 8 << 20  # bytes of values, of all kinds together
_VALUE_LIMIT = 4096
_READS, _WRITES = frozenset({READ, PREAD}), frozenset({WRITE, PWRITE})
_COUNTED = _READS | _WRITES | {OPEN, OPEN_DIR, FAIL}


def _file(row: Row) -> str:
    if row.path is not None:
        return row.path
    return f"inode {row.identity[1]} of {row.identity[0]}" if row.identity is not None else NONE


def _process(row: Row) -> str:
    return f"{row.call.pid} {row.call.who.exe or NONE}"


def _exe(row: Row) -> str:
    return row.call.who.exe or NONE


def _user(row: Row) -> str:
    return row.call.who.user or NONE


KINDS: Mapping[str, Callable[[Row], str]] = {
    "files": _file,
    "processes": _process,
    "exes": _exe,
    "users": _user,
}
"""By what can be added up: each kind gives the value of one row."""

COLUMNS = ("opens", "failures", "reads", "bytes_read", "writes", "bytes_written")


class Total(NamedTuple):
    """What was done to or by one value; bytes are of calls, so that what two processes read is counted twice."""

    value: str
    opens: int
    failures: int
    reads: int
    bytes_read: int
    writes: int
    bytes_written: int


class Totals:
    """Adds rows up; a view of them, in place of the rows.

    Args:
        kinds: names of `KINDS`.
        distinct: how many values of each kind are told apart; further ones are added up together as ``(other)``.
        size: how many bytes all of them may take; beyond it, the same.
    """

    def __init__(self, kinds: Iterable[str], *, distinct: int = _DISTINCT, size: int = _SIZE) -> None:
        self._distinct = distinct
        self._room = size
        self._sums: dict[str, dict[str, list[int]]] = {kind: {} for kind in kinds}

    def add(self, row: Row) -> None:
        """Add a row."""
        if row.kind not in _COUNTED:
            return
        for kind, sums in self._sums.items():
            value = KINDS[kind](row)
            if row.call.node:
                value = f"{row.call.node}: {value}"
            _add(row, self._sum(sums, value[:_VALUE_LIMIT]))

    def _sum(self, sums: dict[str, list[int]], value: str) -> list[int]:
        known = sums.get(value)
        if known is None:
            size = sys.getsizeof(value)
            if len(sums) >= self._distinct or size > self._room:
                return sums.setdefault(OTHER, [0] * len(COLUMNS))
            self._room -= size
            known = sums[value] = [0] * len(COLUMNS)
        return known

    def top(self, limit: int) -> dict[str, list[Total]]:
        """Return those of each kind with the most bytes, then with the most calls, then by value."""
        return {
            kind: sorted((Total(value, *numbers) for value, numbers in sums.items()), key=_rank)[:limit]
            for kind, sums in self._sums.items()
        }


def _add(row: Row, numbers: list[int]) -> None:
    kind, amount = row.kind, row.amount or 0
    if kind in _READS:
        numbers[2] += 1
        numbers[3] += amount
    elif kind in _WRITES:
        numbers[4] += 1
        numbers[5] += amount
    else:
        numbers[1 if kind == FAIL else 0] += 1


def _rank(total: Total) -> tuple[int, int, str]:
    calls = total.opens + total.failures + total.reads + total.writes
    return -(total.bytes_read + total.bytes_written), -calls, total.value


def table(tops: Mapping[str, Sequence[Total]]) -> list[str]:
    """Return the totals as lines: for each kind a heading, then its values."""
    lines: list[str] = []
    for kind, totals in tops.items():
        cells = [
            ((*COLUMNS, kind)),
            *[(*[str(number) for number in total[1:]], total.value) for total in totals],
        ]
        widths = [max(len(row[column]) for row in cells) for column in range(len(COLUMNS))]
        lines += [""] if lines else []
        lines += [
            "  ".join([*[cell.rjust(width) for cell, width in zip(row, widths)], row[-1]]) for row in cells
        ]
    return lines


def documents(tops: Mapping[str, Sequence[Total]]) -> list[dict[str, object]]:
    """Return the totals as objects."""
    return [{"kind": kind, **total._asdict()} for kind, totals in tops.items() for total in totals]
