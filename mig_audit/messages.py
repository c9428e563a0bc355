"""MIG's message protocol: one JSON object a line on stdin, ``{"class": ..., "parameters": ...}``.

The agent writes the parameters without a newline and then closes stdin, so a last line without one is a line, and the
end of the input is not a request to stop.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Callable, NamedTuple

from .capabilities import NONE, keep_only
from .documents import MAX_DOCUMENT
from .errors import UsageError
from .validation import parse_document

if TYPE_CHECKING:
    from .stop import Stop

STOPPED = "stop message"
"""What a stop is called that a message asks for."""

_CHUNK = 1 << 16
_REMEDY = 'send {"class":"parameters","parameters":{...}} on one line'


class Message(NamedTuple):
    """One message: its class, its parameters, and the address of the persistent process that it is for, if it names one.

    What is no object, or has no class, is of the class that has no name.
    """

    kind: str
    parameters: object = None
    address: str = ""

    @classmethod
    def parse(cls, line: bytes, origin: str) -> Message:
        """Read one line, with or without its newline; other keys mean nothing, as in MIG.

        Raises:
            UsageError: it cannot be read; the error names ``origin``.
        """
        message = parse_document(line, origin)
        if not isinstance(message, dict) or not isinstance(message.get("class"), str):
            return cls("")
        address = message.get("persistsock") or ""
        if not isinstance(address, str):
            raise UsageError(f"persistsock in {origin} is no string", "send the address as it was registered")
        return cls(message["class"], message.get("parameters"), address)

    def document(self) -> object:
        """Return the parameters of a message of class ``parameters``; they are empty if it has none.

        Raises:
            UsageError: it is of another class.
        """
        if self.kind != "parameters":
            raise UsageError("unexpected input is not module parameters", _REMEDY)
        return {} if self.parameters is None else self.parameters

    def to_line(self) -> bytes:
        """Return it as it is sent, with its newline; without parameters if it has none."""
        parameters = {} if self.parameters is None else {"parameters": self.parameters}
        return json.dumps({"class": self.kind, **parameters}, separators=(",", ":")).encode("ascii") + b"\n"


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


def read_message(lines: Lines) -> Message:
    """Return the first message.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    try:
        line = lines.next()
    except OSError as error:
        raise UsageError(f"stdin cannot be read: {error.strerror}", _REMEDY) from error
    if not line.strip():
        raise UsageError("stdin ended before a message", _REMEDY)
    return Message.parse(line, "the message on stdin")


def watch_for_stop(lines: Lines, stop: Stop) -> threading.Thread:
    """Request a stop with each ``stop`` message that comes; the end of the input means nothing."""

    def heard(line: bytes) -> None:
        if _is_stop(line):
            stop.request(STOPPED)

    return watch(lines, heard)


def watch(lines: Lines, heard: Callable[[bytes], None]) -> threading.Thread:
    """Have each line heard while the process does something else; the end of the input comes as an empty line."""

    def read() -> None:
        # It was started with all that the process may do, and has nothing to do but to read.
        keep_only(NONE)
        line = b"\n"
        while line:
            line = lines.next()
            heard(line)

    thread = threading.Thread(target=read, name="stop-watcher", daemon=True)
    thread.start()
    return thread


def _is_stop(line: bytes) -> bool:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("class") == "stop"
