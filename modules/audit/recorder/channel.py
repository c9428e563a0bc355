"""The line between the main process and the recorder: JSON documents, one a line, on a socket pair."""

from __future__ import annotations

import json
import socket

from mig_audit.lean_typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHUNK = 1 << 16


class Channel:
    """One end of the line. ``closed`` turns True when the other end is gone, which is itself a message."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over one end of a stream socket pair."""
        self._socket = sock
        self._pending = b""
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def send(self, kind: str, document: Mapping[str, object], *, wait: bool = True) -> None:
        """Send one document; with ``wait`` False, leave it out rather than wait for a slow reader.

        A reader that is gone is no error: the recorder has a kernel to restore. What it had said before it went is still
        to be received, and behind that ``closed`` turns True.
        """
        line = json.dumps({"kind": kind, **document}).encode() + b"\n"
        try:
            sent = 0 if wait else self._socket.send(line, socket.MSG_DONTWAIT)
            # Where only a part of it fitted, the rest must follow, or the line would be broken.
            self._socket.sendall(line[sent:])
        except OSError:
            return

    def receive(self) -> list[dict[str, Any]]:
        """Return the documents that have arrived; wait only if the socket was not reported readable."""
        try:
            chunk = self._socket.recv(_CHUNK)
        except OSError:
            chunk = b""
        if not chunk:
            self.closed = True
            return []
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
