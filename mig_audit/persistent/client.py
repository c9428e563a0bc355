"""A query to a persistent process: the parameters go there in one line, and its answer is everything that comes back."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from mig_audit.answer import Answer
from mig_audit.errors import (
    BusyError,
    MigAuditError,
    NotPermittedError,
    StoppedError,
    UsageError,
    describe_errno,
)
from mig_audit.messages import Message
from mig_audit.persistent.endpoint import Peer
from mig_audit.stop import Relay

if TYPE_CHECKING:
    from mig_audit.stop import Stop

_UNIX = "unix:"
_PATIENCE = 10.0  # seconds for the other side to take the query; for the answer nobody knows
_CHUNK = 1 << 20
_MAX_ANSWER = 1 << 30  # bytes


def ask(address: str, document: object, stop: Stop) -> Answer:
    """Return the answer of the process at an address, which is what it has registered with the agent.

    A request to stop is passed on, and the answer awaited all the same.

    Raises:
        MigAuditError: there is no whole answer.
    """
    with _connected(address) as sock:
        try:
            sock.sendall(Message("parameters", document).to_line())
            received = _received(sock, stop)
        except OSError as error:
            raise UsageError(
                f"the query to {address} failed: {error.strerror or error}",
                "see whether the process is alive",
            ) from error
    answer = Answer.parse(received)
    if answer is None:
        raise StoppedError(
            f"the process at {address} ended before it answered", "see the agent's log for what became of it"
        )
    return answer


def _connected(address: str) -> socket.socket:
    if not address.startswith(_UNIX):
        raise UsageError(
            f"the address {address!r} is no unix socket's",
            "send persistsock as the process has registered it, unix:PATH",
        )
    path = address[len(_UNIX) :]
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(_PATIENCE)
        sock.connect(path)
        peer = Peer.of(sock)
    except (OSError, ValueError) as error:
        sock.close()
        raise _unreachable(address, error) from error
    if not peer.trusted:
        sock.close()
        raise NotPermittedError(
            f"at {address} a process of user {peer.uid} listens",
            "its word is no evidence: see who started it",
        )
    return sock


def _unreachable(address: str, error: Exception) -> MigAuditError:
    number = (error.errno if isinstance(error, OSError) else None) or 0
    if number == errno.EAGAIN:  # unix(7): as many wait there already as may
        return BusyError(f"busy: too many wait at {address} already", "ask again when they are done")
    why = describe_errno(number) if number else str(error)
    what = f"no persistent process can be reached at {address}: {why}"
    if number in {errno.EACCES, errno.EPERM}:
        return NotPermittedError(what, "run as root")
    return UsageError(what, "start it, or leave persistsock out")


def _received(sock: socket.socket, stop: Stop) -> bytes:
    """Return all that comes, until the other side closes the connection."""

    def pass_on(_reason: str) -> None:
        with suppress(OSError):  # the answer may have been sent already
            sock.sendall(Message("stop").to_line())

    relay = Relay(stop, pass_on)
    received = bytearray()
    while len(received) <= _MAX_ANSWER:
        relay.wait(sock.fileno())
        try:
            part = sock.recv(_CHUNK)
        except ConnectionResetError:  # it hung up before it had read our stop
            part = b""
        if not part:
            return bytes(received)
        received += part
    raise UsageError(f"the answer has more than {_MAX_ANSWER} bytes", "ask for fewer events")
