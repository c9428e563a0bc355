"""The folder in which the processes of this program find each other: root's alone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from .errors import NotPermittedError

RUN_FOLDER = "/run/mig-audit"
"""On a file system that is empty after a boot."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def open_private(path: str, *, create: bool = True) -> int:
    """Return a descriptor of a folder that nobody else can look into; it is made if it is not there and that is wanted.

    Raises:
        OSError: it cannot be made or opened, or is a symbolic link.
        NotPermittedError: others could read or change what is in it.
    """
    if create:
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)  # noqa: PTH102  # pathlib is not worth its import here
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    status = os.fstat(folder)
    if status.st_uid not in {0, os.geteuid()} or status.st_mode & _OTHERS:
        os.close(folder)
        raise NotPermittedError(
            f"{path} can be read or changed by other users", "remove it, or make it root's with mode 0700"
        )
    return folder
