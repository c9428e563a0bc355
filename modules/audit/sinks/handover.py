"""Bytes into unix sockets, and how to know that they were read.

A socket takes bytes long before anybody reads them, and gives no receipt. But the kernel tells how much of what was
sent is still unread (SIOCOUTQ, unix(7)), and a peer that closes a stream on unread bytes leaves an error behind.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import socket
import struct
import termios
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LOOK = 5  # milliseconds between looks at what is unread, which no event tells
_INT = struct.Struct("=i")
_STOPPED = "no time was left to deliver"


@dataclass
class Handover:
    """Pieces on their way through one socket that does not block; each is sent whole if it is a datagram.

    ``failure`` says why it failed, ``too_large`` that the kernel has no room for a datagram of this length. ``begun``
    says that something was sent.
    """

    sock: socket.socket
    pieces: deque[memoryview]
    moved: float
    begun: bool = False
    failure: str = ""
    too_large: bool = False
    _unread: int = 0

    @property
    def done(self) -> bool:
        """Whether the other side has read everything."""
        return not self.pieces and not self._unread and not self.failure

    def advance(self, now: float, timeout: float) -> None:
        """Send what the socket takes; give up when nothing has moved for so long."""
        try:
            moved = self._send() | self._look()
        except OSError as error:
            self.too_large = error.errno == errno.EMSGSIZE
            self.failure = os.strerror(error.errno or errno.EIO).lower()
            return
        if moved:
            self.moved = now
        elif not self.done and now - self.moved >= timeout:
            self.failure = f"nothing was read for {timeout:g} s"

    def _send(self) -> bool:
        sent = False
        while self.pieces:
            try:
                count = self.sock.send(self.pieces[0], socket.MSG_NOSIGNAL)
            except BlockingIOError:
                break
            sent = self.begun = True
            rest = self.pieces[0][count:]
            if rest:
                self.pieces[0] = rest
            else:
                self.pieces.popleft()
        return sent

    def _look(self) -> bool:
        """Return whether some of what was sent has been read since the last look."""
        unread: int = _INT.unpack(fcntl.ioctl(self.sock, termios.TIOCOUTQ, _INT.pack(0)))[0]
        if not unread:
            number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                raise OSError(number, os.strerror(number))
        moved = unread < self._unread
        self._unread = unread
        return moved


class Handovers:
    """Hands the same pieces to several sockets at once; another thread can `cut` it short, and then all that follow."""

    def __init__(self, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Give up a socket on the other side of which nothing was read for ``timeout`` seconds."""
        self._timeout = timeout
        self._clock = clock
        self._waking, self._woken = socket.socketpair()
        self.stopped = False

    def cut(self) -> None:
        """End what is under way."""
        self.stopped = True
        self._waking.close()

    def close(self) -> None:
        """Release what is open."""
        self._waking.close()
        self._woken.close()

    def run(
        self, sockets: Iterable[socket.socket], pieces: Sequence[bytes], patience: float
    ) -> list[Handover]:
        """Return what became of each socket, in at most about ``patience`` seconds."""
        now = self._clock()
        deadline = now + patience
        ways = [Handover(sock, deque(memoryview(piece) for piece in pieces), now) for sock in sockets]
        while True:
            open_ways = [way for way in ways if not way.done and not way.failure]
            for way in open_ways:
                way.advance(self._clock(), self._timeout)
            waiting = [way for way in open_ways if not way.done and not way.failure]
            if not waiting:
                return ways
            if self.stopped or self._clock() >= deadline:
                for way in waiting:
                    way.failure = _STOPPED
                return ways
            self._wait(waiting)

    def _wait(self, waiting: Sequence[Handover]) -> None:
        """Wait until a socket takes more, or until it is time to look at what is unread."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        for way in waiting:
            if way.pieces:
                poll.register(way.sock, select.POLLOUT)
        poll.poll(_LOOK)
