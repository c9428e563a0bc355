"""MozDef's events, as audisp-json shaped them, with the defects of that mended.

Key names are audisp-json's, its spelling included, since consumers know them; what it left out has names of its own.
Mended: valid JSON and UTF-8 whatever a record holds, no key twice, every event, values decoded, success and result
told, time in UTC to the millisecond. The schema ``audit.event.v1`` describes every key.

MozDef's own demands (its event task and index template): ``timestamp`` is ISO 8601, ``gid`` is a string,
``details.success`` is a boolean, and an IP address is one or is left out.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import mig_audit
from mig_audit.modules.audit.formats import mozdef_details
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.mozdef_enrichment import add_enrichment
from mig_audit.modules.audit.formats.mozdef_limits import SUMMARY_LIMIT, TERM_LIMIT, cut
from mig_audit.modules.audit.formats.mozdef_shortcut import MozdefShortcut
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Decoder, Event, Origin
    from mig_audit.modules.audit.formats.interface import Shortcut
    from mig_audit.modules.audit.formats.mozdef_details import Details


class MozdefFormat:
    """Encodes events for MozDef.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "mozdef"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._hostname = printable(os.fsencode(origin.hostname))

    def shortcut(self, decoder: Decoder) -> Shortcut:
        """Return the way that most events take."""
        return MozdefShortcut(self._hostname, decoder, self.document)

    def encode(self, event: Event) -> bytes:
        """Return one JSON object in UTF-8."""
        document = self.document(event)
        data = to_json(document)
        if len(data) <= TERM_LIMIT:
            return data
        truncated = sorted(set(cut(document["details"])))
        if truncated:
            document["details"]["truncated"] = truncated
            data = to_json(document)
        return data

    def document(self, event: Event) -> dict[str, Any]:
        """Return the object to encode, before long values are cut."""
        hostname = event.node or self._hostname
        return {
            "category": event.category,
            "summary": summarise(event)[:SUMMARY_LIMIT],
            "severity": "INFO",
            "hostname": hostname,
            "processid": "0" if event.process.pid is None else str(event.process.pid),
            "processname": mig_audit.PROGRAM,
            "timestamp": event.timestamp,
            "source": "audit",
            "tags": [mig_audit.PROGRAM, mig_audit.__version__, "audit"],
            "details": _details(event, hostname),
        }


def _details(event: Event, hostname: str) -> Details:
    syscall, subject = event.syscall, event.subject
    details: Details = {"auditserial": str(event.serial), "auditid": f"{hostname}/{event.stamp}"}
    mozdef_details.add_records(details, event.types, event.ending, event.gaps)
    if event.keys:
        details["auditkey"] = event.keys[0]
        details["keys"] = list(event.keys)
    if event.success is not None:
        details["success"] = event.success
    if syscall is not None:
        mozdef_details.add_call(details, syscall)
        mozdef_details.add_arguments(details, syscall.args)
    mozdef_details.add_interpreted(details, event.interpreted)
    # Behind socketcall the registers hold something else.
    if (
        syscall is not None
        and syscall.name in mozdef_details.SOCKET_CALLS
        and "SOCKETCALL" not in event.types
    ):
        mozdef_details.add_socket(details, syscall.args)
    mozdef_details.add_identities(details, event.identities)
    mozdef_details.add_process(details, event.process)
    if event.message is not None:
        mozdef_details.add_message(details, event.message)
    if subject is not None:
        mozdef_details.add_subject(details, subject)
        details["paths"] = [mozdef_details.path_details(path) for path in event.paths]
    if event.address is not None:
        mozdef_details.add_address(details, event.address, event.category)
    mozdef_details.add_rest(details, event.rest)
    if event.enrichment is not None:
        add_enrichment(details, event.enrichment)
    return details
