"""One log: a file, plain or compressed, or whatever stdin is connected to."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Callable

from mig_audit.documents import STDIN
from mig_audit.errors import NO_DESCRIPTORS, DamagedInputError, UsageError
from mig_audit.modules.audit.sources.ausearch import PrintedEvents
from mig_audit.modules.audit.sources.compression import decompressed, decompressor_for, undecided
from mig_audit.modules.audit.sources.interface import CHUNK
from mig_audit.modules.audit.sources.lines import LineCutter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.sources.interface import Patience

OPENING = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_IDLE = 0.1  # seconds without a byte after which what was made of the others is handed on

AtEnd = Callable[[int], bool]
"""Asked at the end of a file, with its descriptor: is there to be more?"""


def open_log(path: str) -> int:
    """Return the descriptor of a log; a pipe's writer is waited for only when it is read.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        if path == STDIN:
            return os.dup(0)
        descriptor = os.open(path, OPENING)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise IsADirectoryError(21, os.strerror(21))
    except OSError as error:
        if error.errno in NO_DESCRIPTORS:
            raise
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "name a readable log, or - for stdin"
        ) from error
    return descriptor


def _no_more(_descriptor: int) -> bool:
    return False


class FileSource:
    """See `mig_audit.modules.audit.sources.interface.Source`. It closes its descriptor when it has been read."""

    def __init__(self, descriptor: int, name: str, patience: Patience, at_end: AtEnd = _no_more) -> None:
        """Read from a descriptor, from where it is."""
        self.name = name
        self.troubles: list[DamagedInputError] = []
        self._descriptor = descriptor
        self._patience = patience
        self._at_end = at_end

    def blocks(self) -> Iterator[bytes]:
        """Yield whole lines; see the interface."""
        cutter, events = LineCutter(), PrintedEvents(self.name)
        try:
            for chunk in self._content():
                lines = cutter.cut(chunk)
                if lines or not chunk:
                    yield from events.in_order(lines)
        except DamagedInputError as error:
            self.troubles.append(error)
        except OSError as error:
            self.troubles.append(
                DamagedInputError(
                    f"{self.name} could not be read on: {error.strerror}", "what came before was read"
                )
            )
        finally:
            os.close(self._descriptor)
        rest = b"" if self._patience.over else cutter.rest()
        if rest:
            self.troubles.append(
                DamagedInputError(f"the last line of {self.name} has no newline", "it may be torn")
            )
            yield rest
        yield from events.rest()

    def _content(self) -> Iterator[bytes]:
        """Yield its bytes, decompressed."""
        chunks = self._chunks()
        first = b""
        for chunk in chunks:
            first += chunk
            if not undecided(first):
                break
            if not chunk:
                yield b""
        make = decompressor_for(first, self.name)
        whole = _with(first, chunks)
        yield from decompressed(whole, make, self.name) if make else whole

    def _chunks(self) -> Iterator[bytes]:
        """Yield its bytes as they are; an empty chunk where nothing is there at the moment."""
        waits = not stat.S_ISREG(os.fstat(self._descriptor).st_mode)
        quiet = False
        while not self._patience.over:
            if waits and not self._patience.wait(self._descriptor, _IDLE):
                if not quiet:
                    yield b""
                quiet = True
                continue
            quiet = False
            try:
                chunk = os.read(self._descriptor, CHUNK)
            except BlockingIOError:
                # Somebody else reads from the same pipe, and was faster.
                continue
            # At its end, too, what was made of the others should not have to wait.
            yield chunk
            if not chunk and not self._at_end(self._descriptor):
                return


def _with(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from chunks
