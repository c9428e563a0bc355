"""The argument vector of a program, put together from its EXECVE records.

The kernel (``audit_log_execve_info``) writes ``argc=3 a0="x" a1=6120 a2="y"``, spread over several records when it
is long; only the first has ``argc``. An argument that does not fit is cut: ``a1_len=15200 a1[0]=... a1[1]=...``, where
the length counts the characters as written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.records import Absent, decode, parse_fields, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mig_audit.modules.audit.records.fields import Pairs

# More arguments than this count as missing: they are in the raw log, and no reader of an event looks at them.
MAX_ARGUMENTS = 65_536
# And more text than this: with the usual limit of 8 MiB for stacks a program gets no more (man 2 execve), while the
# kernel lets 6 MiB through, of which one command could make an event of 50.
MAX_TEXT = 2_097_152
_ARGUMENT = compile_late(r"a([0-9]{1,10})(?:\[([0-9]{1,10})\]|(_len))?")
_COUNT_DIGITS = 10


class Arguments(NamedTuple):
    """An argument vector, as far as it is known.

    Attributes:
        argv: the arguments in order, as printable text; one None for each run of missing ones.
        argc: how many there were, as the kernel says; None when its record is missing or its number is nonsense.
        missing: the indexes of missing arguments, as inclusive ranges.
        torn: the indexes of arguments of which a piece is missing.
    """

    argv: tuple[Optional[str], ...]
    argc: Optional[int]
    missing: tuple[tuple[int, int], ...]
    torn: tuple[int, ...]

    @property
    def complete(self) -> bool:
        """Say whether every argument is there, whole."""
        return not self.missing and not self.torn


class _Pieces:
    """One argument that was cut."""

    def __init__(self) -> None:
        self.length: Optional[int] = None
        self.pieces: dict[int, bytes] = {}

    def join(self) -> tuple[bytes, bool]:
        """Return the argument, and whether it is whole."""
        pieces = [self.pieces[index] for index in sorted(self.pieces)]
        written = sum(len(piece) - 2 if piece.startswith(b'"') else len(piece) for piece in pieces)
        dense = len(pieces) == max(self.pieces, default=-1) + 1
        return b"".join(map(_argument, pieces)), dense and self.length == written


def parse_arguments(bodies: Iterable[bytes]) -> tuple[Arguments, Pairs]:
    """Return the arguments of these EXECVE records' bodies, and the fields that are not part of any.

    Work and memory follow the size of the records, not the numbers in them.
    """
    whole: dict[int, bytes] = {}
    cut: dict[int, _Pieces] = {}
    argc: Optional[int] = None
    seen = 0
    rest: Pairs = []
    for body in bodies:
        for name, raw in parse_fields(body):
            argument = _ARGUMENT.fullmatch(name)
            if argument is None:
                if name == "argc" and argc is None and _count(raw) is not None:
                    argc = _count(raw)
                else:
                    rest.append((name, raw))
                continue
            index, piece, length = int(argument[1]), argument[2], argument[3]
            seen = max(seen, index + 1)
            if index >= MAX_ARGUMENTS:
                continue
            if length:
                cut.setdefault(index, _Pieces()).length = _count(raw)
            elif piece:
                cut.setdefault(index, _Pieces()).pieces.setdefault(int(piece), raw)
            else:
                whole.setdefault(index, _argument(raw))
    return _assemble(whole, cut, argc, max(seen, argc or 0)), rest


def _assemble(whole: dict[int, bytes], cut: dict[int, _Pieces], argc: Optional[int], total: int) -> Arguments:
    torn = []
    for index, pieces in cut.items():
        if pieces.pieces:
            joined, complete = pieces.join()
            whole.setdefault(index, joined)
            if not complete:
                torn.append(index)
    argv: list[Optional[str]] = []
    missing: list[tuple[int, int]] = []
    expected = size = 0
    for index in sorted(whole):
        text = printable(whole[index])
        size += len(text)
        if size > MAX_TEXT:
            break
        if index > expected:
            argv.append(None)
            missing.append((expected, index - 1))
        argv.append(text)
        expected = index + 1
    if total > expected:
        argv.append(None)
        missing.append((expected, total - 1))
    return Arguments(tuple(argv), argc, tuple(missing), tuple(sorted(torn)))


def _argument(raw: bytes) -> bytes:
    """Decode one argument, or piece of one; the kernel writes no markers here, so ``?`` is a question mark."""
    value = decode(raw)
    return value.value.encode("ascii") if isinstance(value, Absent) else value


def _count(raw: bytes) -> Optional[int]:
    return int(raw) if raw.isdigit() and len(raw) <= _COUNT_DIGITS else None
