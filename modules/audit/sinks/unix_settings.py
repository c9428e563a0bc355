"""The settings of a unix-socket sink, checked before anything is opened."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mig_audit.errors import UsageError
from mig_audit.modules.audit.sinks.batch import Limits
from mig_audit.modules.audit.sinks.interface import SPOOL
from mig_audit.modules.audit.sinks.retry import Retries

if TYPE_CHECKING:
    from pathlib import Path

MODES = ("connect", "listen")
SOCKETS = ("stream", "datagram")
LONGEST_PATH = 107
"""Bytes: what sun_path of ``struct sockaddr_un`` holds, with its NUL (unix(7))."""


@dataclass(frozen=True)
class UnixSettings:
    """Which socket gets every event as one line; times are in seconds, sizes in bytes.

    In the ``mode`` connect, the socket at ``path`` is a collector's, of the kind ``socket``; in listen it is ours, a
    stream that whoever connects can read. ``timeout`` is how long the other side may read nothing of what it was sent.
    ``spool`` is what may be kept of what is not delivered; a socket that listens waits for nobody, and keeps nothing.
    ``header`` is the line that goes before the first event of each connection, without its end; empty for none.

    Raises:
        UsageError: a setting is not usable, or two of them contradict each other.
    """

    path: Path
    mode: str = "connect"
    socket: str = "stream"
    batch_events: int = 500
    batch_bytes: int = 1 << 20
    batch_age: float = 1.0
    timeout: float = 5.0
    spool: int = SPOOL
    header: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what would fail later."""
        if not self.path.is_absolute():
            raise UsageError(f"the socket {self.path} is not an absolute path", "begin it with a /")
        if len(os.fsencode(self.path)) > LONGEST_PATH:
            raise UsageError(f"the path of a socket has at most {LONGEST_PATH} bytes", "name a shorter one")
        if self.mode not in MODES:
            raise UsageError(f"the sink's mode {self.mode!r} is unknown", f"choose from {', '.join(MODES)}")
        if self.socket not in SOCKETS:
            raise UsageError(
                f"the sink's socket {self.socket!r} is unknown", f"choose from {', '.join(SOCKETS)}"
            )
        if (self.mode, self.socket) == ("listen", "datagram"):
            raise UsageError("nobody can connect to a datagram socket to read from it", "use a stream")
        for name in ("batch_events", "batch_bytes", "timeout"):
            if not getattr(self, name) > 0:
                raise UsageError(f"the sink's {name} is {getattr(self, name)}", "give a number above 0")

    def carrying(self, _media_type: str, header: bytes) -> UnixSettings:
        """Return the settings for events that have a header; each datagram comes alone, without one."""
        return replace(self, header=b"" if self.socket == "datagram" else header)

    @property
    def limits(self) -> Limits:
        """The bounds of a batch."""
        return Limits(self.batch_events, self.batch_bytes, self.batch_age)

    @property
    def spool_size(self) -> int:
        """The bytes of undelivered events that are kept."""
        return 0 if self.mode == "listen" else self.spool

    @property
    def retries(self) -> Retries:
        """When to try again; a collector on the same host that was started again is soon back."""
        return Retries(cap=5.0)
