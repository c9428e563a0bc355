"""Changes of names, which reach the open files that they are about when these are looked at next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from mig_audit.modules.audit.files.confidence import PROBABLE, Confidence
from mig_audit.modules.audit.files.open_file import DIRECTORY
from mig_audit.modules.audit.files.rows import DELETED, TMPFILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.files.descriptors import Room
    from mig_audit.modules.audit.files.open_file import Identity, OpenFile

_KEPT = 4096
_SIZE = 1 << 20
# Each use of a file may be that of one more that all changes are about, or that is in so many folders.
_MOST_APPLIED = 512
_DEEP = 64


class Change(NamedTuple):
    """A rename, a removal (no new name), or a name that a file without one was given (no old name).

    Attributes:
        old: the name before.
        new: the name after.
        confidence: how far both are relied on.
        identity: of the file whose name it is.
        kind: of file.
        is_link: it is a further name, the old one stays.
        is_exchange: what had the new name has the old one now; then there is no identity.
    """

    old: Optional[str]
    new: Optional[str]
    confidence: Confidence
    identity: Optional[Identity]
    kind: Optional[str] = None
    is_link: bool = False
    is_exchange: bool = False


class NameChanges:
    """The last changes on a host.

    A file that is looked at after more changes than are kept has a name that is only probable.

    Args:
        room: that names take up.
        kept: how many changes are kept.
        size: how many characters they may have together.
    """

    def __init__(self, room: Room, kept: int = _KEPT, size: int = _SIZE) -> None:
        self._room = room
        self._kept = kept
        self._free = size
        self._changes: dict[int, Change] = {}
        # By name and by file, the number of the last change of it: most open files are about none of them.
        self._last: dict[Union[str, Identity], int] = {}
        self._last_anywhere = self._last_directory = -1
        self.total = 0

    def add(self, change: Change) -> None:
        """Take note of a change."""
        number = self.total
        self.total += 1
        self._changes[number] = change
        for key in _keys(change):
            self._last[key] = number
        if change.kind == DIRECTORY:
            self._last_directory = number
            if change.old is None:
                self._last_anywhere = number
        self._free -= _size(change)
        while len(self._changes) > self._kept or (self._free < 0 and len(self._changes) > 1):
            self._drop(next(iter(self._changes)))

    def _drop(self, number: int) -> None:
        change = self._changes.pop(number)
        self._free += _size(change)
        for key in _keys(change):
            if self._last.get(key) == number:
                del self._last[key]

    def bring_up_to_date(self, file: OpenFile) -> None:
        """Let the file have the name that it has now."""
        first = file.changes
        file.changes = self.total
        if file.path is None or first == self.total:
            return
        oldest = next(iter(self._changes))
        if first < oldest:
            file.path_confidence = min(file.path_confidence, PROBABLE)
            first = oldest
        if not self._touches(file, file.path, first):
            return
        if self.total - first > _MOST_APPLIED:
            file.path_confidence = min(file.path_confidence, PROBABLE)
            first = self.total - _MOST_APPLIED
        for number in range(first, self.total):
            if file.path is not None:
                self._room.used += _apply(self._changes[number], file, file.path)

    def _touches(self, file: OpenFile, path: str, first: int) -> bool:
        """Say whether one of the changes from a number on may be about a file, or a folder that it is in."""
        last = self._last
        if self._last_anywhere >= first or last.get(path, -1) >= first:
            return True
        if file.identity is not None and last.get(file.identity, -1) >= first:
            return True
        if self._last_directory < first:
            return False
        if path.count("/") > _DEEP:
            return True
        end = path.rfind("/")
        while end > 0:
            begin = path.rfind("/", 0, end)
            if last.get(path[:end], -1) >= first or last.get(_inside(path[begin:end]), -1) >= first:
                return True
            end = begin
        return False


def _keys(change: Change) -> Iterator[Union[str, Identity]]:
    if change.old is not None:
        yield change.old
    if change.new is not None:
        yield change.new
    if change.identity is not None:
        yield change.identity
    if change.kind == DIRECTORY and change.old is not None:
        yield _inside(change.old)
        if change.is_exchange and change.new is not None:
            yield _inside(change.new)


def _inside(folder: str) -> str:
    """Return the key of what is in a folder of this last name, by whichever way it was found: no name ends like that."""
    return f"{folder[folder.rfind('/') :]}/"


def _size(change: Change) -> int:
    return len(change.old or "") + len(change.new or "")


def _apply(change: Change, file: OpenFile, path: str) -> int:
    """Let a file with this name have had a change; return how much more its name weighs."""
    old, new = change.old, change.new
    same = file.identity is not None and file.identity == change.identity
    confidence = min(file.path_confidence, change.confidence)
    if change.is_exchange:
        return _exchange(change, file, path)
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
        return _move_folder(old, new, file, path, confidence)
    return 0


def _move_folder(old: Optional[str], new: str, file: OpenFile, path: str, confidence: Confidence) -> int:
    if old is not None and path.startswith(f"{old}/"):
        return file.call(new + path[len(old) :], confidence)
    if old is None or _inside(old) in path:
        # By way of a symbolic link, the folder may be the same.
        file.path_confidence = min(file.path_confidence, PROBABLE)
    return 0


def _exchange(change: Change, file: OpenFile, path: str) -> int:
    for old, new in ((change.old, change.new), (change.new, change.old)):
        if old is not None and new is not None and (path == old or path.startswith(f"{old}/")):
            return file.call(new + path[len(old) :], min(file.path_confidence, change.confidence))
        if old is not None and _inside(old) in path:
            file.path_confidence = min(file.path_confidence, PROBABLE)
    return 0


def _mark_deleted(file: OpenFile) -> None:
    if DELETED not in file.flags:
        file.flags = (*file.flags, DELETED)
