"""Somebody who connects to a unix socket of ours, and reads all that comes."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def connected(path: Path) -> socket.socket:
    """Return a connection to a stream socket, on which nobody waits longer than ten seconds."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(10)
    sock.connect(str(path))
    return sock


class Reader(threading.Thread):
    """Reads to the end of the stream, on a thread of its own."""

    def __init__(self, path: Path) -> None:
        """Connect, and begin."""
        super().__init__(daemon=True)
        self._socket = connected(path)
        self._data = b""
        self.start()

    def run(self) -> None:
        """Read."""
        with self._socket:
            while piece := self._socket.recv(1 << 16):
                self._data += piece

    def result(self) -> bytes:
        """Return all that came, once it has ended."""
        self.join(10)
        assert not self.is_alive()
        return self._data
