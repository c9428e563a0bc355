"""One connection: a query comes in, and its answer goes out."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Optional, Union

from mig_audit.documents import MAX_DOCUMENT
from mig_audit.errors import UsageError
from mig_audit.messages import Message
from mig_audit.persistent.lines import LineSplitter

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from mig_audit.persistent.endpoint import Peer

_CHUNK = 1 << 16
_PATIENCE = 10.0  # seconds for a client to say what it wants
_TAKING = 30.0  # seconds for a client to take the next part of the answer


class Query:
    """A client's connection. ``gone`` says that nobody is there any more, or that all is said."""

    def __init__(self, sock: socket.socket, peer: Peer, now: float) -> None:
        """Take a connection that does not block."""
        self.peer = peer
        self._sock = sock
        self._splitter = LineSplitter(MAX_DOCUMENT)
        self._since = now
        self._answer: Optional[memoryview] = None
        self._asked = self._heard_out = False
        self.gone = False

    def fileno(self) -> int:
        """Return the connection's descriptor."""
        return self._sock.fileno()

    @property
    def events(self) -> int:
        """What poll(2) is to look for, besides that nobody is there any more."""
        if self._answer is not None:
            return select.POLLOUT
        return 0 if self._heard_out else select.POLLIN

    def overdue(self, now: float) -> str:
        """Return what the client was waited for too long, or nothing."""
        if self._answer is not None and now - self._since > _TAKING:
            return "it did not take its answer"
        if not self._asked and now - self._since > _PATIENCE:
            return "it asked nothing"
        return ""

    @property
    def is_idle(self) -> bool:
        """Whether nothing was asked yet."""
        return not self._asked and self._answer is None

    def receive(self) -> Iterator[Union[Message, UsageError]]:
        """Read once, and yield each message of it until there is an answer, or what is wrong with a line.

        A client that says no more may still wait for its answer.
        """
        try:
            part = self._sock.recv(_CHUNK)
        except OSError:
            self.gone = True
            return
        self._heard_out = not part
        lines = self._splitter.feed(part) if part else self._splitter.end()
        self.gone = not part and not lines and not self._asked
        for line in lines:
            if self._answer is not None:
                return
            self._asked = True
            if line is None:
                yield UsageError(f"the query has more than {MAX_DOCUMENT} bytes", "make it a smaller one")
                continue
            try:
                yield Message.parse(line, "the query")
            except UsageError as error:
                yield error

    def answer(self, line: Union[bytes, bytearray], now: float) -> None:
        """Have the answer sent."""
        self._answer = memoryview(line)
        self._since = now

    def send(self, now: float) -> None:
        """Send what the connection takes; after the last of it, hang up."""
        if self._answer is None:
            return
        try:
            sent = self._sock.send(self._answer)
        except BlockingIOError:
            return
        except OSError:
            self.gone = True
            return
        self._answer = self._answer[sent:]
        self._since = now
        self.gone = not self._answer

    def close(self) -> None:
        """Hang up."""
        self._sock.close()
