"""Events to whoever reads from a unix socket of ours: every reader gets every event from its connection on.

A reader that falls behind costs time of the sink's thread, never of the run, and is disconnected if it stands still.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from typing import TYPE_CHECKING

from mig_audit.errors import NotPermittedError, UsageError, describe_errno
from mig_audit.modules.audit.folders import refuse_shared
from mig_audit.modules.audit.sinks.handover import Handovers
from mig_audit.modules.audit.sinks.interface import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mig_audit.modules.audit.sinks.batch import Batch
    from mig_audit.modules.audit.sinks.handover import Handover
    from mig_audit.modules.audit.sinks.unix_settings import UnixSettings

_PRIVATE = 0o600
_MOST_READERS = 64
_REMEDY = "name a path of its own for the socket"


class ListeningTransport:
    """A socket of mode 0600 that is there from the beginning to the end of the sink.

    A batch is accepted once one reader has read all of it; where there is none, its events are given up.
    """

    kind = "unix"

    def __init__(self, settings: UnixSettings) -> None:
        """Create the socket.

        Raises:
            UsageError: something else is there, or the folder is not usable.
            NotPermittedError: the file system does not let us.
        """
        self._settings = settings
        self._socket, self._identity = _listening(settings.path)
        self._handovers = Handovers(settings.timeout)
        self._readers: list[socket.socket] = []

    @property
    def target(self) -> str:
        """The socket's path."""
        return str(self._settings.path)

    def deliver(self, batch: Batch, patience: float) -> Answer:
        """Hand a batch to every reader that is connected now."""
        greeted = self._greet(self._accept(), patience)
        body = b"".join(event + b"\n" for event in batch.events)
        ways = [*self._hand_over(self._readers, body, patience), *greeted]
        failure = next((way.failure for way in ways if way.failure), "")
        what = f"a reader of {self.target} was disconnected: {failure}" if failure else ""
        if any(way.done for way in ways):
            return Answer(Verdict.ACCEPTED, what=what)
        return Answer(
            Verdict.NOBODY,
            cause="no reader" if not ways else failure,
            what=what or f"nobody was connected to {self.target}",
            remedy="connect a reader that keeps up",
            uncertain=any(way.begun for way in ways),
        )

    def cut(self) -> None:
        """End an attempt that is under way."""
        self._handovers.cut()

    def close(self) -> None:
        """Disconnect the readers, and remove the socket if it is still the one that was created."""
        for sock in (*self._readers, self._socket):
            sock.close()
        self._handovers.close()
        with contextlib.suppress(FileNotFoundError):
            if _identity(self._settings.path) == self._identity:
                self._settings.path.unlink()

    def _greet(self, readers: Sequence[socket.socket], patience: float) -> Sequence[Handover]:
        """Hand the header to new readers, if there is one; return those that did not take it."""
        header = self._settings.header
        if not header or not readers:
            return ()
        return [way for way in self._hand_over(readers, header + b"\n", patience) if not way.done]

    def _hand_over(
        self, readers: Sequence[socket.socket], data: bytes, patience: float
    ) -> Sequence[Handover]:
        """Hand data to readers, and disconnect those that do not take it."""
        ways = self._handovers.run(readers, [data], patience)
        for way in ways:
            if not way.done:
                self._readers.remove(way.sock)
                way.sock.close()
        return ways

    def _accept(self) -> list[socket.socket]:
        """Take everybody who has connected since the last time; when it is full, the latest are sent away."""
        taken: list[socket.socket] = []
        while True:
            try:
                reader, _ = self._socket.accept()
            except OSError:  # nobody more, or no descriptor for one: the next batch will try again
                return taken
            if len(self._readers) >= _MOST_READERS:
                reader.close()
                continue
            reader.setblocking(False)
            self._readers.append(reader)
            taken.append(reader)


def _listening(path: Path) -> tuple[socket.socket, tuple[int, int]]:
    """Return a new socket that listens at a path, and what identifies its file."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        refuse_shared(path.parent, path.parent.stat(), "the socket's folder")
        _remove_stale(path)
        os.fchmod(sock.fileno(), _PRIVATE)  # which bind gives to the file, so that it never has another mode
        sock.bind(os.fspath(path))
        identity = _identity(path)
        sock.listen(_MOST_READERS)
        sock.setblocking(False)
    except PermissionError as error:
        sock.close()
        raise NotPermittedError(
            f"the socket {path} cannot be created: {error.strerror}", "run as root"
        ) from error
    except OSError as error:
        sock.close()
        what = f"the socket {path} cannot be created: {describe_errno(error.errno or 0)}"
        raise UsageError(what, "name a path in a folder that is there") from error
    except UsageError:
        sock.close()
        raise
    return sock, identity


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens to any more; refuse to touch anything else."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        raise UsageError(f"{path} is there already, and is no socket", _REMEDY)
    if status.st_uid != os.geteuid():
        raise UsageError(f"the socket {path} is another user's", _REMEDY)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        if probe.connect_ex(os.fspath(path)) != errno.ECONNREFUSED:
            raise UsageError(f"somebody listens at {path} already", _REMEDY)
    path.unlink()


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino
