"""The runs that have changed this host's audit, in /run/mig-audit: one lock, and one journal for each of them.

Nobody changes the kernel's audit without the lock, and the journal of a run is there as long as something of it is to be
undone. So whoever has the lock and finds a journal knows that its run is dead, and undoes it.
"""

from __future__ import annotations

import fcntl
import math
import os
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import MigAuditError, NotPermittedError, describe_errno
from mig_audit.modules.audit.kernel.journal import Journal, Undertaking, read_journal

if TYPE_CHECKING:
    from typing_extensions import Self

DIRECTORY = "/run/mig-audit"
"""On a file system that is empty after a boot, as the kernel's audit is."""

_SUFFIX = ".journal"
_LOCK = "lock"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PATIENCE = 0.01  # seconds between looks at the lock
_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC


def paths_of(run_id: str) -> tuple[str, str]:
    """Return the paths of the lock, which stays, and of a run's journal."""
    return f"{DIRECTORY}/{_LOCK}", f"{DIRECTORY}/{run_id}{_SUFFIX}"


class Runs:
    """The directory; it is made if it is not there, unless it is only to be looked at."""

    def __init__(
        self, path: str = DIRECTORY, *, create: bool = True, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Open the directory.

        Raises:
            NotPermittedError: it cannot be made or opened, or others could change what is in it.
        """
        self.path = path
        self._sleep = sleep
        self._lock: Optional[int] = None
        try:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(path, 0o700)  # noqa: PTH102  # pathlib is not worth its import here
            self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _SAFE)
        except OSError as error:
            raise NotPermittedError(
                f"{path} cannot be used: {describe_errno(error.errno or 0)}",
                "run mig-audit as root; what is to be undone is written there before anything is changed",
            ) from error
        status = os.fstat(self._folder)
        if status.st_uid not in {0, os.geteuid()} or status.st_mode & _OTHERS:
            self.close()
            raise NotPermittedError(
                f"{path} can be read or changed by other users", "remove it, or make it root's with mode 0700"
            )

    def close(self) -> None:
        """Close the directory, and give up the lock."""
        self.unlock()
        os.close(self._folder)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def try_lock(self) -> bool:
        """Take the lock if nobody has it; it ends with this process, however that ends."""
        descriptor = os.open(_LOCK, os.O_RDWR | os.O_CREAT | _SAFE, 0o600, dir_fd=self._folder)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def unlock(self) -> None:
        """Give the lock up, if we have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def lock(self, patience: float, hurry: Callable[[], bool] = lambda: False) -> bool:
        """Take the lock; wait at the most ``patience`` seconds for a run that is being undone, begins or ends.

        Return False, without the lock, for a run that records, after that time, or when there is a ``hurry``.
        """
        limit = time.monotonic() + patience
        while not self.try_lock():
            if self.recording() or hurry() or time.monotonic() > limit:
                return False
            self.wait()
        return True

    def recording(self) -> Optional[Undertaking]:
        """Return the run that records now, if there is one."""
        living = (run for run in self.undertakings() if run.recorder.alive() and not run.undoing)
        return next(living, None)

    def lock_to_undo(self, run_id: str, patience: float = math.inf) -> bool:
        """Wait for the lock, at the most ``patience`` seconds.

        Return False, without it, once somebody else has undone that run, or when that time is over.
        """
        limit = time.monotonic() + patience
        while self.has(run_id):
            if self.try_lock():
                if self.has(run_id):
                    return True
                self.unlock()
            elif time.monotonic() > limit:
                return False
            else:
                self.wait()
        return False

    def wait(self) -> None:
        """Let a moment pass, for whoever has the lock."""
        self._sleep(_PATIENCE)

    def create(self, run_id: str) -> Journal:
        """Return the new journal of a run."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _SAFE
        return Journal(os.open(run_id + _SUFFIX, flags, 0o600, dir_fd=self._folder))

    def append(self, run_id: str) -> Journal:
        """Return the journal of a run that is there already, to write on."""
        return Journal(os.open(run_id + _SUFFIX, os.O_WRONLY | os.O_APPEND | _SAFE, dir_fd=self._folder))

    def run_ids(self) -> list[str]:
        """Return the runs that have a journal."""
        names = sorted(os.listdir(self._folder))  # noqa: PTH208  # pathlib cannot list an open folder
        return [name[: -len(_SUFFIX)] for name in names if name.endswith(_SUFFIX)]

    def has(self, run_id: str) -> bool:
        """Return whether a run has a journal still."""
        return run_id in self.run_ids()

    def read(self, run_id: str) -> Optional[Undertaking]:
        """Return what a run's journal says; see `read_journal`.

        Raises:
            FileNotFoundError: it is gone.
        """
        descriptor = os.open(run_id + _SUFFIX, os.O_RDONLY | _SAFE, dir_fd=self._folder)
        try:
            return read_journal(descriptor)
        finally:
            os.close(descriptor)

    def undertakings(self) -> list[Undertaking]:
        """Return every run that can be read, with or without the lock: what changes meanwhile is passed over."""
        found = []
        for run_id in self.run_ids():
            try:
                undertaking = self.read(run_id)
            except (OSError, MigAuditError):
                continue
            if undertaking is not None:
                found.append(undertaking)
        return found

    def remove(self, run_id: str) -> None:
        """Remove the journal of a run that is undone."""
        os.unlink(run_id + _SUFFIX, dir_fd=self._folder)
