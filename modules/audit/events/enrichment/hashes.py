"""SHA-256 of programs, each file read once."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import OrderedDict
from typing import Optional, Union

from mig_audit.modules.audit.events.enrichment.found import CHANGED, GONE
from mig_audit.modules.audit.events.enrichment.model import Gap

DENIED, LARGE = "denied", "large"

_WHAT = "sha256"
_BLOCK = 1 << 20
_Version = tuple[int, int, int, int, int]


class Hashes:
    """Hashes files, and remembers the results by what tells one version of a file from the next.

    Args:
        max_size: bytes; longer files are not read.
        limit: how many results are remembered.
    """

    def __init__(self, *, max_size: int, limit: int = 4096) -> None:
        self._max_size = max_size
        self._limit = limit
        self._known: OrderedDict[_Version, str] = OrderedDict()

    def sha256(self, path: str, inode: Optional[tuple[int, str]]) -> Union[str, Gap]:
        """Return the digest of a program in hex, or why there is none.

        Args:
            path: of the program; best the link in ``/proc``, which leads to it whatever became of its name.
            inode: number and device that the records say it has, ``major:minor`` in hex; another file is not hashed.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        except PermissionError:
            return Gap(_WHAT, DENIED)
        except (OSError, ValueError):
            return Gap(_WHAT, GONE)
        try:
            return self._of_file(descriptor, inode)
        except OSError:
            return Gap(_WHAT, DENIED)
        finally:
            os.close(descriptor)

    def _of_file(self, descriptor: int, inode: Optional[tuple[int, str]]) -> Union[str, Gap]:
        status = os.fstat(descriptor)
        device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
        if not stat.S_ISREG(status.st_mode) or (inode is not None and inode != (status.st_ino, device)):
            return Gap(_WHAT, CHANGED)
        if status.st_size > self._max_size:
            return Gap(_WHAT, LARGE)
        version = _version(status)
        known = self._known.get(version)
        if known is None:
            digest = hashlib.sha256()
            while block := os.read(descriptor, _BLOCK):
                digest.update(block)
            if _version(os.fstat(descriptor)) != version:
                return Gap(_WHAT, CHANGED)
            known = self._known[version] = digest.hexdigest()
            if len(self._known) > self._limit:
                self._known.popitem(last=False)
        return known


def _version(status: os.stat_result) -> _Version:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
