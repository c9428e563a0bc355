"""A log that is still being written: what is in it, then what comes, through its rotations (as tail -F)."""

from __future__ import annotations

import os
import stat
from collections import deque
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.sources.file import OPENING, FileSource
from mig_audit.modules.audit.sources.rotation import older

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.errors import DamagedInputError
    from mig_audit.modules.audit.sources.interface import Patience

_POLL = 0.25  # seconds between looks at a log that does not grow
_START = 256  # bytes that tell one log from another, as they hold a record's stamp


class FollowedFile:
    """See `mig_audit.modules.audit.sources.interface.Source`.

    A log that was rotated away is read to its end, then those that were rotated away since, then the new one. It is
    told by its inode. One that was emptied in place (logrotate's copytruncate) is told by how it begins: the rest of it
    is read from its copy, if that is there, and then the log from its start.
    """

    def __init__(self, descriptor: int, name: str, patience: Patience) -> None:
        """Begin with a descriptor, and go on with what has its name later."""
        self.name = name
        self.troubles: list[DamagedInputError] = []
        self._patience = patience
        self._next: deque[int] = deque([descriptor])
        self._start = b""  # how the log at hand begins
        self._left = False  # its writer has gone to the next one

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines until it is over; see the interface."""
        while not self._patience.over:
            if not self._next:
                # Whoever rotates has not made the new one yet.
                self._patience.wait(None, _POLL)
                self._open_new()
                continue
            descriptor = self._next.popleft()
            self._start, self._left = os.pread(descriptor, _START, 0), False
            source = FileSource(descriptor, self.name, self._patience, self._goes_on)
            yield from source.blocks()
            self.troubles += source.troubles
        for descriptor in self._next:
            os.close(descriptor)

    def _goes_on(self, descriptor: int) -> bool:
        """Say, at the end of a log, whether more can come; wait for it."""
        if self._left:
            return False
        if len(self._next) < 2:  # noqa: PLR2004  # else it is long gone, and others wait
            self._patience.wait(None, _POLL)
        if not self._next:
            if self._was_emptied(descriptor):
                return self._to_copy(descriptor)
            if self._rotated(descriptor):
                self._queue_since(descriptor)
        # It is read once more even then: what was written to it last may have come after the look at its end.
        self._left = bool(self._next) and self._moved_on(self._next[0])
        return True

    def _was_emptied(self, descriptor: int) -> bool:
        """Say whether what was read of a log is not in it any more, though it may be as long again."""
        start = os.pread(descriptor, _START, 0)
        emptied = _position(descriptor) > os.fstat(descriptor).st_size or not start.startswith(self._start)
        self._start = self._start if emptied else start
        return emptied

    def _to_copy(self, descriptor: int) -> bool:
        """Let the descriptor be the copy's, where what was read ends in it; say whether there is one."""
        self._open_new()
        for path in older(self.name)[:1]:
            copy = _try_open(path)
            if copy is None:
                continue
            self._left = bool(self._start) and os.pread(copy, _START, 0).startswith(self._start)
            if self._left:
                os.lseek(copy, _position(descriptor), os.SEEK_SET)
                os.dup2(copy, descriptor, inheritable=False)
            os.close(copy)
        return self._left

    def _rotated(self, descriptor: int) -> bool:
        try:
            return _identity(os.fstat(descriptor)) != _identity(os.stat(self.name))  # noqa: PTH116  # as it was named
        except OSError:
            return False

    def _moved_on(self, following: int) -> bool:
        """Say whether a writer that was late to notice the rotation has noticed: the next log has something."""
        return len(self._next) > 1 or os.fstat(following).st_size > 0 or self._rotated(following)

    def _queue_since(self, descriptor: int) -> None:
        """Open what came after a log, the oldest first."""
        identity = _identity(os.fstat(descriptor))
        since: list[int] = []
        for path in older(self.name):
            opened = _try_open(path)
            if opened is None:
                continue
            if _identity(os.fstat(opened)) == identity:
                os.close(opened)
                break
            since.insert(0, opened)
        else:
            # It is gone, so nobody knows which of them came before it.
            for opened in since:
                os.close(opened)
            since = []
        self._next += since
        self._open_new()

    def _open_new(self) -> None:
        opened = _try_open(self.name)
        if opened is not None:
            self._next.append(opened)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _position(descriptor: int) -> int:
    return os.lseek(descriptor, 0, os.SEEK_CUR)


def _try_open(path: str) -> Optional[int]:
    try:
        descriptor = os.open(path, OPENING)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None
