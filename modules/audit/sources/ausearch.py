"""What ausearch(8) prints of a log: each event between lines of its own, and its last record first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.errors import DamagedInputError
from mig_audit.late_patterns import compile_late

if TYPE_CHECKING:
    from collections.abc import Iterator

_DASHES = (b"----\n", b"----\r\n")
_TIME = b"time->"
_BETWEEN = compile_late(rb"\n(?:----\r?(?=\n|\Z)|time->.*)")  # no record begins so
_INTERPRETED = compile_late(rb"(?:----\r?\n)?(?:node=[^ \n]+ )?type=[^ \n]+ msg=audit\([^)\n]*\) : ")
_START = 1024  # bytes, in which its first record begins
_LONGEST = 16 << 20  # bytes; the kernel tells 6 MiB of arguments at the most, each byte by two digits


def refuse_interpreted(text: bytes, name: str) -> None:
    """Refuse what begins as the output of ``ausearch -i``: its words cannot be turned back into what was recorded.

    Raises:
        DamagedInputError: it does; ``name`` is whose text it is.
    """
    if b") : " in text[:_START] and _INTERPRETED.match(text):
        raise DamagedInputError(
            f"{name} has what `ausearch -i` prints, words in place of records, which is not read",
            "take what ausearch prints without -i, or with -r",
        )


class PrintedEvents:
    """The lines of one log in the order of the records: as they are, unless they are what ausearch prints.

    That is told by the first lines. What stands between events there is left out, and counts as no line.
    """

    def __init__(self, name: str, longest: int = _LONGEST) -> None:
        """``name`` is for errors; of an event, more bytes than ``longest`` come in parts."""
        self._name = name
        self._longest = longest
        self._printed: Optional[bool] = None  # not known before there was a line
        # Of the event whose end has not come: lines, with a newline before each.
        self._held: list[bytes] = []
        self._size = 0

    def in_order(self, block: bytes) -> Iterator[bytes]:
        """Take whole lines, or none; yield those that can be read on, and none for none.

        Raises:
            DamagedInputError: they are interpreted.
        """
        if self._printed is None and block:
            refuse_interpreted(block, self._name)
            self._printed = _is_printed(block)
        if not self._printed or not block:
            yield block
            return
        lines, *others = _BETWEEN.split(b"\n" + block[:-1])
        self._hold(lines)
        if others or self._size > self._longest:
            yield from self.rest()
        if others:
            *whole, last = others
            turned = b"".join(map(_turned, whole))
            if turned:
                yield turned
            self._hold(last)

    def rest(self) -> Iterator[bytes]:
        """Yield the lines of the last event."""
        held, self._held, self._size = self._held, [], 0
        while held:
            yield _turned(held.pop())

    def _hold(self, lines: bytes) -> None:
        if lines:
            self._held.append(lines)
            self._size += len(lines)


def _is_printed(block: bytes) -> bool:
    return block.startswith(_DASHES) or any(b"\n" + dashes + _TIME in block for dashes in _DASHES)


def _turned(lines: bytes) -> bytes:
    """Return lines that have a newline before each with the last one first, and a newline after each."""
    return b"\n".join(reversed(lines.split(b"\n")))
