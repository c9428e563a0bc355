"""Datagrams to raw-log lines."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.kernel import protocol
from mig_audit.modules.audit.kernel.access import MULTICAST, UNICAST
from mig_audit.modules.audit.kernel.stream import RecordStream
from mig_audit.modules.audit.recorder.drain import Drain
from mig_audit.modules.audit.records.rawline import MARK

if TYPE_CHECKING:
    from pytest_mock import MockerFixture


class ScriptedSocket:
    """Gives out datagrams with their sender, raises what it is told to, then has nothing."""

    def __init__(self, *script: object) -> None:
        """Take datagrams, (datagram, port) pairs, and exceptions."""
        self._script = list(script)

    def recvfrom_into(self, buffer: bytearray) -> tuple[int, tuple[int, int]]:
        """Do the next thing of the script."""
        if not self._script:
            raise BlockingIOError
        step = self._script.pop(0)
        if isinstance(step, Exception):
            raise step
        datagram, port = step if isinstance(step, tuple) else (step, 0)
        buffer[: len(datagram)] = datagram
        return len(datagram), (port, 0)

    def recv_into(self, buffer: bytearray) -> int:
        """Do the next thing of the script, on a socket that the kernel keeps others off."""
        return self.recvfrom_into(buffer)[0]


def _datagram(kind: int, text: bytes, *, short: bool = True) -> bytes:
    """Return a record as the owner of the audit pid gets it: nlmsg_len without the header."""
    length = len(text) if short else len(text) + protocol.HEADER.size
    return protocol.HEADER.pack(length, kind, 0, 0, 0) + text


def _drain(*script: object, mode: str = UNICAST) -> Drain:
    sock = ScriptedSocket(*script)
    return Drain(RecordStream(sock, mode, 0))  # type: ignore[arg-type]  # it stands in for a socket


def _lines(drain: Drain) -> list[bytes]:
    data, records = drain.block()
    lines = data.split(b"\n")[:-1]
    assert len(lines) == records
    return [line + b"\n" for line in lines]


@pytest.mark.parametrize("short", [True, False])
def test_the_text_has_the_length_of_the_datagram(short: bool) -> None:  # a parameter of the test
    """Unicast and multicast differ in nlmsg_len, and give the same line."""
    mode = UNICAST if short else MULTICAST
    drain = _drain(_datagram(1300, b"audit(1.000:7): arch=c000003e", short=short), mode=mode)

    assert _lines(drain) == [b"type=SYSCALL msg=audit(1.000:7): arch=c000003e\n"]
    assert drain.tally.received == 1


def test_a_type_without_a_name_keeps_its_number() -> None:
    """A newer kernel may know more types than we do."""
    assert _lines(_drain(_datagram(1999, b"audit(1.000:7): x"))) == [
        b"type=UNKNOWN[1999] msg=audit(1.000:7): x\n"
    ]


def test_a_programs_plain_message_is_a_record() -> None:
    """AUDIT_USER has the lowest number of all records, right after the requests."""
    assert _lines(_drain(_datagram(1005, b"audit(1.000:7): pid=1 msg='x'"))) == [
        b"type=USER msg=audit(1.000:7): pid=1 msg='x'\n"
    ]


@pytest.mark.parametrize("bad", [b"\n", b"\0", b"\x1d"])
def test_a_record_cannot_forge_a_line(bad: bytes) -> None:
    """What would break the line is a space in it, and the original follows it in hex."""
    text = b"audit(1.000:7): msg='a" + bad + b"type=SYSCALL msg=audit(1.000:8): '"

    (line,) = _lines(_drain(_datagram(1112, text)))

    assert line.count(b"\n") == 1
    shown, mark, original = line[:-1].partition(MARK)
    assert mark
    assert bytes.fromhex(original.decode()) == text
    assert shown == b"type=USER_LOGIN msg=" + text.replace(bad, b" ")


@given(st.lists(st.tuples(st.sampled_from([1112, 1300, 1320]), st.binary(max_size=60)), max_size=20))
def test_a_block_is_the_lines_of_its_records_one_by_one(records: list[tuple[int, bytes]]) -> None:
    """The fast way over many records is the plain way over each."""
    together = _drain(*[_datagram(kind, text) for kind, text in records])
    alone = [_drain(_datagram(kind, text)) for kind, text in records]

    assert together.block().data == b"".join(each.block().data for each in alone)
    assert together.tally.received == len(records)


def test_a_message_that_is_not_from_the_kernel_is_counted_and_dropped() -> None:
    """A process with CAP_NET_ADMIN can send to the multicast group; its port is not 0."""
    forged = (_datagram(1300, b"audit(1.000:7): forged"), 4711)
    drain = _drain(forged, _datagram(1320, b"audit(1.000:7): "), mode=MULTICAST)

    assert _lines(drain) == [b"type=EOE msg=audit(1.000:7): \n"]
    assert (drain.tally.foreign, drain.tally.received) == (1, 1)


def test_a_challenger_of_the_audit_pid_is_named() -> None:
    """AUDIT_REPLACE carries a process id, and is no record."""
    drain = _drain(_datagram(protocol.AUDIT_REPLACE, protocol.REPLACE_PID.pack(4711)))

    assert _lines(drain) == []
    assert drain.tally.challengers == {4711}


def test_answers_to_requests_are_no_records() -> None:
    """The ACK of the claim arrives on the record socket."""
    drain = _drain(_datagram(protocol.NLMSG_ERROR, bytes(20)), _datagram(protocol.AUDIT_GET, bytes(44)))

    assert _lines(drain) == []
    assert (drain.tally.control, drain.tally.received) == (2, 0)


def test_an_overrun_is_counted_and_reading_goes_on() -> None:
    """ENOBUFS says that the kernel has dropped records."""
    drain = _drain(OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS)), _datagram(1320, b"audit(1.000:7): "))

    assert len(_lines(drain)) == 1
    assert drain.tally.overruns == 1


def test_a_flood_is_taken_in_portions() -> None:
    """So that the clock and the channel are looked at in between."""
    drain = _drain(*[_datagram(1320, b"audit(1.000:7): ")] * 1500)

    assert (len(_lines(drain)), drain.idle) == (1024, False)
    assert (len(_lines(drain)), drain.idle) == (476, True)


def test_a_broken_socket_is_not_hidden(mocker: MockerFixture) -> None:
    """Any other error of the socket ends the recording."""
    broken = mocker.Mock(spec=socket.socket)
    broken.recv_into.side_effect = OSError(errno.EBADF, "closed")

    with pytest.raises(OSError, match="closed"):
        Drain(RecordStream(broken, UNICAST, 0)).block()
