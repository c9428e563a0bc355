"""An open file description: what descriptors of one or more processes lead to, and where in the file they are."""

from __future__ import annotations

from typing import Optional

from mig_audit.modules.audit.files.confidence import PROBABLE, UNKNOWN, Confidence

FILE, DIRECTORY, MEMORY, PIDFD = "file", "directory", "memory", "pidfd"
_KINDS = {
    0o10: FILE,
    0o04: DIRECTORY,
    0o02: "character",
    0o06: "block",
    0o01: "fifo",
    0o14: "socket",
    0o12: "link",
}
_SEEKABLE = frozenset({FILE, MEMORY, "block", None})

_PATH_WEIGHT = 200  # characters of a path that weigh as much as a descriptor

Identity = tuple[str, int]
"""Device, as ``major:minor`` in hex, and inode."""


def kind_of(mode: Optional[str]) -> Optional[str]:
    """Return what kind of file has this mode, in octal as PATH records write it."""
    try:
        return None if mode is None else _KINDS.get(int(mode, 8) >> 12)
    except ValueError:
        return None


class OpenFile:
    """One of them.

    Attributes:
        number: of its own, by which rows of the same description are known.
        path: its name now, None if it is not known.
        path_confidence: how far the name is relied on.
        identity: of the file, None if it is not known.
        kind: of file, None if it is not known.
        append: every write goes to the end.
        elsewhere: somebody may have it who is not followed.
        position: in bytes, None if it is not known.
        position_confidence: how far it is relied on.
        position_tick: when it was known last without anything before it; see `ticks`.
        holders: how many descriptors each table has of it, by the table's number.
        flags: what rows say of it.
        passes: descriptors can be sent through it.
        target: of a pidfd, the process.
        changes: how many changes of names are in its path already.
        weight: what its path adds to the room that is used; see `descriptors.Room`.
    """

    __slots__ = (
        "append",
        "changes",
        "elsewhere",
        "flags",
        "holders",
        "identity",
        "kind",
        "number",
        "passes",
        "path",
        "path_confidence",
        "position",
        "position_confidence",
        "position_tick",
        "target",
        "weight",
    )

    def __init__(self, number: int, kind: Optional[str] = None) -> None:
        """Begin with one of which nothing is known."""
        self.number = number
        self.kind = kind
        self.path: Optional[str] = None
        self.path_confidence = UNKNOWN
        self.identity: Optional[Identity] = None
        self.append = False
        self.elsewhere = False
        self.position: Optional[int] = None
        self.position_confidence = UNKNOWN
        self.position_tick = 0
        self.holders: dict[int, int] = {}
        self.flags: tuple[str, ...] = ()
        self.passes = False
        self.target: Optional[int] = None
        self.changes = 0
        self.weight = 0

    def call(self, path: Optional[str], confidence: Confidence) -> int:
        """Give it a name; return how much more that weighs than the one before."""
        self.path = path
        self.path_confidence = UNKNOWN if path is None else confidence
        before, self.weight = self.weight, len(path or "") // _PATH_WEIGHT
        return self.weight - before

    @property
    def seekable(self) -> bool:
        """Say whether it may have a position."""
        return self.kind in _SEEKABLE

    @property
    def shared(self) -> bool:
        """Say whether several tables have it, as far as that can be known."""
        return len(self.holders) > 1 or self.elsewhere

    def put_at(self, position: Optional[int], confidence: Confidence, tick: int) -> None:
        """Take note of a position that depends on no earlier one."""
        self.position = position
        self.position_confidence = UNKNOWN if position is None else confidence
        self.position_tick = tick

    def doubt_position(self) -> None:
        """Rely less on the position: it may have been moved unseen."""
        self.position_confidence = min(self.position_confidence, PROBABLE)

    def move_to(self, position: Optional[int], confidence: Confidence) -> None:
        """Take note of a position that follows from the one before."""
        self.position = position
        self.position_confidence = UNKNOWN if position is None else confidence
