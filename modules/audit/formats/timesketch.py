"""Lines for Timesketch's importer (JSONL): its required columns, tags, and the columns of the flat view.

``timestamp`` is in microseconds, ``datetime`` in ISO 8601 with its offset; rules' keys and the techniques in them are
tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mig_audit.modules.audit.formats.flat import COLUMNS
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.formats.techniques import find_techniques

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin

_DESCRIPTION = "Event Logged"
_DATA_TYPE = "linux:audit:event"
_COLUMNS = {name: find for name, find in COLUMNS.items() if name not in {"summary", "keys", "techniques"}}


class TimesketchFormat:
    """Encodes events for a timeline.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "timesketch"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._hostname = host_name(origin)

    def encode(self, event: Event) -> bytes:
        """Return one JSON object in UTF-8."""
        document: dict[str, Any] = {
            "message": summarise(event),
            "datetime": event.timestamp,
            "timestamp": event.seconds * 10**6 + event.milliseconds * 1000,
            "timestamp_desc": _DESCRIPTION,
            "data_type": _DATA_TYPE,
            "hostname": event.node or self._hostname,
        }
        tags = [*event.keys, *[technique.id for technique in find_techniques(event.keys)]]
        if tags:
            document["tag"] = list(dict.fromkeys(tags))
        for name, find in _COLUMNS.items():
            value = find(event)
            if value is not None and value != "":
                document[name] = value
        return to_json(document)
