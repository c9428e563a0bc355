"""The hot loop: datagrams off the record socket, lines out."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mig_audit.modules.audit.kernel import protocol
from mig_audit.modules.audit.tables import record_type_name

if TYPE_CHECKING:
    import socket

# Newlines would forge a line, NUL would end one, and 0x1D separates the enriched part: a record that holds any of
# them (only messages from user space can) is written with spaces in their place, and whole, in hex, behind the line.
_UNSAFE = bytes.maketrans(b"\n\0\x1d", b"   ")
RAW_MARK = b"\x1dMIG_RAW="

_LOWEST_RECORD = 1006  # LOGIN; below it are the replies to requests
_DATAGRAMS_AT_ONCE = 1024


@dataclass
class Tally:
    """What came off the socket: records as lines, and everything that was not one."""

    received: int = 0
    overruns: int = 0
    foreign: int = 0
    control: int = 0
    challengers: set[int] = field(default_factory=set)


class _Prefixes(dict[int, bytes]):
    """The start of a line, by record type."""

    def __missing__(self, kind: int) -> bytes:
        prefix = self[kind] = f"type={record_type_name(kind)} msg=".encode()
        return prefix


class Drain:
    """Reads one record socket; ``tally`` counts what came, ``idle`` says that the last call left nothing waiting."""

    def __init__(self, sock: socket.socket) -> None:
        """Read from a non-blocking record socket."""
        self.tally = Tally()
        self.idle = False
        self._socket = sock
        self._buffer = bytearray(protocol.MAX_DATAGRAM)
        self._view = memoryview(self._buffer)
        self._prefixes = _Prefixes()

    def lines(self) -> list[bytes]:
        """Return what is waiting, as raw-log lines, at most 1,024 of them; ``idle`` says that nothing is left.

        The length of the datagram counts, not ``nlmsg_len``, which lacks the header in what the owner of the audit
        pid receives. A message that is not from the kernel (its sender's port is not 0) is counted and dropped.
        """
        # Hot: 1 to 2 microseconds a record. Names are bound once, and everything rare is in _other.
        receive, buffer, view, prefixes = self._socket.recvfrom_into, self._buffer, self._view, self._prefixes
        lines: list[bytes] = []
        append = lines.append
        self.idle = False
        for _ in range(_DATAGRAMS_AT_ONCE):
            try:
                size, sender = receive(buffer)
            except BlockingIOError:
                self.idle = True
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.tally.overruns += 1
                continue
            kind = buffer[4] | buffer[5] << 8
            if sender[0] or kind < _LOWEST_RECORD or kind == protocol.AUDIT_REPLACE:
                self._other(kind, sender[0], bytes(view[16:size]))
                continue
            text = bytes(view[16:size])
            if b"\n" in text or b"\x1d" in text or b"\0" in text:
                text = escape(text)
            append(b"%b%b\n" % (prefixes[kind], text))
        self.tally.received += len(lines)
        return lines

    def _other(self, kind: int, port: int, payload: bytes) -> None:
        if port:
            self.tally.foreign += 1
        elif kind == protocol.AUDIT_REPLACE and len(payload) >= protocol.REPLACE_PID.size:
            self.tally.challengers.add(protocol.REPLACE_PID.unpack_from(payload)[0])
        else:
            self.tally.control += 1


def escape(text: bytes) -> bytes:
    """Return a record's text as one line, with the original in hex behind it."""
    return text.translate(_UNSAFE) + RAW_MARK + text.hex().upper().encode()
