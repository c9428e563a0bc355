"""Every record and every field of an event, as it was received and as libauparse would say it.

Nothing is left out and nothing is arranged: who needs more than another format has of an event finds it here.
"""

from __future__ import annotations

import os
from itertools import chain
from typing import TYPE_CHECKING, Any

from mig_audit.modules.audit.events.group import WHOLE
from mig_audit.modules.audit.formats.jsontext import joined, to_json
from mig_audit.modules.audit.records import printable
from mig_audit.modules.audit.records.interpretation import interpret

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Names, Origin
    from mig_audit.modules.audit.records import Record
    from mig_audit.modules.audit.records.interpretation import Interpreted


class RecordsFormat:
    """Encodes events record by record, as the schema ``audit.records.v1`` describes it.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "records"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._hostname = printable(os.fsencode(origin.hostname))
        self._names = origin.names

    def encode(self, event: Event) -> bytes:
        """Return one JSON object in UTF-8."""
        document: dict[str, Any] = {
            "node": event.node or self._hostname,
            "time": event.timestamp,
            "serial": event.serial,
        }
        if event.part:
            document["part"] = event.part
        if event.ending not in WHOLE:
            document["ending"] = event.ending
        if event.gaps:
            document["incomplete"] = list(event.gaps)
        document["records"] = []
        # One after the other: of an event with all the arguments that there may be, the objects take 250 MiB, and what
        # orjson returns takes more than its length.
        beginning = to_json(document)[: -len("]}")]
        first, *others = event.records
        return joined(
            chain(
                (beginning, to_json(_record(first, self._names))),
                (b"," + to_json(_record(record, self._names)) for record in others),
                (b"]}",),
            )
        )


def _record(record: Record, names: Names) -> dict[str, Any]:
    fields = interpret(record, names)
    document: dict[str, Any] = {"type": record.type, "fields": [_field(field) for field in fields]}
    # Where the fields alone do not tell how the record was written: nested messages, permissions of an AVC.
    if b" ".join(b"%b=%b" % (field.name.encode("ascii"), field.raw) for field in fields) != record.body:
        document["body"] = printable(record.body)
    if record.enriched is not None:
        document["enriched"] = printable(record.enriched)
    return document


def _field(field: Interpreted) -> dict[str, str]:
    raw = printable(field.raw)
    if raw == field.text:
        return {"name": field.name, "text": field.text}
    return {"name": field.name, "raw": raw, "text": field.text}
