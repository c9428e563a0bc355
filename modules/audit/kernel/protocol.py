"""Numbers and layouts of NETLINK_AUDIT, from linux/netlink.h and linux/audit.h."""

from __future__ import annotations

import struct

NETLINK_AUDIT = 9
AUDIT_NLGRP_READLOG = 1

# struct nlmsghdr: length, type, flags, sequence, port; in the host's byte order
HEADER = struct.Struct("=IHHII")
ERROR_CODE = struct.Struct("=i")
REPLACE_PID = struct.Struct("=i")

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLMSG_ERROR = 2
NLMSG_DONE = 3

SOL_NETLINK = 270
NETLINK_CAP_ACK = 10
SO_RCVBUFFORCE = 33

AUDIT_GET = 1000
AUDIT_SET = 1001
AUDIT_ADD_RULE = 1011
AUDIT_DEL_RULE = 1012
AUDIT_LIST_RULES = 1013
AUDIT_REPLACE = 1329

# A record is at most about 8.7 KiB; an error ACK echoes its request unless it is capped.
MAX_DATAGRAM = 16384


def message(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    """Return a request that asks for an ACK, padded to 4 bytes as auditctl does."""
    padding = b"\0" * (-len(payload) % 4)
    length = HEADER.size + len(payload) + len(padding)
    return HEADER.pack(length, kind, NLM_F_REQUEST | NLM_F_ACK, sequence, 0) + payload + padding
