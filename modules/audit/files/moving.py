"""Bytes that went in or out of an open file, and where in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.files.call import Layout
from mig_audit.modules.audit.files.confidence import EXACT, PROBABLE, UNKNOWN, Confidence
from mig_audit.modules.audit.files.hazards import strangers
from mig_audit.modules.audit.files.rows import (
    APPEND,
    APPEND_IGNORES_OFFSET,
    HIGH_HALF,
    IN_MEMORY,
    NAMESPACE,
    PWRITE,
    WRITE,
    Row,
)

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.host import Host
    from mig_audit.modules.audit.files.open_file import OpenFile
    from mig_audit.modules.audit.files.use import Use

_NONE = 2**64 - 1
_HALF = 0xFFFF_FFFF
_NO_DISK = "00:"  # the major number of file systems that have none
_ARGUMENTS = 4


class At(NamedTuple):
    """A position that a call was given, and the flags of its row."""

    start: Optional[int]
    confidence: Confidence
    flags: tuple[str, ...] = ()

    def with_flags(self, *flags: str) -> At:
        """Return it with what makes it only probable."""
        return At(self.start, min(self.confidence, PROBABLE), (*self.flags, *flags))


IN_MEMORY_AT = At(None, UNKNOWN, (IN_MEMORY,))
"""A position that the program has in its memory, which no record shows."""


def offset(call: Call, index: int) -> At:
    """Return the position that an argument of 64 bits is."""
    if call.layout is Layout.WIDE:
        return At(call.args[index], EXACT)
    if call.layout is Layout.OTHER:
        return At(None, UNKNOWN, (HIGH_HALF,))
    low = call.args[index] & _HALF
    if index + 1 < _ARGUMENTS:
        return At((call.args[index + 1] & _HALF) << 32 | low, EXACT)
    # The other half is in a register that records do not have.
    return At(low, PROBABLE, (HIGH_HALF,))


def is_none(call: Call, index: int) -> bool:
    """Say whether a position is -1, which stands for the file's own; of two halves, as far as they are seen."""
    at = offset(call, index)
    return at.start in {_NONE, _HALF if HIGH_HALF in at.flags else _NONE}


def move(use: Use, kind: str, *flags: str) -> Row:
    """Return the row of a transfer at the file's own position, which it moves; flags make that only probable."""
    file, amount = use.file, use.call.returned
    if kind == WRITE and file.append:
        return _append(use, kind, (APPEND,))
    if not file.seekable:
        return use.row(kind, amount=amount)
    hazards = (*flags, *strangers(use.process, file))
    start, confidence = file.position, file.position_confidence
    if confidence is EXACT and (
        hazards or use.process.rings or not use.host.trusts(file.position_tick, use.process)
    ):
        confidence = PROBABLE
    moved = min(confidence, PROBABLE) if _moves_as_it_likes(file) else confidence
    file.move_to(None if start is None else start + amount, moved)
    _learn_size(use.host, file, kind, start, amount)
    return use.row(kind, start, confidence, amount, hazards)


def _moves_as_it_likes(file: OpenFile) -> bool:
    """Say whether a transfer may leave the position as it is: in /proc and the like each file's driver decides."""
    if file.identity is None or not file.identity[0].startswith(_NO_DISK):
        return False
    path = file.path
    return path is None or NAMESPACE in file.flags or "/proc/" in path or "/sys/" in path


def _append(use: Use, kind: str, flags: tuple[str, ...]) -> Row:
    """Return the row of a write that goes to the end, wherever the position was."""
    file, sizes, amount = use.file, use.host.sizes, use.call.returned
    if not file.seekable:
        return use.row(kind, amount=amount, flags=flags)
    start = None if file.identity is None else sizes.get(file.identity)
    end = None if start is None else start + amount
    if file.identity is not None and end is not None:
        sizes.put(file.identity, end)
    if kind == WRITE:
        file.put_at(end, PROBABLE, use.host.tick)
    confidence = UNKNOWN if start is None else PROBABLE
    return use.row(kind, start, confidence, amount, (*flags, *strangers(use.process, file)))


def place(use: Use, kind: str, at: At) -> Row:
    """Return the row of a transfer at a position that the call was given; the file's own stays."""
    if kind == PWRITE and use.file.append:
        return _append(use, kind, (*at.flags, APPEND, APPEND_IGNORES_OFFSET))
    _learn_size(use.host, use.file, kind, at.start, use.call.returned)
    return use.row(kind, at.start, at.confidence, use.call.returned, at.flags)


def _learn_size(host: Host, file: OpenFile, kind: str, start: Optional[int], amount: int) -> None:
    identity = file.identity
    if identity is None or start is None:
        return
    size = host.sizes.get(identity)
    if kind in {WRITE, PWRITE}:
        if size is not None and start + amount > size:
            host.sizes.put(identity, start + amount)
    elif amount == 0 and size is None:
        host.sizes.put(identity, start)  # nothing is left to be read
