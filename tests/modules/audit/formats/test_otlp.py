"""OTLP messages: as OpenTelemetry's own protobuf classes parse them, with names of its conventions."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pytest
from audit_events import (
    BUSY_HOST_EVENTS,
    HOST,
    ORIGIN,
    busy_host,
    decode,
    enriched,
    hostile_exec,
    hostile_login,
    hostile_text,
    path,
    syscall,
)
from hypothesis import given

import mig_audit
from mig_audit.modules.audit.formats.otlp import OtlpFormat
from mig_audit.modules.audit.formats.summaries import summarise

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

logs_service = pytest.importorskip("opentelemetry.proto.collector.logs.v1.logs_service_pb2")
logs = pytest.importorskip("opentelemetry.proto.logs.v1.logs_pb2")
common = pytest.importorskip("opentelemetry.proto.common.v1.common_pb2")
json_format = pytest.importorskip("google.protobuf.json_format")
pytest.importorskip("opentelemetry.semconv")

FORMAT = OtlpFormat(ORIGIN)


@lru_cache(maxsize=1)
def _conventions() -> frozenset[str]:
    """Return every attribute name of OpenTelemetry's semantic conventions."""
    names: set[str] = set()
    for package_name in ("opentelemetry.semconv.attributes", "opentelemetry.semconv._incubating.attributes"):
        package = importlib.import_module(package_name)
        for module in pkgutil.iter_modules(package.__path__):
            content = vars(importlib.import_module(f"{package_name}.{module.name}"))
            names |= {value for key, value in content.items() if key.isupper() and isinstance(value, str)}
    return frozenset(names)


def _value(value: Any) -> object:  # noqa: ANN401  # a protobuf message
    kind = value.WhichOneof("value")
    held = getattr(value, kind)
    return [_value(each) for each in held.values] if kind == "array_value" else held


@lru_cache(maxsize=1 << 16)
def _attribute(text: str) -> tuple[str, object]:
    """Return an attribute; most of them come again and again, and the reader of protobuf takes its time for each."""
    pair = json_format.ParseDict(ast.literal_eval(text), common.KeyValue())
    return pair.key, _value(pair.value)


def _attributes(document: dict[str, Any]) -> dict[str, object]:
    """Take the attributes out of an object, and return what they mean."""
    pairs = [_attribute(repr(each)) for each in document.pop("attributes")]
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, in which no key comes twice."""
    made = dict(pairs)
    assert len(made) == len(pairs)
    return made


def _parse(data: bytes) -> tuple[dict[str, object], Any, dict[str, object]]:
    """Return the resource's attributes, the one record, and its attributes; unknown fields are an error."""
    document = json.loads(data, object_pairs_hook=_once)
    resource = document["resourceLogs"][0]
    about = _attributes(resource["resource"]), _attributes(resource["scopeLogs"][0]["logRecords"][0])
    (resource_logs,) = json_format.ParseDict(document, logs.LogsData()).resource_logs
    (scope_logs,) = resource_logs.scope_logs
    (record,) = scope_logs.log_records
    assert (scope_logs.scope.name, scope_logs.scope.version) == ("mig-audit", mig_audit.__version__)
    return about[0], record, about[1]


def _check(event: Event) -> dict[str, object]:
    resource, record, attributes = _parse(FORMAT.encode(event))
    assert [
        name
        for name in {**resource, **attributes}
        if not name.startswith("audit.") and name not in _conventions()
    ] == []
    assert resource["host.name"] == event.node or HOST
    assert record.time_unix_nano == (event.seconds * 1000 + event.milliseconds) * 10**6
    assert record.severity_number == logs.SEVERITY_NUMBER_INFO
    assert record.body.string_value == summarise(event)
    assert record.event_name == f"audit.{event.category}"
    return attributes


