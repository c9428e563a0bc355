"""One audit record: a line of bytes becomes typed fields. Knows nothing of events, nor of where lines come from.

What the values mean is in `interpretation`: it has many tables, and the recorder, which writes records, needs none.
"""

from __future__ import annotations

from mig_audit.modules.audit.records.decoding import Absent, decode, printable, printable_value, unprintable
from mig_audit.modules.audit.records.fields import parse_fields
from mig_audit.modules.audit.records.record import Record, parse_line
from mig_audit.modules.audit.records.sockaddr import SocketAddress, decode_sockaddr

__all__ = [
    "Absent",
    "Record",
    "SocketAddress",
    "decode",
    "decode_sockaddr",
    "parse_fields",
    "parse_line",
    "printable",
    "printable_value",
    "unprintable",
]
