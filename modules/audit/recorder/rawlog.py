"""The raw log: auditd's line format, private, append-only, bounded; and the queue of all that follows."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import NO_DESCRIPTORS, NotPermittedError, RawLogError, UsageError, describe_errno
from mig_audit.modules.audit.folders import refuse_planted, refuse_shared
from mig_audit.modules.audit.recorder.unwritten import Leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIVATE_DIRECTORY = 0o700
_PRIVATE_FILE = 0o600


def create(path: Path) -> int:
    """Create the raw log and return its descriptor, open for reading and appending.

    The file must not exist, symbolic links are not followed, and the folder must not be one in which others can
    exchange the file: evidence is neither overwritten nor left where it can be.

    Raises:
        UsageError: the path is not usable.
        NotPermittedError: the file system does not let us.
    """
    try:
        refuse_planted(path.parent, "the raw log's folder")
        for missing in reversed([each for each in path.parents if not each.is_dir()]):
            missing.mkdir(mode=_PRIVATE_DIRECTORY, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            refuse_shared(path.parent, os.fstat(folder), "the raw log's folder")
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.open(path.name, flags, _PRIVATE_FILE, dir_fd=folder)
        finally:
            os.close(folder)
    except FileExistsError as error:
        if not path.parent.is_dir():
            raise UsageError(f"the raw log's folder {path.parent} is a file", "name a folder") from error
        raise UsageError(
            f"the raw log {path} exists already",
            "evidence is not overwritten: name another file or move that one",
        ) from error
    except PermissionError as error:
        raise NotPermittedError(
            f"the raw log {path} cannot be created: {error.strerror}", "run as root"
        ) from error
    except OSError as error:
        if error.errno in NO_DESCRIPTORS:
            raise
        raise UsageError(
            f"the raw log {path} cannot be created: {describe_errno(error.errno or 0)}",
            "name a folder on a writable file system in raw_log",
        ) from error


@contextmanager
def created(path: Path) -> Iterator[int]:
    """Create the raw log for the time of a ``with`` block; if that fails before the first record, leave no file."""
    descriptor = create(path)
    try:
        yield descriptor
        os.fsync(descriptor)
    except BaseException:
        if not os.fstat(descriptor).st_size:
            path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


class RawLogWriter:
    """Appends whole records, and never lets the file exceed its bound.

    ``size`` is the bytes written, ``written`` counts records, ``left`` has what was not written; ``failure`` says why
    writing ended.
    """

    def __init__(
        self,
        descriptor: int,
        max_size: int,
        write: Callable[[int, bytes], int] = os.write,
        canaries: Callable[[bytes], int] = lambda _lines: 0,
    ) -> None:
        """Write to an empty file; ``write`` is os.write but in tests, ``canaries`` counts the run's own in lines."""
        self._descriptor = descriptor
        self._max_size = max_size
        self._write = write
        self.size = 0
        self.written = 0
        self.left = Leftovers(canaries)
        self.failure: Optional[RawLogError] = None

    def free(self) -> int:
        """Return how many bytes are left on the file system of the file, for those who are not root."""
        system = os.fstatvfs(self._descriptor)
        return system.f_bavail * system.f_frsize

    def append(self, data: bytes, records: int) -> bool:
        """Append that many lines, each ending in a newline; return False once no more will fit."""
        if self.failure is not None:
            self.left.add(data, records)
            return False
        room, before = self._max_size - self.size, self.size
        kept = self._append(data if len(data) <= room else self._cut(data, room))
        self.written += kept
        if kept < records:
            self.left.add(data[self.size - before :], records - kept)
        return kept == records

    def _cut(self, data: bytes, room: int) -> bytes:
        """Return the whole lines that there is room for."""
        self.failure = RawLogError(
            f"the raw log reached its bound of {self._max_size} bytes",
            "raise raw_log.max_size or record less",
        )
        return data[: data.rfind(b"\n", 0, room) + 1]

    def _append(self, data: bytes) -> int:
        """Write whole lines; return how many of them are in the file now."""
        done = 0
        try:
            while done < len(data):
                done += self._write(self._descriptor, data[done:])
        except OSError as error:
            # No torn record stays.
            data = data[: data.rfind(b"\n", 0, done) + 1]
            os.ftruncate(self._descriptor, self.size + len(data))
            self.failure = RawLogError(
                f"the raw log could not be written: {describe_errno(error.errno or errno.EIO)}",
                "free space on its file system, or name another folder in raw_log",
            )
        self.size += len(data)
        return data.count(b"\n")
