"""A log that is still being written: what is in it, then what comes, through its rotations (as tail -F)."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.sources.file import OPENING, FileSource
from mig_audit.modules.audit.sources.rotation import older

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.errors import DamagedInputError
    from mig_audit.modules.audit.sources.interface import Patience

_POLL = 0.25  # seconds between looks at a log that does not grow
_FAREWELL = 2  # ends that are seen of a log that was rotated away: its writer may have been late to notice


class FollowedFile:
    """See `mig_audit.modules.audit.sources.interface.Source`.

    A log that was rotated away is read to its end, then those that were rotated away since, then the new one. It is
    told by its inode, and one that became shorter is read again from its start.
    """

    def __init__(self, descriptor: int, name: str, patience: Patience) -> None:
        """Begin with a descriptor, and go on with what has its name later."""
        self.name = name
        self.troubles: list[DamagedInputError] = []
        self._patience = patience
        self._next: deque[int] = deque([descriptor])
        self._ends = 0

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines until it is over; see the interface."""
        while not self._patience.over:
            if not self._next:
                # Whoever rotates has not made the new one yet.
                self._patience.wait(None, _POLL)
                self._open_new()
                continue
            self._ends = 0
            source = FileSource(self._next.popleft(), self.name, self._patience, self._goes_on)
            yield from source.blocks()
            self.troubles += source.troubles
        for descriptor in self._next:
            os.close(descriptor)

    def _goes_on(self, descriptor: int) -> bool:
        """Say, at the end of a log, whether more can come; wait for it."""
        if self._next and self._ends >= _FAREWELL:
            return False
        if not self._next and self._rotated(descriptor):
            self._queue_since(descriptor)
        if self._next:
            self._ends += 1
        self._patience.wait(None, _POLL)
        return True

    def _rotated(self, descriptor: int) -> bool:
        old = os.fstat(descriptor)
        try:
            new = os.stat(self.name)  # noqa: PTH116  # as it was named
        except OSError:
            return False
        return _identity(old) != _identity(new) or old.st_size < os.lseek(descriptor, 0, os.SEEK_CUR)

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


def _try_open(path: str) -> Optional[int]:
    try:
        return os.open(path, OPENING)
    except OSError:
        return None
