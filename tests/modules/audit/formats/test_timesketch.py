"""Lines for Timesketch: what its importer demands, and times that agree."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema
from audit_events import (
    BUSY_HOST_EVENTS,
    HOST,
    ORIGIN,
    busy_host,
    decode,
    hostile_exec,
    hostile_login,
    hostile_text,
    path,
    syscall,
)
from compiled import compiled
from hypothesis import given

from mig_audit.modules.audit.formats.flat import COLUMNS
from mig_audit.modules.audit.formats.timesketch import TimesketchFormat

FORMAT = TimesketchFormat(ORIGIN)
# Timesketch, "Create timeline from JSON/JSONL/CSV file": the required fields, and flat values besides.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["message", "datetime", "timestamp_desc", "timestamp"],
    "properties": {
        "message": {"type": "string", "minLength": 1},
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$"},
        "timestamp": {"type": "integer", "minimum": 0},
        "timestamp_desc": {"type": "string", "minLength": 1},
        "data_type": {"const": "linux:audit:event"},
        "hostname": {"type": "string", "minLength": 1},
        "tag": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
        **{name: {"type": ["string", "integer"]} for name in COLUMNS},
    },
    "additionalProperties": False,
}
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def test_an_event_is_a_line_of_a_timeline() -> None:
    """With its tags."""
    event = decode(
        syscall(2, success="no", exit="-13", key='"T1003.008_shadow"'), path('"/etc/shadow"'), "type=EOE "
    )
    document = json.loads(FORMAT.encode(event))

    assert list(document)[:6] == [
        "message",
        "datetime",
        "timestamp",
        "timestamp_desc",
        "data_type",
        "hostname",
    ]
    assert document["message"] == "Read: /etc/shadow"
    assert document["datetime"] == "2026-11-21T07:27:03.203+00:00"
    assert document["timestamp"] == 1_795_246_023_203_000
    assert document["hostname"] == HOST
    assert document["tag"] == ["T1003.008_shadow", "T1003.008"]
    assert (document["login_user"], document["path"], document["errno"]) == ("kang", "/etc/shadow", "EACCES")


@given(hostile_text())
def test_no_text_leaves_its_field(text: bytes) -> None:
    """Every line is valid."""
    for event in (hostile_exec(text), hostile_login(text)):
        VALIDATOR.validate(json.loads(FORMAT.encode(event)))


def test_every_event_of_a_busy_host_can_be_imported() -> None:
    """All 20,719, and both times are one."""
    fits = compiled(SCHEMA)
    count = 0
    for event in busy_host():
        document = json.loads(FORMAT.encode(event))
        count += fits(document)
        moment = datetime.fromisoformat(document["datetime"])
        assert (moment - EPOCH) // timedelta(microseconds=1) == document["timestamp"]

    assert count == BUSY_HOST_EVENTS
