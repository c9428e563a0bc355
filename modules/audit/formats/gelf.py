"""Graylog's messages (GELF 1.1): every value as an additional field, with an underscore before its name.

Level 6 (informational): mig-audit records, it does not judge. Transports frame them: a newline or NUL over TCP, chunks
over UDP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mig_audit.modules.audit.formats.flat import COLUMNS
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.summaries import summarise

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin

_VERSION = "1.1"
_INFORMATIONAL = 6
_SHORT = 250  # characters; Graylog shows it as a headline, and the whole is full_message
_FIELDS = {f"_{name}": find for name, find in COLUMNS.items() if name != "summary"}


class GelfFormat:
    """Encodes events for Graylog.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "gelf"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._hostname = host_name(origin)

    def encode(self, event: Event) -> bytes:
        """Return one JSON object in UTF-8."""
        summary = summarise(event)
        document: dict[str, Any] = {
            "version": _VERSION,
            "host": event.node or self._hostname,
            "short_message": summary[:_SHORT],
            "timestamp": float(f"{event.seconds}.{event.milliseconds:03}"),
            "level": _INFORMATIONAL,
        }
        if len(summary) > _SHORT:
            document["full_message"] = summary
        for name, find in _FIELDS.items():
            value = find(event)
            if value not in {None, ""}:
                document[name] = value
        return to_json(document)
