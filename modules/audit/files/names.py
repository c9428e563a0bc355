"""Changes of names, which reach the open files that they are about when these are looked at next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.files.confidence import PROBABLE, Confidence
from mig_audit.modules.audit.files.open_file import DIRECTORY
from mig_audit.modules.audit.files.rows import DELETED, TMPFILE

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.descriptors import Room
    from mig_audit.modules.audit.files.open_file import Identity, OpenFile

_KEPT = 512


class Change(NamedTuple):
    """A rename, a removal (no new name), or a name that a file without one was given (no old name).

    Attributes:
        old: the name before.
        new: the name after.
        confidence: how far both are relied on.
        identity: of the file whose name it is.
        kind: of file.
        is_link: it is a further name, the old one stays.
    """

    old: Optional[str]
    new: Optional[str]
    confidence: Confidence
    identity: Optional[Identity]
    kind: Optional[str] = None
    is_link: bool = False


class NameChanges:
    """The last changes on a host.

    A file that is looked at after more changes than are kept has a name that is only probable.
    """

    def __init__(self, room: Room, kept: int = _KEPT) -> None:
        self._room = room
        self._kept = kept
        self._changes: list[Change] = []
        self.total = 0

    def add(self, change: Change) -> None:
        """Take note of a change."""
        self._changes.append(change)
        self.total += 1
        if len(self._changes) >= 2 * self._kept:
            del self._changes[: self._kept]

    def bring_up_to_date(self, file: OpenFile) -> None:
        """Let the file have the name that it has now."""
        missed = self.total - file.changes
        file.changes = self.total
        if file.path is None:
            return
        if missed > len(self._changes):
            file.path_confidence = min(file.path_confidence, PROBABLE)
            missed = len(self._changes)
        for change in self._changes[-missed:]:
            if file.path is not None:
                self._room.used += _apply(change, file, file.path)


def _apply(change: Change, file: OpenFile, path: str) -> int:
    """Let a file with this name have had a change; return how much more its name weighs."""
    old, new = change.old, change.new
    same = file.identity is not None and file.identity == change.identity
    confidence = min(file.path_confidence, change.confidence)
    if change.is_link:
        if same and TMPFILE in file.flags:
            file.flags = tuple([flag for flag in file.flags if flag != TMPFILE])
            return file.call(new, confidence)
    elif same and path == old:
        if new is not None:
            return file.call(new, confidence)
        _mark_deleted(file)
    elif same:
        # Another of its names, or the same one by way of a symbolic link.
        file.path_confidence = min(file.path_confidence, PROBABLE)
    elif path == new:
        _mark_deleted(file)
    elif change.kind == DIRECTORY and new is not None:
        if old is None:
            file.path_confidence = min(file.path_confidence, PROBABLE)
        elif path.startswith(f"{old}/"):
            return file.call(new + path[len(old) :], confidence)
    return 0


def _mark_deleted(file: OpenFile) -> None:
    if DELETED not in file.flags:
        file.flags = (*file.flags, DELETED)
