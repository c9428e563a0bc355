"""The socket by which queries come in: in root's own folder, one process for each module, and for root alone."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from contextlib import suppress
from typing import NamedTuple

from mig_audit.errors import BusyError, MigAuditError, NotPermittedError
from mig_audit.private_folder import folder_error, open_private

_PRIVATE = 0o600
_BACKLOG = 16
_CREDENTIALS = struct.Struct("iII")  # unix(7), SO_PEERCRED: pid, uid, gid


class Peer(NamedTuple):
    """Who is at the other end of a connection, as the kernel has it."""

    pid: int
    uid: int

    @classmethod
    def of(cls, sock: socket.socket) -> Peer:
        """Ask the kernel."""
        told = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, _ = _CREDENTIALS.unpack(told)
        return cls(pid, uid)

    @property
    def trusted(self) -> bool:
        """Whether it is root's process, or of our own user."""
        return self.uid in {0, os.geteuid()}


class Endpoint:
    """The listening socket. What makes it ours is a lock, so that what a dead process left can be replaced at once."""

    def __init__(self, folder: str, name: str) -> None:
        """Make the socket.

        Raises:
            MigAuditError: another process has it, or the folder is not usable.
        """
        self._path = f"{folder}/persist-{name}.sock"
        self._lock = -1
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._folder = open_private(folder)
            self._claim(f"persist-{name}.lock")
            # From here on whatever has the name is of a process that is dead.
            with suppress(FileNotFoundError):
                os.unlink(self._name, dir_fd=self._folder)
            os.fchmod(self._socket.fileno(), _PRIVATE)  # which bind gives to the file
            self._socket.bind(f"/proc/self/fd/{self._folder}/{self._name}")
            self._socket.listen(_BACKLOG)
            self._socket.setblocking(False)
        except MigAuditError:
            self._socket.close()
            raise
        except OSError as error:
            self._socket.close()
            raise folder_error(self._path, error, "be made") from error

    @property
    def _name(self) -> str:
        return os.path.basename(self._path)  # noqa: PTH119  # a plain string

    @property
    def address(self) -> str:
        """Where it is, as an agent is told."""
        return f"unix:{self._path}"

    @property
    def is_open(self) -> bool:
        """Whether queries can come in."""
        return self._socket.fileno() >= 0

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is somebody to `accept`."""
        return self._socket.fileno()

    def accept(self) -> tuple[socket.socket, Peer]:
        """Return the next connection.

        Raises:
            OSError: nobody is there any more, or there is no descriptor for it.
            NotPermittedError: it is another user's; it is closed.
        """
        sock, _ = self._socket.accept()
        peer = Peer.of(sock)
        if not peer.trusted:
            sock.close()
            raise NotPermittedError(f"process {peer.pid} of user {peer.uid} was refused", "query as root")
        sock.setblocking(False)
        return sock, peer

    def close(self) -> None:
        """Remove the socket; it may be closed already."""
        if not self.is_open:
            return
        self._socket.close()
        with suppress(FileNotFoundError):
            os.unlink(self._name, dir_fd=self._folder)
        os.close(self._lock)
        os.close(self._folder)

    def _claim(self, name: str) -> None:
        """Take the lock, which ends with this process: of its children none has it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._lock = os.open(name, flags, _PRIVATE, dir_fd=self._folder)
        try:
            fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise BusyError(
                f"another process answers at {self._path}", "query that one, or stop it first"
            ) from error
