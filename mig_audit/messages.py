"""MIG's message protocol: one JSON object a line on stdin, ``{"class": ..., "parameters": ...}``.

The agent writes the parameters without a newline and then closes stdin, so a last line without one is a line, and the
end of the input is not a request to stop.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from .errors import UsageError
from .validation import MAX_DOCUMENT, parse_document

if TYPE_CHECKING:
    from typing import BinaryIO

    from .stop import Stop


def read_parameters(stdin: BinaryIO) -> object:
    """Return the parameters of the first message.

    Raises:
        UsageError: there is no message, or it is not one of class ``parameters``.
    """
    line = stdin.readline(MAX_DOCUMENT + 1)
    if not line.strip():
        raise UsageError(
            "stdin ended before a message", 'send {"class":"parameters","parameters":{...}} on one line'
        )
    message = parse_document(line, "the message on stdin")
    if not isinstance(message, dict) or message.get("class") != "parameters":
        raise UsageError(
            "unexpected input is not module parameters",
            'send {"class":"parameters","parameters":{...}} on one line',
        )
    parameters: object = message.get("parameters")
    return {} if parameters is None else parameters


def watch_for_stop(stdin: BinaryIO, stop: Stop) -> threading.Thread:
    """Request a stop when a ``stop`` message comes; the end of the input means nothing."""

    def watch() -> None:
        for line in iter(lambda: stdin.readline(MAX_DOCUMENT), b""):
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
