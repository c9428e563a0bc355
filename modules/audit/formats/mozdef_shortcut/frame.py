"""What is around the details of every event: when, where, what it was in a line."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, Optional

import mig_audit
from mig_audit.modules.audit.events.event import second_text
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.mozdef_limits import SUMMARY_LIMIT
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import Declined, Memory, encoded_text
from mig_audit.modules.audit.formats.summaries import NOTHING

_CONSTANT = {"ptrace": "Ptrace", "socket": "Socket", "listen": "Listen"}
_BEFORE_SECOND = b'","processname":"%b","timestamp":"' % mig_audit.PROGRAM.encode()
SHORT = 200
"""Characters: with any category before them, a summary has room for so many."""


class Words(NamedTuple):
    """What an event was done to, for its summary: the text, and as a piece of a JSON string if it is short.

    Nothing need be known of a text whose piece there is.
    """

    text: str
    told: Optional[bytes]

    @classmethod
    def of(cls, text: str) -> Words:
        """Return the words of a text; what is not known is said to be so."""
        text = text or NOTHING
        return cls(text, encoded_text(text)[1:-1] if len(text) <= SHORT else None)


class Openings(Memory[tuple[str, bool], tuple[bytes, int]]):
    """By category and success: an event up to the words of its summary, and how many characters those may have."""

    def make(self, key: tuple[str, bool]) -> tuple[bytes, int]:
        """Return it as `summaries` begins the line of a system call; 0 where that is the whole line."""
        category, success = key
        if category == "time":
            line = "time has been modified" if success else "Time change failed"
        else:
            line = _CONSTANT.get(category, "")
        room = 0 if line else SUMMARY_LIMIT - len(category) - len(": ")
        line = line or f"{category.capitalize()}: "
        return to_json({"category": category, "summary": line})[:-2], room


@lru_cache(maxsize=1024)
def _around(host: str) -> tuple[bytes, bytes, bytes]:
    """Return the name of a host in a JSON string, and the two pieces that it is in."""
    told = encoded_text(host)
    before_pid = b'","severity":"INFO","hostname":' + told + b',"processid":"'
    return told[1:-1], before_pid, b'","auditid":' + told[:-1] + b"/"


class Frame:
    """The pieces of an event that go around its details.

    An event is what `opening` gives, ``before_pid``, process id, ``after_pid``, milliseconds, ``before_serial``, serial,
    ``before_stamp``, stamp, a quote, further members of the details, and two closing braces. ``host`` is in two of these, as
    in a JSON string.

    ``after_pid`` ends with the present ``second``, and ``seconds`` is what that is in a stamp: `begin` goes on to another.
    ``names`` are the memories with names of users in them, which hold for a ``minute`` of the stream.
    """

    def __init__(self, hostname: str) -> None:
        self._hostname, self._node = hostname, ""
        self._name_host(hostname)
        tags = to_json([mig_audit.PROGRAM, mig_audit.__version__, "audit"])
        self.before_serial = b'+00:00","source":"audit","tags":' + tags + b',"details":{"auditserial":"'
        self.seconds = self.second = self.after_pid = b""
        self.minute = -1
        self.names: list[Memory[Any, Any]] = []

    def turn_to(self, node: str) -> None:
        """Go to events of a node; without one they are of the host that was given."""
        if node != self._node:
            self._name_host(node or self._hostname)
            self._node = node

    def _name_host(self, name: str) -> None:
        self.host, self.before_pid, self.before_stamp = _around(name)

    def numbers(self, stamp: bytes) -> tuple[bytes, bytes, bytes]:
        """Return an event's seconds, milliseconds and serial.

        Raises:
            Declined: they are not written as the kernel does.
        """
        seconds, _, rest = stamp.partition(b".")
        serial = rest[4:]
        if (serial.startswith(b"0") and len(serial) > 1) or (seconds.startswith(b"0") and len(seconds) > 1):
            raise Declined
        return seconds, rest[:3], serial

    def begin(self, seconds: bytes) -> None:
        """Go to the second of an event."""
        number = int(seconds)
        self.seconds, self.second = seconds, f"{second_text(number)}.".encode()
        self.after_pid = _BEFORE_SECOND + self.second
        if number // 60 != self.minute:
            self.minute = number // 60
            for memory in self.names:
                memory.clear()
