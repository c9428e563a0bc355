"""Requests to the kernel's audit and their answers, on a socket that never carries records."""

from __future__ import annotations

import errno
import socket
from contextlib import contextmanager
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.capabilities import Capability
from mig_audit.errors import (
    AuditAbsentError,
    InternalError,
    KernelRefusedError,
    MigAuditError,
    UnansweredError,
)
from mig_audit.modules.audit.kernel import protocol
from mig_audit.modules.audit.kernel.standing import absence, refusal
from mig_audit.modules.audit.kernel.status import Setting, Status, pack_setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from typing_extensions import Self

_ANSWER_SECONDS = 5.0
_LIST_ATTEMPTS = 3
_CONTROL_BUFFER = 8 << 20
# What send(2) says when the kernel has not looked at the request; after anything else it may have.
_REFUSED = frozenset({errno.ECONNREFUSED, errno.EPERM, errno.EACCES, errno.EMSGSIZE})


class _Asked(NamedTuple):
    """What a request asks for, in words, and the capability that the kernel wants for it (audit_netlink_ok)."""

    what: str
    needs: Capability = Capability.AUDIT_CONTROL


def open_netlink() -> socket.socket:
    """Return a connected audit socket; connected to port 0, it takes messages from the kernel alone."""
    if not hasattr(socket, "AF_NETLINK"):
        raise AuditAbsentError("this is not Linux", "kernel audit is a part of Linux alone")
    try:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol.NETLINK_AUDIT)
    except OSError as error:
        raise absence(error.errno or errno.EIO) from error
    sock.setsockopt(protocol.SOL_NETLINK, protocol.NETLINK_CAP_ACK, 1)
    return sock


