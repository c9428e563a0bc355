"""What stands in the way of the folder of runs: as errors, and as a look that changes nothing."""

from __future__ import annotations

import errno
import os
import stat
from typing import Callable, Optional

from mig_audit.errors import MigAuditError, NotPermittedError
from mig_audit.private_folder import folder_error, parent

LOCK = "lock"
_ROOM = 512 << 10  # bytes: the journal of a run that loads every shipped profile has less
_NEW = 2  # files that a run may have to make: the lock and its journal
_WRITE = "write what is to be undone"


def strange(path: str, mode: int) -> NotPermittedError:
    """Return the error of an entry that is no file."""
    return NotPermittedError(f"{path} is {_kind(mode)}, and no file", "see who made it, and remove it")


def obstacle(path: str, statvfs: Callable[[str], os.statvfs_result] = os.statvfs) -> Optional[MigAuditError]:
    """Return why a run could not write its journal in this folder, None if it could: looked at, and nothing changed."""
    place = path if os.path.lexists(path) else parent(path)
    try:
        _refuse(place, statvfs(place), _NEW + 1 if place != path else _missing(path))
    except OSError as error:
        return folder_error(place, error, f"be written, and no run could {_WRITE}")
    except MigAuditError as error:
        return error
    return None


def _missing(path: str) -> int:
    """Return how many files a run would have to make in the folder."""
    lock = f"{path}/{LOCK}"
    try:
        mode = os.lstat(lock).st_mode
    except FileNotFoundError:
        return _NEW
    if not stat.S_ISREG(mode):
        raise strange(lock, mode)
    return _NEW - 1


def _refuse(place: str, room: os.statvfs_result, missing: int) -> None:
    """Raise what so many new files would, or their content; a file system without bounds, such as ramfs, says 0 of 0."""
    if not os.access(place, os.W_OK | os.X_OK):
        # access(2) told why, and Python does not pass it on.
        raise OSError(errno.EROFS if room.f_flag & os.ST_RDONLY else errno.EACCES, "")
    no_inodes = room.f_files and room.f_favail < missing
    no_blocks = room.f_blocks and room.f_bavail * room.f_frsize < _ROOM
    if no_inodes or no_blocks:
        raise OSError(errno.ENOSPC, "")


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
    )
    return next((name for is_one, name in kinds if is_one(mode)), "a device")
