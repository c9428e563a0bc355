"""MIG's message protocol: one JSON object a line on stdin, ``{"class": ..., "parameters": ...}``.

The agent writes the parameters without a newline and then closes stdin, so a last line without one is a line, and the
end of the input is not a request to stop.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

from .capabilities import NONE, keep_only
from .documents import MAX_DOCUMENT
from .errors import UsageError
from .validation import parse_document

if TYPE_CHECKING:
    from .stop import Stop

_CHUNK = 1 << 16
_REMEDY = 'send {"class":"parameters","parameters":{...}} on one line'


class Lines:
    """Lines of a descriptor, read past Python's own buffers.

    A thread that waits inside sys.stdin holds its lock, and the interpreter aborts when it finds that at its end.
    """

    def __init__(self, descriptor: int) -> None:
        """Read from an open descriptor."""
        self._descriptor = descriptor
        self._pending = bytearray()

    def next(self) -> bytes:
        """Return the next line, its newline included if it has one; empty at the end of the input."""
        searched = 0
        while (end := self._pending.find(b"\n", searched)) < 0 and len(self._pending) <= MAX_DOCUMENT:
            searched = len(self._pending)
            chunk = os.read(self._descriptor, _CHUNK)
            if not chunk:
                break
            self._pending += chunk
        size = end + 1 if end >= 0 else len(self._pending)
        line = bytes(self._pending[:size])
        del self._pending[:size]
        return line


def read_parameters(lines: Lines) -> object:
    """Return the parameters of the first message.

    Raises:
        UsageError: there is no message, it cannot be read, or it is not one of class ``parameters``.
    """
    try:
        line = lines.next()
    except OSError as error:
        raise UsageError(f"stdin cannot be read: {error.strerror}", _REMEDY) from error
    if not line.strip():
        raise UsageError("stdin ended before a message", _REMEDY)
    message = parse_document(line, "the message on stdin")
    if not isinstance(message, dict) or message.get("class") != "parameters":
        raise UsageError("unexpected input is not module parameters", _REMEDY)
    parameters: object = message.get("parameters")
    return {} if parameters is None else parameters


def watch_for_stop(lines: Lines, stop: Stop) -> threading.Thread:
    """Request a stop when a ``stop`` message comes; the end of the input means nothing."""

    def watch() -> None:
        # It was started with all that the process may do, and has nothing to do but to read.
        keep_only(NONE)
        for line in iter(lines.next, b""):
            if _is_stop(line):
                stop.request("stop message")
                return

    thread = threading.Thread(target=watch, name="stop-watcher", daemon=True)
    thread.start()
    return thread


def _is_stop(line: bytes) -> bool:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("class") == "stop"
