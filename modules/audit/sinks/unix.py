"""Events to a collector's unix socket: one line each in a stream, or one datagram each."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import describe_errno
from mig_audit.modules.audit.sinks.handover import Handovers
from mig_audit.modules.audit.sinks.interface import Answer, Verdict

if TYPE_CHECKING:
    from mig_audit.modules.audit.sinks.batch import Batch
    from mig_audit.modules.audit.sinks.unix_settings import UnixSettings

_KINDS = {"stream": socket.SOCK_STREAM, "datagram": socket.SOCK_DGRAM}


class UnixTransport:
    """One connection to one socket, made anew after a failure.

    A batch counts as accepted once the other side has read all of it. One that fails half way is sent again whole.
    """

    kind = "unix"

    def __init__(self, settings: UnixSettings) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._handovers = Handovers(settings.timeout)
        self._socket: Optional[socket.socket] = None

    @property
    def target(self) -> str:
        """The socket's path."""
        return str(self._settings.path)

    def deliver(self, batch: Batch, patience: float) -> Answer:
        """Connect if need be, send a batch, and wait until it was read."""
        header = b""
        try:
            if self._socket is None:
                self._socket = self._connected()
                header = self._settings.header and self._settings.header + b"\n"
        except OSError as error:
            return self._unreachable(f"connecting: {describe_errno(error.errno or 0)}", uncertain=False)
        lines = [event + b"\n" for event in batch.events]
        pieces = lines if self._settings.socket == "datagram" else [b"".join((header, *lines))]
        (way,) = self._handovers.run([self._socket], pieces, patience)
        if way.done:
            return Answer(Verdict.ACCEPTED)
        if way.too_large:
            return Answer(
                Verdict.TOO_LARGE,
                "too large",
                f"{self.target} takes no datagram as long as the event",
                "use a stream socket",
            )
        self._hang_up()
        return self._unreachable(way.failure, uncertain=way.begun)

    def cut(self) -> None:
        """End an attempt that is under way."""
        self._handovers.cut()

    def close(self) -> None:
        """Close the connection."""
        self._hang_up()
        self._handovers.close()

    def _connected(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, _KINDS[self._settings.socket])
        try:
            sock.setblocking(False)
            sock.connect(os.fspath(self._settings.path))
        except OSError:
            sock.close()
            raise
        return sock

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _unreachable(self, why: str, *, uncertain: bool) -> Answer:
        return Answer(
            Verdict.UNREACHABLE,
            cause=why,
            what=f"sending to {self.target} failed: {why}",
            remedy=f"start what reads a {self._settings.socket} socket there",
            uncertain=uncertain,
        )
