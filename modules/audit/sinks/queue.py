"""The queue between the caller and the worker: on disk, so that a slow endpoint costs neither memory nor events."""

from __future__ import annotations

import os
import struct
import tempfile
from collections import deque
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from pathlib import Path

_FRAME = struct.Struct("<dI")  # when the event was put, its length; the event follows
_BLOCK = 1 << 16  # bytes of a write, or at least of a read
_SEGMENT = 1 << 24


class _Segment:
    """One file without a name: frames are appended at ``end`` and read from ``start``."""

    def __init__(self, directory: Path, size: int) -> None:
        # Mode 0600 and close-on-exec; it goes with its last descriptor, even after SIGKILL.
        self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115  # closed by close()
        self._size = size
        self.start = 0
        self.end = 0

    @property
    def full(self) -> bool:
        return self.end >= self._size

    def append(self, block: bytes) -> None:
        """Write all of a block or, as far as any reader can see, none of it."""
        done = 0
        while done < len(block):
            done += os.pwrite(self._file.fileno(), block[done:], self.end + done)
        self.end += done

    def read(self, size: int) -> bytes:
        """Return the next bytes, at least ``size`` of them, without moving on."""
        want = min(max(size, _BLOCK), self.end - self.start)
        block = b""
        while len(block) < want:
            piece = os.pread(self._file.fileno(), want - len(block), self.start + len(block))
            if not piece:
                raise OSError(f"the queue's file lost {want - len(block)} bytes")
            block += piece
        return block

    def empty(self) -> None:
        os.ftruncate(self._file.fileno(), 0)
        self.start = self.end = 0

    def close(self) -> None:
        self._file.close()


class Queue:
    """First in, first out. Not for several threads at once: its owner holds a lock.

    The newest 64 KiB wait in memory and are written in one go; everything older is in unnamed files of mode 0600 in
    ``directory``. A file is given back to the disk as soon as it is read to its end, and a new one is begun when the
    last one holds 16 MiB (or an eighth of what is pending, which bounds their number), so that the disk never holds
    much more than what is pending.

    ``events`` is how many are pending, ``content`` their bytes, with one for each as a separator.
    """

    def __init__(self, directory: Path, segment_size: int = _SEGMENT) -> None:
        """Create the first file; raises OSError if the directory is not usable."""
        self.events = 0
        self.content = 0
        self._directory = directory
        self._segment_size = segment_size
        self._segments = deque([_Segment(directory, segment_size)])
        self._tail: deque[bytes] = deque()  # frames
        self._tail_size = 0
        self._block = b""  # what was read ahead from the first segment: from its ``start`` on, less _at
        self._at = 0

    def put(self, now: float, event: bytes) -> None:
        """Append an event; raises OSError, with nothing changed, if the disk does not take what must go there."""
        frame = _FRAME.pack(now, len(event)) + event
        if self._tail and self._tail_size + len(frame) > _BLOCK:
            self._spill()
        self._tail.append(frame)
        self._tail_size += len(frame)
        self.events += 1
        self.content += len(event) + 1

    def oldest(self) -> Optional[float]:
        """Return when the first pending event was put, None if there is none."""
        return self._first()[0] if self.events else None

    def take(self, events: int, content: int) -> tuple[bytes, ...]:
        """Remove and return the first events: at most so many, of so many bytes with separators, but at least one."""
        taken: list[bytes] = []
        while self.events and len(taken) < events:
            length = self._first()[1]
            content -= length + 1
            if taken and content < 0:
                break
            taken.append(self._pop(_FRAME.size + length)[_FRAME.size :])
            self.events -= 1
            self.content -= length + 1
        return tuple(taken)

    def close(self) -> None:
        """Give everything back; what is pending is gone."""
        for segment in self._segments:
            segment.close()

    def _spill(self) -> None:
        last = self._segments[-1]
        if last.full:
            last = _Segment(self._directory, max(self._segment_size, self.content // 8))
            self._segments.append(last)
        last.append(b"".join(self._tail))
        self._tail.clear()
        self._tail_size = 0

    def _on_disk(self) -> bool:
        """Go to the segment that holds the first pending event; False if that event is still in memory."""
        first = self._segments[0]
        while first.start == first.end and len(self._segments) > 1:
            self._segments.popleft().close()
            first = self._segments[0]
        if first.start < first.end:
            return True
        if first.end:
            first.empty()
        return False

    def _first(self) -> tuple[float, int]:
        """Return when the first pending event was put, and its length."""
        if self._on_disk():
            self._read_ahead(_FRAME.size)
            now, length = _FRAME.unpack_from(self._block, self._at)
        else:
            now, length = _FRAME.unpack_from(self._tail[0])
        return now, length

    def _pop(self, size: int) -> bytes:
        """Remove the first frame, of a known size."""
        if not self._on_disk():
            self._tail_size -= size
            return self._tail.popleft()
        self._read_ahead(size)
        frame = self._block[self._at : self._at + size]
        self._at += size
        self._segments[0].start += size
        return frame

    def _read_ahead(self, size: int) -> None:
        if len(self._block) - self._at < size:
            self._block = self._segments[0].read(size)
            self._at = 0