def test_an_event_is_a_record_with_attributes() -> None:
    """Numbers stay numbers, lists stay lists."""
    event = decode(
        syscall(59, success="no", exit="-13", key='"T1059.004_sh"'),
        'type=EXECVE argc=2 a0="cat" a1="a b"',
        'type=CWD cwd="/root"',
        path('"/usr/bin/cat"', mode="0100755"),
        "type=PROCTITLE proctitle=6361740061",
        "type=EOE ",
    )

    assert _check(event) == {
        "log.record.uid": f"{HOST}/1795246023.203:380661",
        "audit.serial": 380661,
        "audit.category": "execve",
        "audit.types": ["SYSCALL", "EXECVE", "CWD", "PATH", "PROCTITLE", "EOE"],
        "audit.keys": ["T1059.004_sh"],
        "audit.techniques": ["T1059.004"],
        "audit.success": False,
        "audit.syscall": "execve",
        "audit.arch": "x86_64",
        "audit.exit": -13,
        "error.type": "EACCES",
        "audit.auid": 1000,
        "user.id": "1000",
        "user.name": "kang",
        "process.pid": 42,
        "process.parent_pid": 41,
        "process.executable.name": "cat",
        "process.executable.path": "/usr/bin/cat",
        "process.command_line": "cat 'a b'",
        "process.command_args": ["cat", "a b"],
        "process.args_count": 2,
        "process.title": "cat a",
        "process.working_directory": "/root",
        "process.user.id": 0,
        "process.user.name": "root",
        "process.real_user.id": 0,
        "process.real_user.name": "root",
        "process.saved_user.id": 0,
        "process.saved_user.name": "root",
        "audit.session": 7,
        "audit.terminal": "pts0",
        "file.path": "/usr/bin/cat",
        "file.name": "cat",
        "file.inode": "9",
        "file.mode": "0100755",
        "file.owner.id": "0",
        "file.group.id": "0",
    }


def test_the_other_end_of_a_connection_has_its_side() -> None:
    """An address and a port."""
    attributes = _check(decode(syscall(42), "type=SOCKADDR saddr=020001BB01020304"))

    assert (attributes["destination.address"], attributes["destination.port"]) == ("1.2.3.4", 443)
    assert attributes["audit.address"] == "1.2.3.4:443"


def test_what_enrichment_adds_are_attributes() -> None:
    """Of the conventions where there are some."""
    attributes = _check(enriched(decode(syscall(59))))

    assert attributes["container.id"] == "c" * 64
    assert attributes["audit.parent.executable"] == "x"
    assert attributes["audit.environment"] == ["LD_PRELOAD=x"]
    assert attributes["audit.unknown"] == ["sha256: large"]


@given(hostile_text())
def test_no_text_leaves_its_value(text: bytes) -> None:
    """Each value is what the event says."""
    event = hostile_exec(text)
    attributes = _check(event)

    assert attributes.get("process.executable.name") == event.process.comm
    assert attributes.get("process.command_args") == list(event.process.argv or ())
    assert _check(hostile_login(text))["audit.category"] == "session"


def test_opentelemetry_parses_every_event_of_a_busy_host() -> None:
    """All 20,719, with no field or attribute that it does not know."""
    count = 0
    for event in busy_host():
        attributes = _check(event)
        count += attributes["audit.serial"] == event.serial

    assert count == BUSY_HOST_EVENTS


def test_a_line_is_a_request_as_well() -> None:
    """For an endpoint that takes OTLP over HTTP."""
    data = FORMAT.encode(decode(syscall(2)))
    request = json_format.Parse(data, logs_service.ExportLogsServiceRequest())

    assert [*request.resource_logs] == [*json_format.Parse(data, logs.LogsData()).resource_logs]


def test_a_line_is_json_as_protobuf_writes_it() -> None:
    """Numbers of 64 bits as text, enumerations as numbers."""
    (resource,) = json.loads(FORMAT.encode(decode(syscall(2))))["resourceLogs"]
    (record,) = resource["scopeLogs"][0]["logRecords"]

    assert record["timeUnixNano"] == "1795246023203000000"
    assert record["severityNumber"] == 9
    assert {"key": "process.pid", "value": {"intValue": "42"}} in record["attributes"]
