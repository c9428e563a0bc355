"""What is around the details of every event: when, where, what it was in a line."""

from __future__ import annotations

from typing import Optional

import mig_audit
from mig_audit.modules.audit.events.event import second_text
from mig_audit.modules.audit.formats import mozdef
from mig_audit.modules.audit.formats.mozdef_shortcut.memory import Declined, Memory, encoded, encoded_text

_CONSTANT = {"ptrace": "Ptrace", "socket": "Socket", "listen": "Listen"}


class Openings(Memory[tuple[str, str, bool], bytes]):
    """An event up to its process id, by its category, what it was done to, and whether it succeeded."""

    def __init__(self, hostname: bytes) -> None:
        super().__init__()
        self._before_pid = b',"severity":"INFO","hostname":' + hostname + b',"processid":"'

    def make(self, key: tuple[str, str, bool]) -> bytes:
        """Return it with the line that `summaries` has for a system call."""
        category, text, success = key
        if category == "time":
            line = "time has been modified" if success else "Time change failed"
        else:
            line = _CONSTANT.get(category) or f"{category.capitalize()}: {text}"
        return self.told(category, line)

    def told(self, category: str, line: str) -> bytes:
        """Return it with this line."""
        return (
            encoded({"category": category, "summary": line[: mozdef.SUMMARY_LIMIT]})[:-1] + self._before_pid
        )


class Frame:
    """The pieces of an event that go around its details.

    An event is ``opening``, process id, ``after_pid``, ``second``, milliseconds, ``before_serial``, serial,
    ``before_stamp``, stamp, a quote, further members of the details, and two closing braces.
    """

    after_pid = b'","processname":"mig-audit","timestamp":"'

    def __init__(self, hostname: str) -> None:
        host = encoded_text(hostname)
        self.openings = Openings(host)
        tags = encoded([mozdef.PROGRAM, mig_audit.__version__, "audit"])
        self.before_serial = b'+00:00","source":"audit","tags":' + tags + b',"details":{"auditserial":"'
        self.before_stamp = b'","auditid":' + host[:-1] + b"/"
        self.second = b""
        self._raw = b""
        self.minute = -1

    def at(self, stamp: bytes) -> tuple[bytes, bytes, Optional[int]]:
        """Go to an event's time: return its milliseconds, its serial, and the minute if that is a new one.

        Raises:
            Declined: its numbers are not written as the kernel does.
        """
        raw, _, rest = stamp.partition(b".")
        serial = rest[4:]
        if serial.startswith(b"0") and len(serial) > 1:
            raise Declined
        minute = None if raw == self._raw else self._begin(raw)
        return rest[:3], serial, minute

    def _begin(self, raw: bytes) -> Optional[int]:
        if raw.startswith(b"0") and len(raw) > 1:
            raise Declined
        seconds = int(raw)
        self._raw = raw
        self.second = f"{second_text(seconds)}.".encode()
        if seconds // 60 == self.minute:
            return None
        self.minute = seconds // 60
        return self.minute
