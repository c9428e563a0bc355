"""Which logs belong together, and which of them is the oldest."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.documents import STDIN, name_of
from mig_audit.errors import DamagedInputError, UsageError
from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.sources.ausearch import refuse_interpreted
from mig_audit.modules.audit.sources.compression import decompressed, decompressor_for, refuse_archive
from mig_audit.modules.audit.sources.file import OPENING, open_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ENDINGS = r"(?:\.(?:gz|xz|bz2|zst))?"
# Of logrotate's dateext, also where it is followed by an hour or by seconds.
_DATE = r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:[-_.T]?[0-9]{2,10})?"
_ROTATED = compile_late(
    rf"(?P<base>.+?)(?:\.(?P<number>[0-9]{{1,6}})|[.-](?P<date>{_DATE}))?{_ENDINGS}", re.DOTALL
)
_LOG = compile_late(rf"[^.].*\.log(?:[.-][0-9]+)*(?:[_T][0-9]+)?{_ENDINGS}")
_STAMP = compile_late(rb"msg=audit\(([0-9]{1,12})\.([0-9]{3}):")
_LOOK = 1 << 16  # bytes in which the first record is looked for
_NEVER = float("inf")

_Age = tuple[int, str]
_NOT_YET: _Age = (1, "")
"""That of a log that was not rotated.

auditd(8) and logrotate(8): NAME.1 is younger than NAME.2, NAME-20261126 than NAME-20261125 (dateext), and NAME is the
youngest.
"""


class Log(NamedTuple):
    """One that was named, and looked at.

    Attributes:
        path: as it was named.
        identity: its device and inode.
        first: the time of its first record, in milliseconds since the epoch; infinity if none is found.
        descriptor: of what cannot be opened once more, such as stdin or a pipe; a file is closed until it is read.
        trouble: why it cannot be read, if that is known already.
    """

    path: str
    identity: tuple[int, int]
    first: float
    descriptor: Optional[int]
    trouble: Optional[DamagedInputError] = None

    @classmethod
    def named(cls, path: str) -> Log:
        """Open a log that somebody named and look at it.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            return cls._looked_at(path)
        except DamagedInputError as error:
            raise UsageError(error.what, error.remedy) from error

    @classmethod
    def found(cls, path: str) -> Log:
        """Do the same for a log that nobody named; one that cannot be read costs no other one."""
        try:
            return cls._looked_at(path)
        except DamagedInputError as error:
            trouble = error
        except UsageError as error:
            trouble = DamagedInputError(error.what, "the other logs were read")
        return cls(path, _identity_of(path), _NEVER, None, trouble)

    @classmethod
    def _looked_at(cls, path: str) -> Log:
        descriptor = open_log(path)
        status = os.fstat(descriptor)
        identity = status.st_dev, status.st_ino
        regular = stat.S_ISREG(status.st_mode)
        kept = None if regular and path != STDIN else descriptor
        try:
            first = _first_time(descriptor, name_of(path)) if regular else _NEVER
        except DamagedInputError:
            kept = None
            raise
        finally:
            if kept is None:
                os.close(descriptor)
        return cls(path, identity, first, kept)

    def opened(self) -> int:
        """Return its descriptor; it may have been rotated since.

        Raises:
            DamagedInputError: it is gone, or cannot be read.
        """
        if self.trouble is not None:
            raise self.trouble
        if self.descriptor is not None:
            return self.descriptor
        reason = "it was removed or replaced"
        for path in self._places():
            try:
                descriptor = os.open(path, OPENING)
            except FileNotFoundError:
                continue
            except OSError as error:
                reason = str(error.strerror)
                continue
            status = os.fstat(descriptor)
            if (status.st_dev, status.st_ino) == self.identity:
                return descriptor
            os.close(descriptor)
        raise DamagedInputError(f"{self.path} could not be read: {reason}", "the other logs were read")

    def _places(self) -> Iterator[str]:
        """Give where it may be now; nearly always it is where it was, and a large folder is not to be read for each."""
        yield self.path
        base, _ = _split(self.path)
        yield base
        yield from older(base)


def logs_in(folder: str) -> list[str]:
    """Return the paths of the logs in a folder: what ends in ``.log``, rotated and compressed or not.

    Raises:
        UsageError: there is none, or the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(entry.path for entry in entries if _LOG.fullmatch(entry.name) and entry.is_file())
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be read: {error.strerror}", "name a readable folder or its logs"
        ) from error
    if not found:
        raise UsageError(
            f"there are no logs in {folder}", "logs end in .log, .log.N, .log.N.gz; or name the files"
        )
    return found


def older(path: str) -> list[str]:
    """Return what a log was rotated to, the youngest first."""
    folder, base = os.path.split(path)
    return rotations(folder).get(base, [])


def rotations(folder: str) -> dict[str, list[str]]:
    """Return what the logs of a folder were rotated to, the youngest first, by their names."""
    try:
        with os.scandir(folder or ".") as entries:
            names = [entry.name for entry in entries]
    except OSError:
        return {}
    rotated: dict[str, list[str]] = {}
    for (base, age), name in sorted([(_split(name), name) for name in names], reverse=True):
        if age != _NOT_YET:
            path = os.path.join(folder, name)  # noqa: PTH118  # as it was named
            rotated.setdefault(base, []).append(path)
    return rotated


def in_order(logs: Sequence[Log]) -> list[Log]:
    """Return logs with the oldest first.

    Those of one name are in the order of their rotation; several names, in that of their first records. What cannot be
    looked into, such as a pipe, stays in the order it was given in, after the others.
    """
    sets: dict[str, list[Log]] = {}
    for log in logs:
        sets.setdefault(_split(log.path)[0], []).append(log)
    ordered = [sorted(members, key=lambda log: _split(log.path)[1]) for members in sets.values()]
    ordered.sort(key=lambda members: next((log.first for log in members if log.first != _NEVER), _NEVER))
    return [log for members in ordered for log in members]


def _split(path: str) -> tuple[str, _Age]:
    """Return the name that a log had at first, and what comes the sooner the older it is."""
    match = _ROTATED.fullmatch(path)
    if match is None:
        return path, _NOT_YET
    if match["date"]:
        return match["base"], (0, match["date"])
    return match["base"], (-int(match["number"]), "") if match["number"] else _NOT_YET


def _identity_of(path: str) -> tuple[int, int]:
    """Return device and inode; where they are not known, what no other path has."""
    try:
        status = os.stat(path)  # noqa: PTH116  # as it was named
    except OSError:
        return -1, hash(path)
    return status.st_dev, status.st_ino


def _first_time(descriptor: int, name: str) -> float:
    text = _beginning(descriptor, name)
    refuse_archive(text, name)
    refuse_interpreted(text, name)
    stamp = _STAMP.search(text)
    return int(stamp[1]) * 1000 + int(stamp[2]) if stamp else _NEVER


def _beginning(descriptor: int, name: str) -> bytes:
    """Return the first bytes of what a file holds, and leave it where it is."""
    try:
        start = os.pread(descriptor, _LOOK, 0)
    except OSError:
        # It is told when it is read.
        return b""
    make = decompressor_for(start, name)
    if make is None:
        return start
    try:
        return next(filter(None, decompressed(iter((start,)), make, name)), b"")
    except DamagedInputError:
        return b""  # likewise
