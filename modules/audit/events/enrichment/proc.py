"""What ``/proc`` says of a process, while it is there (proc(5)). Whatever is not there, or is not ours to read, is None.

Not by psutil, which tells the host's own facts elsewhere: it rounds a process's start to the second of boot where a
clock tick counts, has no control groups, gives text that is not printable, and takes longer to import than most runs
have to wait for it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.command_line import command_line
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

_LARGEST = 1 << 16  # bytes of a file that are read; an environment or command line may be longer
_READINGS = 8
_AT_ONCE = 0.0005  # seconds
_STATE_COLUMNS = 20  # of /proc/PID/stat, from the state on: the ones up to the start time
_PPID, _START = 1, 19  # counted from the state


class Stat(NamedTuple):
    """``/proc/PID/stat``.

    Attributes:
        ppid: the parent's pid.
        comm: the name.
        ticks: when it was started, in clock ticks since boot: with the pid, this is the same for no other process.
        start: the same in milliseconds since the epoch, which the host's clock may have been moved against.
    """

    ppid: int
    comm: str
    ticks: int
    start: float


class Proc:
    """One host's ``/proc``.

    Args:
        root: where it is.
        boot: gives the epoch seconds of boot, so that a start in ticks is a time.
        hertz: clock ticks a second.
    """

    def __init__(self, root: Path, *, boot: Callable[[], float], hertz: int) -> None:
        self._root = os.fspath(root)
        self._boot = boot
        self._tick = 1000 / hertz

    @classmethod
    def here(cls, root: Path) -> Proc:
        """Return this host's."""
        return cls(root, boot=boot, hertz=os.sysconf("SC_CLK_TCK"))

    @property
    def pid_max(self) -> Optional[int]:
        """Return the kernel's limit of process ids, after which they begin anew."""
        content = self._read("sys/kernel/pid_max")
        return int(content) if content and content.strip().isdigit() else None

    def pids(self) -> Iterator[int]:
        """Give the ids of all processes."""
        try:
            names = os.listdir(self._root)  # noqa: PTH208  # a text, and read again for each process
        except OSError:
            return
        yield from sorted(int(name) for name in names if name.isascii() and name.isdigit())

    def stat(self, pid: int) -> Optional[Stat]:
        """Return who it is; None if it is gone."""
        content = self._read(f"{pid}/stat")
        if content is None:
            return None
        # The name may hold anything, brackets too; the last one closes it.
        head, _, tail = content.rpartition(b")")
        columns = tail.split()
        if len(columns) < _STATE_COLUMNS or not (columns[_PPID].isdigit() and columns[_START].isdigit()):
            return None
        ticks = int(columns[_START])
        comm = printable(head.partition(b"(")[2])
        return Stat(int(columns[_PPID]), comm, ticks, self._boot() * 1000 + ticks * self._tick)

    def exe(self, pid: int) -> Optional[str]:
        """Return the path of its program, as the process sees it."""
        try:
            link = os.readlink(os.fsencode(self.program_path(pid)))  # noqa: PTH115  # its bytes may be no UTF-8
        except OSError:
            return None
        return printable(link)

    def command(self, pid: int) -> Optional[str]:
        """Return its arguments as a command line; None also for a kernel thread."""
        content = self._read(f"{pid}/cmdline")
        if not content:
            return None
        arguments = content.split(b"\0")
        return command_line(map(printable, arguments if arguments[-1] else arguments[:-1]))

    def cgroup(self, pid: int) -> Optional[bytes]:
        """Return its control groups as lines."""
        return self._read(f"{pid}/cgroup")

    def environment(self, pid: int) -> Optional[list[tuple[bytes, bytes]]]:
        """Return the variables that it was started with, in order."""
        content = self._read(f"{pid}/environ")
        if content is None:
            return None
        pairs: Iterable[tuple[bytes, bytes, bytes]] = (
            entry.partition(b"=") for entry in content.split(b"\0")
        )
        return [(name, value) for name, equals, value in pairs if equals]

    def in_initial_namespace(self, pid: int) -> Optional[bool]:
        """Say whether its process ids are those of the records; None if that cannot be told."""
        content = self._read(f"{pid}/status")
        if content is None:
            return None
        numbers = next(
            (line.split()[1:] for line in content.splitlines() if line.startswith(b"NSpid:")), None
        )
        return None if numbers is None else len(numbers) == 1

    def program_path(self, pid: int) -> str:
        """Return the name under which its program can be opened, whatever became of its path."""
        return f"{self._root}/{pid}/exe"

    def _read(self, name: str) -> Optional[bytes]:
        try:
            descriptor = os.open(f"{self._root}/{name}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            return os.read(descriptor, _LARGEST)
        except OSError:
            return None
        finally:
            os.close(descriptor)


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot(wall: Callable[[], float] = time.time, since_boot: Callable[[], float] = _since_boot) -> float:
    """Return the epoch seconds of boot by the clock as it is now.

    Two clocks cannot be read at once, and who is made to wait in between is told a boot that is too early or too late
    by that: of some readings, the quickest counts.
    """
    shortest, told = float("inf"), 0.0
    for _ in range(_READINGS):
        before = since_boot()
        now = wall()
        took = since_boot() - before
        if took < shortest:
            shortest, told = took, now - before
        if took < _AT_ONCE:
            break
    return told
