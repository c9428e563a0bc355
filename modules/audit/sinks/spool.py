"""What a sink could not deliver, kept in a file of its own: ready to be sent again, event by event, as it would have been."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import describe_errno
from mig_audit.modules.audit.sinks.interface import SpoolFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_PRIVATE = 0o600


@dataclass(frozen=True)
class SpoolSettings:
    """Where a sink's spool is and what it may take; sizes are in bytes.

    ``path`` must not exist yet. ``floor`` is what must stay free on its file system for those who are not root.
    """

    path: Path
    max_size: int
    floor: int = 0


class Spool:
    """Takes events in order until one does not fit; the file is created with the first one, mode 0600.

    ``events`` is how many it has, ``refusal`` why it took no more; empty if it took all.
    """

    def __init__(self, settings: SpoolSettings) -> None:
        """Create nothing yet."""
        self._settings = settings
        self._descriptor: Optional[int] = None
        self._digest = hashlib.sha256()
        self._size = 0
        self.events = 0
        self.refusal = ""

    def keep(self, events: Sequence[bytes]) -> None:
        """Append events, each as a line, as many as fit: once one does not, none does any more."""
        if self.refusal or not events:
            return
        lines = [event + b"\n" for event in events]
        try:
            room = self._room()
            fitting = sum(1 for end in accumulate(map(len, lines)) if end <= room)
            self._write(lines[:fitting])
        except OSError as error:
            self.refusal = f"it could not be written: {describe_errno(error.errno or 0)}"
            return
        if fitting < len(lines):
            self.refusal = f"it may take no more than {self._settings.max_size} bytes, and leave {self._settings.floor} free"

    def close(self) -> Optional[SpoolFile]:
        """Make it last, and return what there is; None if there was nothing to keep."""
        if self._descriptor is None:
            return None
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self.refusal = self.refusal or f"it may not be on the disk: {describe_errno(error.errno or 0)}"
        os.close(self._descriptor)
        self._descriptor = None
        return SpoolFile(str(self._settings.path), self._size, self._digest.hexdigest())

    def _room(self) -> int:
        """Return how many bytes may be written now."""
        room = self._settings.max_size - self._size
        if not self._settings.floor:
            return room
        system = os.statvfs(self._settings.path.parent)
        return min(room, system.f_bavail * system.f_frsize - self._settings.floor)

    def _write(self, lines: Sequence[bytes]) -> None:
        """Write whole lines, or none of them."""
        if not lines:
            return
        if self._descriptor is None:
            self._descriptor = os.open(self._settings.path, _FLAGS, _PRIVATE)
        data, done = b"".join(lines), 0
        try:
            while done < len(data):
                done += os.write(self._descriptor, data[done:])
        except OSError:
            # No half of an event stays; what is worse is the file system's word to say.
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)
        self._digest.update(data)
        self.events += len(lines)