def force_receive_buffer(sock: socket.socket, size: int) -> int:
    """Ask for a receive buffer beyond ``net.core.rmem_max``; return the bytes that the kernel granted."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, protocol.SO_RCVBUFFORCE, size)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


class Control:
    """The control side of kernel audit: one request, one answer, matched by sequence number."""

    def __init__(self, sock: socket.socket) -> None:
        """Take over a socket from `open_netlink` (or one that behaves like it)."""
        self._socket = sock
        self._socket.settimeout(_ANSWER_SECONDS)
        self._sequence = 0

    @classmethod
    def open(cls) -> Self:
        """Open a control socket, or say why this host has no audit."""
        sock = open_netlink()
        sock.connect((0, 0))
        force_receive_buffer(sock, _CONTROL_BUFFER)
        return cls(sock)

    def close(self) -> None:
        """Close the socket; nothing in the kernel depends on it."""
        self._socket.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def status(self) -> Status:
        """Return the kernel's audit status (AUDIT_GET)."""
        sequence = self._request(protocol.AUDIT_GET, b"", _Asked("reading the audit status"))
        kind, payload = self._reply(sequence)
        if kind != protocol.AUDIT_GET:
            raise InternalError(f"asked for the audit status, the kernel answered with message type {kind}")
        return Status.unpack(payload)

    def set(self, setting: Setting, value: int, words: int) -> None:
        """Set one word of the status (AUDIT_SET)."""
        asked = _Asked(f"setting {setting.name.lower()} to {value}")
        self._request(protocol.AUDIT_SET, pack_setting(setting, value, words), asked)

    def add_rule(self, payload: bytes) -> None:
        """Add one rule, given as ``struct audit_rule_data``."""
        (error,) = self.add_rules([payload])
        if error is not None:
            raise error

    def add_rules(self, payloads: Sequence[bytes]) -> Iterator[Optional[MigAuditError]]:
        """Add rules, all with one system call; yield what each came to, in order: None if the kernel took it.

        They are asked for when the first answer is; whoever stops there does not know what became of the rest.
        """
        asked = _Asked("adding a rule")
        first = self._sequence + 1
        self._sequence += len(payloads)
        messages = (
            protocol.message(protocol.AUDIT_ADD_RULE, sequence, payload)
            for sequence, payload in enumerate(payloads, start=first)
        )
        try:
            with _explained(asked):
                self._socket.send(b"".join(messages))
        except MigAuditError as unsent:
            yield from repeat(unsent, len(payloads))
            return
        for index in range(len(payloads)):
            error = self._failure(first + index, asked)
            yield error
            if isinstance(error, UnansweredError):
                # A kernel that is silent once is not waited for again: the others are in doubt too.
                yield from repeat(error, len(payloads) - index - 1)
                return

    def delete_rule(self, payload: bytes) -> None:
        """Delete one rule, given as ``struct audit_rule_data`` without the prepend flag."""
        self._request(protocol.AUDIT_DEL_RULE, payload, _Asked("deleting a rule"))

    def log_message(self, kind: int, text: bytes) -> None:
        """Have the kernel record a message, as programs do; it needs CAP_AUDIT_WRITE.

        That there is no error does not mean that there will be a record: the kernel says nothing where audit is
        switched off, or where a filter keeps such messages out.
        """
        self._request(kind, text + b"\0", _Asked("having a message recorded", Capability.AUDIT_WRITE))

    def rules(self) -> tuple[bytes, ...]:
        """Return every loaded rule as the kernel lists it, in evaluation order.

        The kernel drops rules without a word when the reader's buffer is full, so only a listing that ran to its
        end mark without ENOBUFS counts.
        """
        for _ in range(_LIST_ATTEMPTS):
            listed: list[bytes] = []
            try:
                sequence = self._request(protocol.AUDIT_LIST_RULES, b"", _Asked("listing the rules"))
                while True:
                    kind, payload = self._reply(sequence)
                    if kind == protocol.NLMSG_DONE:
                        return tuple(listed)
                    listed.append(payload)
            except _BufferFullError:
                continue
        raise KernelRefusedError(
            "listing the rules", errno.ENOBUFS, "the host is too busy to answer; try again"
        )

    def _request(self, kind: int, payload: bytes, asked: _Asked) -> int:
        """Send one request and wait for its ACK; return the sequence number that its replies carry."""
        self._sequence += 1
        with _explained(asked):
            self._socket.send(protocol.message(kind, self._sequence, payload))
        self._acknowledged(self._sequence, asked)
        return self._sequence

    def _failure(self, sequence: int, asked: _Asked) -> Optional[MigAuditError]:
        """Return what a request came to that may fail: None if it did not."""
        try:
            self._acknowledged(sequence, asked)
        except MigAuditError as error:
            return error
        return None

    def _acknowledged(self, sequence: int, asked: _Asked) -> None:
        """Wait for the ACK of a request."""
        answer, body = self._reply(sequence)
        if answer != protocol.NLMSG_ERROR:
            raise InternalError(f"{asked.what}: the kernel sent message type {answer} in place of an ACK")
        (code,) = protocol.ERROR_CODE.unpack_from(body)
        if code < 0:
            raise refusal(asked.what, -code, asked.needs)

    def _reply(self, sequence: int) -> tuple[int, bytes]:
        """Return the next message that answers ``sequence``: its type and payload."""
        while True:
            with _unanswered():
                datagram = self._socket.recv(protocol.MAX_DATAGRAM)
            length, kind, _flags, answered, _port = protocol.HEADER.unpack_from(datagram)
            if answered == sequence:
                return kind, datagram[protocol.HEADER.size : length]


class _BufferFullError(UnansweredError):
    """ENOBUFS on the control socket."""


@contextmanager
def _explained(asked: _Asked) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        number = error.errno or errno.EIO
        if number in _REFUSED:
            raise refusal(asked.what, number, asked.needs) from error
        raise UnansweredError(asked.what, number) from error


@contextmanager
def _unanswered() -> Iterator[None]:
    what = "waiting for the kernel's answer"
    try:
        yield
    except socket.timeout as error:
        what, remedy = f"{what}: none in {_ANSWER_SECONDS:g} s", "the host may be overloaded; try again"
        raise UnansweredError(what, errno.ETIMEDOUT, remedy) from error
    except OSError as error:
        number = error.errno or errno.EIO
        kind = _BufferFullError if number == errno.ENOBUFS else UnansweredError
        raise kind(what, number) from error
