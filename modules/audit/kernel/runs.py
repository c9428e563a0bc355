"""The runs that have changed this host's audit, in /run/mig-audit: one lock, and one journal for each of them.

No process of ours changes the kernel's audit without the lock, and the journal of a run is there as long as something
of it is to be undone. So whichever process has the lock and finds a journal knows that its run is dead, and undoes it.
"""

from __future__ import annotations

import fcntl
import math
import os
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional

from mig_audit.errors import MigAuditError
from mig_audit.modules.audit.kernel.journal import Journal, Undertaking, read_journal
from mig_audit.modules.audit.kernel.run_folder import LOCK, strange
from mig_audit.private_folder import RUN_FOLDER, folder_error, open_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

DIRECTORY = RUN_FOLDER
"""On a file system that is empty after a boot, as the kernel's audit is."""

_SUFFIX = ".journal"
_PATIENCE = 0.01  # seconds between looks at the lock
_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC
_AT_ONCE = os.O_NONBLOCK | os.O_NOCTTY  # the opening of a FIFO would wait for its other end


def paths_of(run_id: str) -> tuple[str, str]:
    """Return the paths of the lock, which stays, and of a run's journal."""
    return f"{DIRECTORY}/{LOCK}", f"{DIRECTORY}/{run_id}{_SUFFIX}"


class Unreadable(NamedTuple):
    """A run whose journal says nothing, or an entry that has the name of one, and why."""

    run_id: str
    error: MigAuditError


class Runs:
    """The directory; it is made if it is not there, unless it is only to be looked at.

    What the file system refuses is a NotPermittedError, or an AuditUnavailableError where there is no room or the disk
    fails.
    """

    def __init__(
        self, path: str = DIRECTORY, *, create: bool = True, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Open the directory.

        Raises:
            MigAuditError: it cannot be made or opened, or others could change what is in it.
        """
        self.path = path
        self._sleep = sleep
        self._lock: Optional[int] = None
        self._folder = open_private(path, create=create)

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
        with self._told(LOCK, "be opened"):
            descriptor = os.open(LOCK, os.O_RDWR | os.O_CREAT | _SAFE, 0o600, dir_fd=self._folder)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            os.close(descriptor)
            raise folder_error(self._path(LOCK), error, "be locked") from error
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
        with self._told(run_id + _SUFFIX, "be made"):
            return Journal(os.open(run_id + _SUFFIX, flags, 0o600, dir_fd=self._folder))

    def append(self, run_id: str) -> Journal:
        """Return the journal of a run that is there already, to write on."""
        flags = os.O_WRONLY | os.O_APPEND | _AT_ONCE | _SAFE
        with self._told(run_id + _SUFFIX, "be written"):
            return Journal(os.open(run_id + _SUFFIX, flags, dir_fd=self._folder))

    def run_ids(self) -> list[str]:
        """Return the runs that have a journal."""
        with self._told("", "be listed"):
            names = sorted(os.listdir(self._folder))  # noqa: PTH208  # pathlib cannot list an open folder
        return [name[: -len(_SUFFIX)] for name in names if name.endswith(_SUFFIX)]

    def has(self, run_id: str) -> bool:
        """Return whether a run has a journal still."""
        return run_id in self.run_ids()

    def read(self, run_id: str) -> Optional[Undertaking]:
        """Return what a run's journal says; see `read_journal`. None, too, if it is gone.

        Raises:
            MigAuditError: it cannot be read, or is no file.
        """
        name = run_id + _SUFFIX
        with self._told(name, "be read", "see who made it, and remove it"):
            try:
                mode = os.stat(name, dir_fd=self._folder, follow_symlinks=False).st_mode
                if not stat.S_ISREG(mode):
                    raise strange(self._path(name), mode)
                descriptor = os.open(name, os.O_RDONLY | _AT_ONCE | _SAFE, dir_fd=self._folder)
            except FileNotFoundError:
                return None
            try:
                return read_journal(descriptor)
            finally:
                os.close(descriptor)

    def undertakings(self) -> list[Undertaking]:
        """Return every run that can be read, with or without the lock: what changes meanwhile is passed over."""
        return self.look()[0]

    def look(self) -> tuple[list[Undertaking], list[Unreadable]]:
        """Return the same, and what cannot be read."""
        found: list[Undertaking] = []
        unreadable: list[Unreadable] = []
        for run_id in self.run_ids():
            try:
                undertaking = self.read(run_id)
            except MigAuditError as error:
                unreadable.append(Unreadable(run_id, error))
                continue
            if undertaking is not None:
                found.append(undertaking)
        return found, unreadable

    def remove(self, run_id: str) -> None:
        """Remove the journal of a run that is undone; it may be gone already."""
        name = run_id + _SUFFIX
        with self._told(name, "be removed"), suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._folder)

    def _path(self, name: str) -> str:
        return f"{self.path}/{name}" if name else self.path

    @contextmanager
    def _told(self, name: str, to_do: str, remedy: str = "") -> Iterator[None]:
        """Say of an entry, or of the folder itself, what could not be done with it."""
        try:
            yield
        except OSError as error:
            raise folder_error(self._path(name), error, to_do, remedy) from error
