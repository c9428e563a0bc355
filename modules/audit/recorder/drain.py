"""The hot loop: datagrams off the record socket, lines out."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Union

from mig_audit.modules.audit.kernel import protocol
from mig_audit.modules.audit.kernel.access import UNICAST
from mig_audit.modules.audit.records.rawline import escape
from mig_audit.modules.audit.tables import record_type_name

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.stream import RecordStream

AUDIT_REPLACE = protocol.AUDIT_REPLACE
_LOWEST_RECORD = 1005  # USER, a message that a program sent; below it are the replies to requests
_DATAGRAMS_AT_ONCE = 1024


@dataclass
class Tally:
    """What came off the socket: records as lines, and everything that was not one."""

    received: int = 0
    overruns: int = 0
    foreign: int = 0
    control: int = 0
    challengers: set[int] = field(default_factory=set)


class Block(NamedTuple):
    """Some raw-log lines, each with its newline, and how many they are."""

    data: bytes
    records: int


class _Prefixes(dict[int, bytes]):
    """The end of the line before, and the start of a line, by record type."""

    def __missing__(self, kind: int) -> bytes:
        prefix = self[kind] = f"\ntype={record_type_name(kind)} msg=".encode()
        return prefix


class Drain:
    """Reads one record socket; ``tally`` counts what came, ``idle`` says that the last call left nothing waiting."""

    def __init__(self, source: RecordStream) -> None:
        """Read from an open record stream.

        The socket of a unicast stream is connected to the kernel, which lets nobody else in; to the multicast group
        any process with CAP_NET_ADMIN can send, so there the sender of each message is looked at.
        """
        self.tally = Tally()
        self.idle = False
        self._socket = source.socket
        self._receive = source.socket.recv_into if source.mode == UNICAST else self._receive_from_kernel
        self._buffer = bytearray(protocol.MAX_DATAGRAM)
        self._prefixes = _Prefixes()

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._socket.fileno()

    def block(self) -> Block:
        """Return what is waiting, at most 1,024 records.

        The length of the datagram counts, not ``nlmsg_len``, which lacks the header in what the owner of the audit
        pid receives.
        """
        # Hot: the loop is entered for every record. Names are bound once, checks are made on the block, and whatever
        # is rare is in a method of its own.
        receive, buffer, prefixes = self._receive, self._buffer, self._prefixes
        pieces: list[Union[bytes, bytearray]] = []
        append = pieces.append
        self.idle = False
        for _ in range(_DATAGRAMS_AT_ONCE):
            try:
                size = receive(buffer)
            except BlockingIOError:
                self.idle = True
                break
            except OSError as error:
                self._overrun(error)
                continue
            kind = buffer[4] | buffer[5] << 8
            if kind >= _LOWEST_RECORD and kind != AUDIT_REPLACE and size:
                append(prefixes[kind])
                append(buffer[16:size])
            else:
                self._other(kind, bytes(buffer[16:size]))
        records = len(pieces) // 2
        self.tally.received += records
        return Block(_lines(pieces), records) if records else Block(b"", 0)

    def _receive_from_kernel(self, buffer: bytearray) -> int:
        size, sender = self._socket.recvfrom_into(buffer)
        if sender[0] == 0:
            return size
        self.tally.foreign += 1
        return 0

    def _overrun(self, error: OSError) -> None:
        if error.errno != errno.ENOBUFS:
            raise error
        self.tally.overruns += 1

    def _other(self, kind: int, payload: bytes) -> None:
        if kind == AUDIT_REPLACE and len(payload) >= protocol.REPLACE_PID.size:
            self.tally.challengers.add(protocol.REPLACE_PID.unpack_from(payload)[0])
        elif payload:
            self.tally.control += 1


def _lines(pieces: list[Union[bytes, bytearray]]) -> bytes:
    """Return the lines of prefixes and texts in turn; if any text could break its line, each is looked at alone."""
    data = b"".join(pieces)[1:] + b"\n"
    if data.count(b"\n") * 2 == len(pieces) and b"\x1d" not in data and b"\0" not in data:
        return data
    texts = [escape(bytes(text)) for text in pieces[1::2]]
    return b"".join(piece for pair in zip(pieces[::2], texts) for piece in pair)[1:] + b"\n"
