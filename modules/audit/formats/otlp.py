"""OpenTelemetry's log records, as OTLP has them in JSON: each event is a message of its own, as the file exporter writes.

Attributes have the names of OpenTelemetry's semantic conventions, or begin with ``audit.``. A user is who logged in,
where that is known; a process's user is whose rights it used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Union

import mig_audit
from mig_audit.modules.audit.events.command_line import MISSING
from mig_audit.modules.audit.formats.actors import command, name_of, number_of
from mig_audit.modules.audit.formats.enriched import around, unknown
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.jsontext import to_json
from mig_audit.modules.audit.formats.network import remote
from mig_audit.modules.audit.formats.summaries import summarise
from mig_audit.modules.audit.formats.techniques import find_techniques

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.events import Event, Origin

Attribute = tuple[str, Union[str, int, "Sequence[str]", None]]

_SCHEMA = "https://opentelemetry.io/schemas/1.44.0"
_INFO = 9  # SEVERITY_NUMBER_INFO of opentelemetry/proto/logs/v1/logs.proto
_SCOPE = {"name": mig_audit.PROGRAM, "version": mig_audit.__version__}


class OtlpFormat:
    """Encodes events as LogsData, which is what an ExportLogsServiceRequest looks like, too.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "otlp"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._hostname = host_name(origin)

    def encode(self, event: Event) -> bytes:
        """Return one JSON object in UTF-8."""
        host = event.node or self._hostname
        time = str(event.seconds * 10**9 + event.milliseconds * 10**6)
        record = {
            "timeUnixNano": time,
            "observedTimeUnixNano": time,
            "severityNumber": _INFO,
            "severityText": "INFO",
            "body": {"stringValue": summarise(event)},
            "attributes": _keyed(_attributes(event, host)),
            "eventName": f"audit.{event.category}",
        }
        resource: list[Attribute] = [
            ("host.name", host),
            ("os.type", "linux"),
            ("service.name", mig_audit.PROGRAM),
            ("service.version", mig_audit.__version__),
        ]
        document = {
            "resourceLogs": [
                {
                    "resource": {"attributes": _keyed(resource)},
                    "scopeLogs": [{"scope": _SCOPE, "logRecords": [record], "schemaUrl": _SCHEMA}],
                    "schemaUrl": _SCHEMA,
                }
            ]
        }
        return to_json(document)


def _keyed(attributes: Union[Sequence[Attribute], Iterator[Attribute]]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": _value(value)} for key, value in attributes if value is not None and value != ()
    ]


def _value(value: Union[str, int, Sequence[str]]) -> dict[str, Any]:
    """Return an AnyValue; 64-bit numbers are text in protobuf's JSON."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, str):
        return {"stringValue": value}
    return {"arrayValue": {"values": [{"stringValue": each} for each in value]}}


def _attributes(event: Event, host: str) -> Iterator[Attribute]:
    syscall, message, identities = event.syscall, event.message, event.identities
    yield "log.record.uid", f"{host}/{event.stamp}"
    yield "audit.serial", event.serial
    yield "audit.category", event.category
    yield "audit.types", event.types
    yield "audit.keys", event.keys
    yield "audit.techniques", tuple([technique.id for technique in find_techniques(event.keys)])
    yield "audit.success", event.success
    yield "audit.incomplete", event.gaps
    if syscall is not None:
        yield "audit.syscall", syscall.name or (None if syscall.number is None else str(syscall.number))
        yield "audit.arch", syscall.arch_name or syscall.arch
        yield "audit.exit", syscall.exit
        yield "audit.interpreted", tuple([f"{name}={words}" for name, words in event.interpreted])
        yield "error.type", syscall.errno
    yield "audit.auid", number_of(identities.auid)
    yield "user.id", _text(number_of(identities.auid or identities.uid))
    yield "user.name", name_of(identities.auid or identities.uid)
    yield from _process(event)
    yield from _around(event)
    yield from _file(event)
    yield from _network(event)
    if message is not None:
        yield "audit.operation", message.op
        yield "audit.account", message.acct


def _process(event: Event) -> Iterator[Attribute]:
    process, identities = event.process, event.identities
    yield "process.pid", process.pid
    yield "process.parent_pid", process.ppid
    yield "process.executable.name", process.comm
    yield "process.executable.path", process.exe
    yield "process.command_line", command(event)
    if process.argv is not None:
        yield "process.command_args", tuple([MISSING if word is None else word for word in process.argv])
        yield "process.args_count", process.argc
    yield "process.title", None if process.title is None else " ".join(process.title)
    yield "process.working_directory", process.cwd
    yield "process.user.id", number_of(identities.euid)
    yield "process.user.name", name_of(identities.euid)
    yield "process.real_user.id", number_of(identities.uid)
    yield "process.real_user.name", name_of(identities.uid)
    yield "process.saved_user.id", number_of(identities.suid)
    yield "process.saved_user.name", name_of(identities.suid)
    yield "audit.session", process.session
    yield "audit.terminal", process.tty


def _around(event: Event) -> Iterator[Attribute]:
    """Give what enrichment added."""
    enrichment = around(event)
    parent, place = enrichment.parent, enrichment.place
    if parent is not None:
        yield "audit.parent.name", parent.comm
        yield "audit.parent.executable", parent.exe
        yield "audit.parent.command_line", parent.command
    if place is not None:
        yield "container.id", place.container
        yield "container.runtime", place.runtime
        yield "audit.unit", place.unit
        yield "process.linux.cgroup", place.cgroup
    yield "audit.script", enrichment.script
    yield "audit.sha256", enrichment.sha256
    yield "audit.environment", tuple([f"{name}={value}" for name, value in enrichment.environment])
    yield "audit.labels", enrichment.labels
    yield "audit.presumed", enrichment.presumed
    yield "audit.unknown", tuple(unknown(event))


def _file(event: Event) -> Iterator[Attribute]:
    subject = event.subject
    if subject is None:
        return
    path = subject.path or subject.name
    yield "file.path", path
    yield "file.name", path and path.rstrip("/").rpartition("/")[2]
    yield "file.inode", _text(subject.inode)
    yield "file.mode", subject.mode
    yield "file.owner.id", _text(subject.ouid)
    yield "file.group.id", _text(subject.ogid)


def _network(event: Event) -> Iterator[Attribute]:
    if event.address is not None:
        yield "audit.address", event.address.text
    peer = remote(event)
    if peer is not None:
        yield f"{peer.side}.address", peer.address or peer.host
        yield f"{peer.side}.port", peer.port


def _text(number: Optional[int]) -> Optional[str]:
    return None if number is None else str(number)
