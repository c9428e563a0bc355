"""The line between the main process and the recorder: JSON documents, one a line, on a socket pair."""

from __future__ import annotations

import json
import math
import select
import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHUNK = 1 << 16


class Channel:
    """One end of the line. ``closed`` turns True when the other end is gone, which is itself a message.

    Nobody ever waits in `send` for the other end, which may be stopped: a recorder has a kernel to restore, and it is
    the main process that notices a recorder that stands still.
    """

    def __init__(self, sock: socket.socket) -> None:
        """Take over one end of a stream socket pair."""
        self._socket = sock
        self._pending = b""
        self._unsent = b""
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def send(self, kind: str, document: Mapping[str, object], *, optional: bool = False) -> None:
        """Send one document; what does not fit now goes ahead of the next one, or with `flush`.

        One that is ``optional`` is left out instead. A reader that is gone is no error. What it had said before it went
        is still to be received, and after that ``closed`` turns True.
        """
        self._push()
        if optional and self._unsent:
            return
        self._unsent += json.dumps({"kind": kind, **document}).encode() + b"\n"
        self._push()

    def flush(self, patience: float = math.inf) -> bool:
        """Wait at the most so many seconds until everything is sent, or nobody is there any more; return whether it is."""
        limit = time.monotonic() + patience
        self._push()
        while self._unsent and (left := limit - time.monotonic()) > 0:
            select.select([], [self._socket], [], None if left == math.inf else left)
            self._push()
        return not self._unsent

    def _push(self) -> None:
        """Hand over what there is room for."""
        try:
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent, socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            return
        except OSError:
            self._unsent = b""

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
        """Hang up; what was not sent is not sent any more."""
        self._socket.close()
