"""Run a part of the program that is killed, signalled or failed at its n-th system call: mortal.py PART FAULT N TALLY ...

Every call of a C function that asks the kernel for something is two points: before it is made, and after it is done. The
profiler of the interpreter sees them all, so nothing in the program knows of this. TALLY is a file for the number of
points that were passed. PART is ``recorder``, followed by the recorder's own arguments, or ``main``, followed by those
of the command line.

The recorder has a point wherever it asks the kernel. The main process imports much, and looks at each process of the
host: for it an import is no point, and a call that is made again by the same way, as in a loop, is one only the first
two times.
"""

from __future__ import annotations

import io
import os
import select
import signal
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from mig_audit.modules.audit.recorder.guard import Guard

    _Way = tuple[tuple[CodeType, int], ...]

_MODULES = frozenset(
    {"posix", "select", "fcntl", "_io", "io", "_socket", "signal", "_signal", "_posixsubprocess"}
)
_PLAIN = frozenset(
    {"getpid", "fspath", "register", "getsignal"}
)  # of those modules, and ask the kernel for nothing
_OBJECTS = (socket.socket.__mro__[1], select.poll().__class__, io.RawIOBase, io.BufferedIOBase)
_EVENTS = frozenset({"c_call", "c_return", "c_exception"})
_TIMES = 2  # that the main process makes a call by the same way


class Death:
    """Counts the points, and strikes at one of them. ``guard`` is the process id of the recorder's guard, once known."""

    def __init__(self, fault: str, point: int, times: int = 0) -> None:
        """Wait for the point; 0 is none. ``times`` is how often a call by the same way counts, 0 is always."""
        self._fault = fault
        self._point = point
        self._times = times
        self._made: Counter[tuple[str, _Way]] = Counter()
        self._pid = os.getpid()
        self.passed = 0
        self.guard = 0

    def __call__(self, frame: FrameType, event: str, function: object) -> None:
        """Be told by the profiler."""
        # A copy of this process, which is to become something else, is not what is to be struck.
        if event in _EVENTS and _asks_the_kernel(function) and os.getpid() == self._pid:
            if self._times and not self._counts(frame, event):
                return
            self.passed += 1
            if self.passed == self._point:
                self._strike()

    def _counts(self, frame: FrameType, event: str) -> bool:
        way = _way(frame)
        self._made[event, way] += 1
        return bool(way) and self._made[event, way] <= self._times

    def _strike(self) -> None:
        if self._fault == "exception":
            raise RuntimeError("struck")
        if self._fault == "oserror":
            raise OSError(5, "struck")
        if self._fault == "all" and self.guard:
            os.kill(self.guard, signal.SIGKILL)
        os.kill(self._pid, signal.SIGKILL if self._fault == "all" else signal.Signals[self._fault])


def _asks_the_kernel(function: object) -> bool:
    if getattr(function, "__name__", "") in _PLAIN:
        return False
    return getattr(function, "__module__", "") in _MODULES or isinstance(
        getattr(function, "__self__", None), _OBJECTS
    )


def _way(frame: FrameType) -> _Way:
    """Return from where in the program a call is made; nothing if that is an import."""
    way: list[tuple[CodeType, int]] = []
    each: Optional[FrameType] = frame
    while each is not None:
        if "importlib" in each.f_code.co_filename:
            return ()
        way.append((each.f_code, each.f_lasti))
        each = each.f_back
    return tuple(way)


def _run_recorder(death: Death) -> int:
    sys.path.append(sys.argv[5])
    from mig_audit.modules.audit.recorder import guard, process  # noqa: PLC0415  # found by the line above

    start = guard.start

    def remember(run_id: str, line: int) -> Guard:
        started = start(run_id, line)
        death.guard = started.process.pid
        return started

    guard.start = remember
    return _profiled(death, lambda: process.main(sys.argv[6:]))


def _run_main(death: Death) -> int:
    from mig_audit.cli import main  # noqa: PLC0415  # not for the recorder, which is isolated

    return _profiled(death, lambda: main(sys.argv[5:]))


def _profiled(death: Death, run: Callable[[], int]) -> int:
    sys.setprofile(death)
    try:
        return run()
    finally:
        sys.setprofile(None)


if __name__ == "__main__":
    part, fault, point, tally = sys.argv[1:5]
    death = Death(fault, int(point), _TIMES if part == "main" else 0)
    try:
        code = (_run_recorder if part == "recorder" else _run_main)(death)
    finally:
        Path(tally).write_text(str(death.passed))
    sys.exit(code)
