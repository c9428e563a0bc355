"""Reading the raw log behind the recorder, while it grows."""

from __future__ import annotations

import hashlib
import os
from typing import Optional

_CHUNK = 1 << 16


class Tail:
    """Whole lines as they appear; ``offset`` is how far it has read, in bytes.

    The digest is made on the way, so that the log is read once.
    """

    def __init__(self, descriptor: int) -> None:
        """Start at the beginning of the file."""
        self._descriptor = descriptor
        self._digest = hashlib.sha256()
        self._partial = b""
        self.offset = 0

    def fileno(self) -> int:
        """Return the descriptor it reads."""
        return self._descriptor

    @property
    def size(self) -> int:
        """Return how many bytes the file has by now."""
        return os.fstat(self._descriptor).st_size

    @property
    def torn(self) -> bytes:
        """Return the line that has no end yet; whoever was to write it may be dead, or have cut it off again."""
        return b"" if self.size < self.offset else self._partial

    def block(self) -> bytes:
        """Return the next whole lines, about 64 KiB of them at the most; nothing if there are none yet."""
        chunk = os.pread(self._descriptor, _CHUNK, self.offset)
        self.offset += len(chunk)
        self._digest.update(chunk)
        data = self._partial + chunk
        end = data.rfind(b"\n") + 1
        self._partial = data[end:]
        return data[:end]

    def sha256(self, size: Optional[int] = None) -> str:
        """Return the digest of the file's first ``size`` bytes (default: all it has), reading on as far as needed."""
        size = self.size if size is None else size
        if self.offset > size:
            # A torn end was read before the recorder cut it off.
            self._digest, self.offset, self._partial = hashlib.sha256(), 0, b""
        while self.offset < size:
            chunk = os.pread(self._descriptor, min(_CHUNK, size - self.offset), self.offset)
            if not chunk:
                break
            self._digest.update(chunk)
            self.offset += len(chunk)
        return self._digest.hexdigest()
