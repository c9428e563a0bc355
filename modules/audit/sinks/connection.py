"""The one connection of an HTTP transport, as another thread sees it: something that can be cut.

A read timeout bounds the time between two bytes, not the time of an answer. An endpoint that sends a byte now and then
would hold an attempt for as long as it likes; shutting the socket down ends it, wherever it waits.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Optional

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3 import PoolManager


class Line:
    """The connection in use; ``patience`` is how many seconds an exchange over it may take."""

    def __init__(self) -> None:
        """Begin without a connection."""
        self.patience = 0.0
        self.overdue = False
        self.stopped = False
        self._lock = threading.Lock()
        self._socket: Optional[socket.socket] = None
        self._timer: Optional[threading.Timer] = None

    @contextmanager
    def exchange(self, patience: float) -> Iterator[None]:
        """Bound what happens inside to ``patience`` seconds, counted anew once a connection is made.

        ``overdue`` says afterwards that it was cut for taking longer, ``stopped`` that `cut` was called.
        """
        self.patience = patience
        self.overdue = False
        self._start()
        try:
            yield
        finally:
            self._stop()

    def connected(self, sock: socket.socket) -> None:
        """Take note of a new connection."""
        with self._lock:
            self._socket = sock
        self._stop()
        self.overdue = False  # that was about the time to connect, which urllib3 bounds
        self._start()

    def cut(self) -> None:
        """Shut the connection down; whoever reads from it or writes to it fails at once."""
        self.stopped = True
        self._shut_down()

    def _start(self) -> None:
        self._timer = threading.Timer(self.patience, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self.overdue = True
        self._shut_down()

    def _shut_down(self) -> None:
        with self._lock, contextlib.suppress(OSError):  # it may be closed already
            if self._socket is not None:
                # Not SSLSocket's own shutdown, which drops the TLS state that the other thread is using.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Adapter(HTTPAdapter):
    """Sends over at most one connection, which a line can cut."""

    def __init__(self, line: Line) -> None:
        """Report each connection to ``line``."""
        self._pools = _pools(line)
        super().__init__(pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as requests declares it
        """Make direct connections that can be cut."""
        super().init_poolmanager(*args, **kwargs)
        self._adapt(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:  # noqa: ANN401  # as requests declares it
        """Make connections through a proxy that can be cut."""
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        self._adapt(manager)
        return manager

    def _adapt(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = self._pools


def _pools(line: Line) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3's pools, by scheme, of connections that report to ``line``."""

    class Plain(_Reporting, HTTPConnection):
        _line = line

    class Secure(_Reporting, HTTPSConnection):
        _line = line

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _Reporting(HTTPConnection):
    _line: Line

    def connect(self) -> None:
        super().connect()
        self._line.connected(getattr(self.sock, "socket", self.sock))  # TLS within TLS wraps a socket

    def send(self, data: Any) -> None:  # noqa: ANN401  # as http.client declares it
        """Send with the patience of an exchange; urllib3 would allow a body only the time to connect."""
        if self.sock is None:
            self.connect()
        self.sock.settimeout(self._line.patience)
        try:
            super().send(data)
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            # The endpoint may have answered before it closed, 413 above all. urllib3 goes on to read that answer
            # after a broken pipe, and in its newer versions also after a reset.
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
