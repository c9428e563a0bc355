"""Syslog messages (RFC 5424): the values as structured data, the sentence as the message.

Facility 13 (log audit), severity 6 (informational): mig-audit records, it does not judge. The structured data's id is
``audit@32473``; 32473 is the number that RFC 5612 keeps for examples, as mig-audit has no enterprise number. ``PROCID``
is empty, since the process that an event is about did not send it; ``MSGID`` is the category.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import mig_audit
from mig_audit.modules.audit.formats.flat import COLUMNS
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.summaries import summarise

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin

_PRIORITY = 13 * 8 + 6
_ORIGIN = f'[origin software="{mig_audit.PROGRAM}" swVersion="{mig_audit.__version__}"]'
_PARAMETERS = {name: find for name, find in COLUMNS.items() if name != "summary"}
_ESCAPED = re.compile(r'["\\\]]')  # RFC 5424, 6.3.3
_NOT_PRINTABLE_ASCII = re.compile(r"[^\x21-\x7e]")
_HOST_LENGTH, _ID_LENGTH = 255, 32


class Rfc5424Format:
    """Encodes events as syslog messages, for transports that end each with a newline or count its bytes.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "rfc5424"
    media_type = "text/plain; charset=utf-8"

    def __init__(self, origin: Origin) -> None:
        self._hostname = host_name(origin)

    def encode(self, event: Event) -> bytes:
        """Return one message; beyond ASCII it is UTF-8 without a mark, which the RFC calls MSG-ANY."""
        timestamp = f"{event.timestamp[:23]}Z"
        host = _header(event.node or self._hostname, _HOST_LENGTH)
        head = f"<{_PRIORITY}>1 {timestamp} {host} mig-audit - {_header(event.category, _ID_LENGTH)}"
        values = [(name, find(event)) for name, find in _PARAMETERS.items()]
        data = "".join([f' {name}="{_value(value)}"' for name, value in values if value not in {None, ""}])
        return f"{head} {_ORIGIN}[audit@32473{data}] {summarise(event)}".encode()


def _header(text: str, length: int) -> str:
    """Return a word of the header, which is printable ASCII without blanks."""
    return _NOT_PRINTABLE_ASCII.sub("_", text)[:length]


def _value(value: object) -> str:
    return _ESCAPED.sub(r"\\\g<0>", value) if isinstance(value, str) else str(value)
