"""The folder in which the processes of this program find each other: root's alone."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from .errors import AuditUnavailableError, MigAuditError, NotPermittedError, describe_errno

RUN_FOLDER = "/run/mig-audit"
"""On a file system that is empty after a boot."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO})
_REMEDIES = {
    errno.EROFS: "mount a writable {above}",
    errno.ENOSPC: "free space and inodes in {above}",
    errno.EDQUOT: "free space and inodes in {above}",
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "let the host open more files (fs.file-max)",
    errno.EIO: "see what the kernel's log says of the file system of {above}",
}
_OTHERWISE = "run mig-audit as root; what is to be undone is written there before anything is changed"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def open_private(path: str, *, create: bool = True) -> int:
    """Return a descriptor of a folder that nobody else can look into; it is made if it is not there and that is wanted.

    Raises:
        MigAuditError: it cannot be made or opened, is a symbolic link, or others could read or change what is in it.
    """
    try:
        if create:
            with suppress(FileExistsError):
                os.mkdir(path, 0o700)  # noqa: PTH102  # pathlib is not worth its import here
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise folder_error(path, error) from error
    status = os.fstat(folder)
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & _OTHERS:
        os.close(folder)
        raise NotPermittedError(
            f"{path} can be read or changed by other users", "remove it, or make it root's with mode 0700"
        )
    return folder


def folder_error(path: str, error: OSError, to_do: str = "be used", remedy: str = "") -> MigAuditError:
    """Return what it means that something in the folder cannot be used.

    A `NotPermittedError`, or an `AuditUnavailableError` where the host has no room or the disk fails.
    """
    number = error.errno or 0
    kind = AuditUnavailableError if number in _FULL else NotPermittedError
    says = remedy or _REMEDIES.get(number, _OTHERWISE)
    return kind(f"{path} cannot {to_do}: {describe_errno(number)}", says.format(above=parent(path)))


def parent(path: str) -> str:
    """Return the folder above."""
    return os.path.dirname(path) or "."  # noqa: PTH120  # plain strings
