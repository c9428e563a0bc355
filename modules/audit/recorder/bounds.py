"""What the run may take of the host at the most; reaching any of it ends the window, and nothing else."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CPU_SPAN = 10.0
"""Seconds over which the share of a CPU is taken: a burst is no reason to end."""

_EACH = 0.2  # seconds between two measurements
_LARGEST = 4096  # bytes of a file that are read; they have some hundred


@dataclass(frozen=True)
class Limits:
    """The bounds; None or 0 is none.

    ``records`` is a count, ``free_disk`` and ``memory`` are bytes, ``cpu`` is a share of one CPU, 1.0 all of it. CPU
    and memory are of both processes together.
    """

    records: Optional[int] = None
    free_disk: int = 0
    memory: Optional[int] = None
    cpu: Optional[float] = None

    def to_json(self) -> dict[str, object]:
        """Return the bounds as a document."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Limits:
        """Rebuild the bounds."""
        return cls(**{name: document[name] for name in cls.__dataclass_fields__})


class Usage(NamedTuple):
    """What processes have taken: bytes of resident memory now, seconds of CPU since their start."""

    memory: int
    cpu: float


class Reached(NamedTuple):
    """The bound that was reached: its word, and the sentence with the figures."""

    reason: str
    why: str


class Bounds:
    """Looks whether a bound is reached.

    Args:
        limits: the bounds.
        usage: what the run's processes have taken.
        free: bytes that are left where the raw log is.
    """

    def __init__(self, limits: Limits, usage: Callable[[], Usage], free: Callable[[], int]) -> None:
        self._limits = limits
        self._usage = usage
        self._free = free
        self._next = 0.0
        self._past: deque[tuple[float, float]] = deque()  # times, and the CPU taken by then

    def reached(self, now: float, records: int) -> Optional[Reached]:
        """Return the first bound that is reached, if any is."""
        limits = self._limits
        if limits.records is not None and records >= limits.records:
            return Reached("records", f"{limits.records} records were received")
        if now < self._next:
            return None
        self._next = now + _EACH
        return self._disk() or self._taken(now)

    def _disk(self) -> Optional[Reached]:
        if not self._limits.free_disk:
            return None
        free = self._free()
        if free >= self._limits.free_disk:
            return None
        return Reached(
            "free-disk", f"{free} bytes were left where the raw log is, less than {self._limits.free_disk}"
        )

    def _taken(self, now: float) -> Optional[Reached]:
        if self._limits.memory is None and self._limits.cpu is None:
            return None
        usage = self._usage()
        if self._limits.memory is not None and usage.memory > self._limits.memory:
            return Reached(
                "memory", f"mig-audit held {usage.memory} bytes of memory, more than {self._limits.memory}"
            )
        share = self._share(now, usage.cpu)
        if self._limits.cpu is not None and share is not None and share > self._limits.cpu:
            return Reached(
                "cpu",
                f"mig-audit took {share:.0%} of a CPU over {CPU_SPAN:g} s, more than {self._limits.cpu:.0%}",
            )
        return None

    def _share(self, now: float, cpu: float) -> Optional[float]:
        """Return the share of a CPU over the span, once it has passed."""
        self._past.append((now, cpu))
        while len(self._past) > 1 and self._past[1][0] <= now - CPU_SPAN:
            self._past.popleft()
        then, before = self._past[0]
        return (cpu - before) / (now - then) if now - then >= CPU_SPAN else None


def usage_of(pids: Iterable[int], read: Callable[[str], bytes]) -> Usage:
    """Return what these processes have taken, from proc(5); one that is gone has taken nothing."""
    memory, cpu = 0, 0.0
    for pid in pids:
        try:
            pages = int(read(f"/proc/{pid}/statm").split()[1])
            # After the last parenthesis: a program's name may hold anything.
            fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        except OSError:
            continue
        memory += pages * _PAGE
        cpu += (int(fields[11]) + int(fields[12])) / _TICKS
    return Usage(memory, cpu)


_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


class Rereading:
    """Reads small files of proc(5), each of which is opened once: who is not allowed to later can still read it."""

    def __init__(self) -> None:
        """Open nothing yet."""
        self._open: dict[str, int] = {}

    def __call__(self, path: str) -> bytes:
        """Return what a file holds now; raises OSError, also where its process is gone."""
        descriptor = self._open.get(path)
        if descriptor is None:
            descriptor = self._open[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(descriptor, _LARGEST, 0)
