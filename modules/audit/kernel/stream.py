"""The two ways to receive records: as the owner of the audit pid, and as a member of the multicast group."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from mig_audit.capabilities import Capability
from mig_audit.errors import (
    AuditOwnedError,
    AuditUnavailableError,
    KernelRefusedError,
    describe_errno,
)
from mig_audit.modules.audit.kernel import protocol
from mig_audit.modules.audit.kernel.control import Control, force_receive_buffer, open_netlink
from mig_audit.modules.audit.kernel.standing import Standing, deafness, refusal
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    import socket


class RecordStream:
    """A socket that carries records: ``socket`` to read, ``mode`` as reported, ``buffer`` bytes granted."""

    def __init__(self, sock: socket.socket, mode: str, buffer: int) -> None:
        """Use `claim` or `join`."""
        self.socket = sock
        self.mode = mode
        self.buffer = buffer

    def close(self) -> None:
        """Stop receiving."""
        self.socket.close()


def claim(words: int, receive_buffer: int) -> RecordStream:
    """Become the owner of the audit pid.

    The kernel remembers the socket on which the claim arrives, so it is sent on the record socket itself. That socket
    is close-on-exec: a copy in a child would keep the claim alive after we are gone.

    Raises:
        AuditOwnedError: another living process owns it.
    """
    sock = open_netlink()
    sock.connect((0, 0))
    granted = force_receive_buffer(sock, receive_buffer)
    control = Control(sock)
    try:
        control.set(Setting.PID, os.getpid(), words)
    except KernelRefusedError as error:
        sock.close()
        if error.number == errno.EEXIST:
            raise AuditOwnedError(
                "another living process owns the audit pid (EEXIST)",
                "stop it, or let mig-audit read beside it (kernel.stream = auto)",
            ) from error
        raise
    sock.setblocking(False)
    return RecordStream(sock, "unicast", granted)


def join(receive_buffer: int) -> RecordStream:
    """Read beside the owner, through the multicast group (Linux 3.16 and CAP_AUDIT_READ)."""
    deaf = deafness(Standing.read())
    if deaf:
        raise deaf
    what = "joining the audit multicast group"
    sock = open_netlink()
    granted = force_receive_buffer(sock, receive_buffer)
    try:
        sock.bind((0, 1 << (protocol.AUDIT_NLGRP_READLOG - 1)))
    except PermissionError as error:
        sock.close()
        raise refusal(what, error.errno or errno.EPERM, Capability.AUDIT_READ) from error
    except OSError as error:
        sock.close()
        raise AuditUnavailableError(
            f"{what}: {describe_errno(error.errno or errno.EIO)}",
            "it needs Linux 3.16; on an older kernel the audit pid must be free",
        ) from error
    sock.setblocking(False)
    return RecordStream(sock, "multicast", granted)
