"""A request to stop, from a signal or from another thread, that a waiting select sees at once."""

from __future__ import annotations

import os
import select
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable

from .errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Iterator

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_LOOK = 0.2  # seconds between looks whether there is another request


class Stop:
    """``reason`` is the first request's, and empty until then; ``requests`` counts how often it was asked.

    What comes from a process that passes requests on is counted apart, and the larger number is the one: a service
    manager sends its signal to both processes, and that is one request.
    """

    def __init__(self) -> None:
        """Open the pipe that makes the request visible to select."""
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self.reason = ""
        self.requests = 0
        self._asked = [0, 0]

    def request(self, reason: str, *, relayed: bool = False) -> None:
        """Ask to stop; the first reason stays, and who asks again is in a hurry."""
        self.reason = self.reason or reason
        self._asked[relayed] += 1
        self.requests = max(self._asked)
        if sum(self._asked) == 1:
            os.write(self._write, b"!")

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with the request."""
        return self._read

    def close(self) -> None:
        """Release the pipe."""
        os.close(self._read)
        os.close(self._write)

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Take SIGTERM, SIGINT and SIGHUP as requests to stop for the time of a ``with`` block.

        One that is ignored stays so: that is what nohup(1) asks for.
        """
        with _signals_to(self._signalled):
            yield

    def _signalled(self, number: int, _frame: object) -> None:
        self.request(signal.Signals(number).name)


class Relay:
    """Passes requests to stop on, each of them, to somebody who is waited for."""

    def __init__(self, stop: Stop, pass_on: Callable[[str], None]) -> None:
        """Call ``pass_on`` with the reason."""
        self._stop = stop
        self._pass_on = pass_on
        self._passed = 0

    def wait(self, descriptor: int) -> None:
        """Wait until a descriptor is readable."""
        readable: list[int] = []
        while descriptor not in readable:
            # The first request is seen at once: from then on its descriptor stays readable.
            first = [] if self._passed else [self._stop.fileno()]
            readable, _, _ = select.select([descriptor, *first], [], [], _LOOK if self._passed else None)
            while self._passed < self._stop.requests:
                self._passed += 1
                self._pass_on(self._stop.reason)


@contextmanager
def interruptible(where: str) -> Iterator[None]:
    """End what waits in a ``with`` block, such as for a pipe's writer, when SIGTERM, SIGINT or SIGHUP comes.

    Only for where nothing has been done that would be left half done.

    Raises:
        StoppedError: one came; it says ``where``.
    """

    def end(number: int, _frame: object) -> None:
        raise StoppedError(f"stopped by {signal.Signals(number).name} {where}", "nothing was done")

    with _signals_to(end):
        yield


@contextmanager
def _signals_to(handler: Callable[[int, Any], None]) -> Iterator[None]:
    heeded = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heeded}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
