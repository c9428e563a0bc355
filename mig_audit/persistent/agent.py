"""The agent that started us, on the other end of stdin and stdout: one message a line, and nobody waits for it."""

from __future__ import annotations

import json
import os
import select
import time
from typing import TYPE_CHECKING, Callable, Union

from mig_audit.errors import UsageError
from mig_audit.messages import Message
from mig_audit.persistent.lines import LineSplitter
from mig_audit.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_LINE = 1 << 20
"""Bytes of a message of the agent's; the configuration is the longest one."""

_CHUNK = 1 << 16
_PIECE = select.PIPE_BUF  # what a pipe that poll(2) calls writable takes without making anybody wait
_MAX_WAITING = 1 << 18  # bytes that wait for the agent to read them
_MAX_LOG = 4096  # characters of a log message


class Agent:
    """Both directions. What is sent waits in memory, up to a bound, beyond which it is counted and left out.

    ``at_end`` says that it will send no more, ``gone`` that it will read no more.
    """

    def __init__(self, stdin: int, stdout: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Read from one descriptor and write to the other; neither is changed."""
        self.stdin = stdin
        self.stdout = stdout
        self._clock = clock
        self._splitter = LineSplitter(MAX_LINE)
        self._waiting = bytearray()
        self._left_out = 0
        self._since = clock()
        self.at_end = self.gone = False

    @property
    def waiting(self) -> bool:
        """Whether there is something that the agent has not taken yet."""
        return bool(self._waiting) and not self.gone

    @property
    def deaf_for(self) -> float:
        """For how many seconds the agent has taken nothing of what waits."""
        return self._clock() - self._since if self.waiting else 0.0

    def receive(self) -> Iterator[Union[Message, UsageError]]:
        """Read once, and yield each message of it, or what is wrong with a line."""
        try:
            part = os.read(self.stdin, _CHUNK)
        except OSError:  # a terminal that was hung up, or no stdin at all
            part = b""
        self.at_end = not part
        for line in self._splitter.feed(part) if part else self._splitter.end():
            if line is None:
                yield UsageError(f"a message of more than {MAX_LINE} bytes is passed over")
            elif line.strip():
                try:
                    yield Message.parse(line, "a message")
                except UsageError as error:
                    yield error

    def send(self, message: Message) -> None:
        """Have a message wait to be written."""
        line = message.to_line()
        if len(self._waiting) + len(line) > _MAX_WAITING:
            self._left_out += 1
            return
        if not self._waiting:
            self._since = self._clock()
        self._waiting += line

    def log(self, text: str) -> None:
        """Have a line in the agent's log."""
        self.send(Message("log", {"message": printable(text)[:_MAX_LOG]}))

    def alert(self, told: Mapping[str, object]) -> None:
        """Have the agent pass on what somebody is to know, as JSON in a string, which is how its alerts are."""
        self.send(Message("alert", {"message": json.dumps(told, separators=(",", ":"))}))

    def flush(self) -> None:
        """Write what can be written without waiting; to be called when poll(2) says that stdout is writable."""
        try:
            written = os.write(self.stdout, self._waiting[:_PIECE])
        except OSError:
            self.gone = True
            return
        del self._waiting[:written]
        self._since = self._clock()
        if self._left_out and not self._waiting:
            left_out, self._left_out = self._left_out, 0
            self.log(f"{left_out} messages were left out, because nobody read them")
