"""An HTTP server of our own for tests: it records what it gets, and misbehaves on request.

Start it on a free port, POST to ``url``, look at ``requests``::

    with Receiver([Reply(503), Reply(429, headers={"Retry-After": "1"})]) as receiver:
        ...
    assert [request.body for request in receiver.accepted] == [...]

The replies of the script are given in order, one a request, over all connections; after them comes ``default``.
``script`` can be extended at any time.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Optional

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping

    from typing_extensions import Self

_BACKLOG = 64
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: no FIN, an RST at once


@dataclass(frozen=True)
class Reply:
    """What to do with one request: answer ``status`` with ``headers`` and ``body``, unless something else is set.

    ``chunked`` sends the body in chunks. ``early`` answers before reading the request's body, and closes. ``close``
    closes after the answer without having said so. ``drip`` waits so many seconds before each byte of the answer.
    ``raw`` answers these bytes in place of HTTP. ``endless`` never stops sending a body. ``silent`` never answers.
    ``reset_after`` reads so many bytes of the request's body and resets the connection; -1 reads all of it.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunked: bool = False
    early: bool = False
    close: bool = False
    drip: float = 0.0
    raw: Optional[bytes] = None
    endless: bool = False
    silent: bool = False
    reset_after: Optional[int] = None

    def wire(self) -> bytes:
        """Return the answer as it goes over the wire."""
        if self.raw is not None:
            return self.raw
        headers = dict(self.headers)
        body = self.body
        if self.chunked:
            headers["Transfer-Encoding"] = "chunked"
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif not self.endless:
            headers.setdefault("Content-Length", str(len(body)))
        lines = [f"HTTP/1.1 {self.status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@dataclass(frozen=True)
class Request:
    """One request that was read to its end; names of headers are in lower case, connections count from 1."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    reply: Reply
    connection: int
    at: float


class Receiver:
    """Listens on 127.0.0.1 from its creation until the end of its ``with`` block."""

    def __init__(
        self,
        script: Iterable[Reply] = (),
        *,
        default: Reply = Reply(),
        tls: Optional[ssl.SSLContext] = None,
        port: int = 0,
    ) -> None:
        """Listen, on a free port unless one is given."""
        self.requests: list[Request] = []
        self.script = deque(script)
        self._default = default
        self._tls = tls
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        self._spawn(self._accept)

    @property
    def url(self) -> str:
        """The URL of its root."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/"

    @property
    def accepted(self) -> list[Request]:
        """The requests that were answered with a success."""
        return [request for request in self.requests if 200 <= request.reply.status < 300]

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening, drop all connections, wait for all threads."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _spawn(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)  # type: ignore[arg-type]  # any callable
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        number = 0
        with contextlib.suppress(OSError):  # the listener is closed
            while True:
                sock = self._listener.accept()[0]
                # As real servers do: an answer that waits to be sent is lost with a connection that is reset.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                number += 1
                self._spawn(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            if self._tls is not None:
                sock = stack.enter_context(self._tls.wrap_socket(sock, server_side=True))
            with self._lock:
                self._open.append(sock)
            reader = stack.enter_context(sock.makefile("rb"))
            while not self._stopping.is_set() and self._exchange(sock, reader, number):
                pass

    def _exchange(self, sock: socket.socket, reader: BinaryIO, number: int) -> bool:
        """Handle one request; return whether the connection stays."""
        words = reader.readline().split()
        if len(words) != len(("method", "path", "version")) or not words[2].startswith(b"HTTP/1."):
            return False  # closed, or not HTTP
        headers = {}
        while line := reader.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        with self._lock:
            reply = self.script.popleft() if self.script else self._default
        length = int(headers.get("content-length", 0))
        if reply.reset_after is not None:
            reader.read(min(reply.reset_after, length) if reply.reset_after >= 0 else length)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return False
        if not reply.early:
            body = reader.read(length)
            method, path = words[0].decode(), words[1].decode()
            with self._lock:
                self.requests.append(Request(method, path, headers, body, reply, number, time.monotonic()))
        return self._answer(sock, reply)

    def _answer(self, sock: socket.socket, reply: Reply) -> bool:
        if reply.silent:
            self._stopping.wait()
            return False
        if reply.drip:
            for byte in reply.wire():
                if self._stopping.wait(reply.drip):
                    return False
                sock.sendall(bytes((byte,)))
        else:
            sock.sendall(reply.wire())
        while reply.endless and not self._stopping.is_set():
            sock.sendall(b"x" * 65536)
        return not (reply.early or reply.close or reply.raw is not None)
