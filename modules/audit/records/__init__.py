"""One audit record: a line of bytes becomes typed fields. Knows nothing of events, nor of where lines come from."""

from __future__ import annotations

from mig_audit.modules.audit.records.decoding import Absent, decode, printable, printable_value, unprintable
from mig_audit.modules.audit.records.fields import parse_fields
from mig_audit.modules.audit.records.interpretation import (
    Accounts,
    Interpreted,
    argument_words,
    field_words,
    interpret,
)
from mig_audit.modules.audit.records.record import Record, parse_line
from mig_audit.modules.audit.records.sockaddr import SocketAddress, decode_sockaddr

__all__ = [
    "Absent",
    "Accounts",
    "Interpreted",
    "Record",
    "SocketAddress",
    "argument_words",
    "decode",
    "decode_sockaddr",
    "field_words",
    "interpret",
    "parse_fields",
    "parse_line",
    "printable",
    "printable_value",
    "unprintable",
]
