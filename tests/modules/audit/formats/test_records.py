"""The records format: everything that was received, and what it means."""

from __future__ import annotations

import json
import tracemalloc
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

import jsonschema
import pytest
from audit_events import HOST, ORIGIN, busy_host, every_log, hostile_text, log_events
from hypothesis import given, settings

from mig_audit.modules.audit.events import Decoder, Event, make_group
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.records import Record, parse_line, unprintable

_ENCODE = make_format("records", ORIGIN).encode


@cache
def _validator() -> jsonschema.Draft202012Validator:
    text = resources.files("mig_audit.schemas").joinpath("audit.records.v1.schema.json").read_text("utf-8")
    schema = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _event(*lines: bytes, ending: str = "eoe") -> Event:
    records = [parse_line(b" msg=audit(1795246023.203:380661): ".join(line.split(b" ", 1))) for line in lines]
    return Decoder(ORIGIN.names).decode(make_group(records, ending))


def _document(event: Event) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_ENCODE(event) or b"")
    return document


def _rebuilt(record: dict[str, Any]) -> bytes:
    """Return a record's body out of what the format says of it."""
    if "body" in record:
        return unprintable(record["body"])
    return b" ".join(
        field["name"].encode() + b"=" + unprintable(field.get("raw", field["text"]))
        for field in record["fields"]
    )


def _is_lossless(event: Event) -> bool:
    document = _document(event)
    _validator().validate(document)
    return [
        (record["type"], _rebuilt(record), unprintable(record["enriched"]) if "enriched" in record else None)
        for record in document["records"]
    ] == [(record.type, record.body, record.enriched) for record in event.records]


def test_a_long_event_takes_little_more_memory_than_its_text() -> None:
    """Anybody can start a program with half a million arguments while a run records."""
    lines = [
        b"type=EXECVE " + b" ".join(b'a%d="x"' % (700 * row + column) for column in range(700))
        for row in range(50)
    ]
    event = _event(*lines)

    tracemalloc.start()
    size = len(_ENCODE(event) or b"")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 4 * size  # as one object: 9 times


def test_an_event_is_its_records_and_they_are_their_fields() -> None:
    """Raw values are there where they are not what they mean."""
    event = _event(
        b'type=SYSCALL arch=c000003e syscall=62 success=yes exit=0 a0=2a a1=9 a2=0 a3=0 pid=42 uid=0 comm="kill"',
        b"type=USER_ACCT pid=42 msg='acct=\"kang\" res=success'",
        ending="timeout",
    )
    assert _document(event) == {
        "node": HOST,
        "time": "2026-11-21T07:27:03.203+00:00",
        "serial": 380661,
        "ending": "timeout",
        "incomplete": ["eoe"],
        "records": [
            {
                "type": "SYSCALL",
                "fields": [
                    {"name": "arch", "raw": "c000003e", "text": "x86_64"},
                    {"name": "syscall", "raw": "62", "text": "kill"},
                    {"name": "success", "text": "yes"},
                    {"name": "exit", "text": "0"},
                    {"name": "a0", "raw": "2a", "text": "0x2a"},
                    {"name": "a1", "raw": "9", "text": "SIGKILL"},
                    {"name": "a2", "raw": "0", "text": "0x0"},
                    {"name": "a3", "raw": "0", "text": "0x0"},
                    {"name": "pid", "text": "42"},
                    {"name": "uid", "raw": "0", "text": "root"},
                    {"name": "comm", "raw": '"kill"', "text": "kill"},
                ],
            },
            {
                "type": "USER_ACCT",
                "fields": [
                    {"name": "pid", "text": "42"},
                    {"name": "acct", "raw": '"kang"', "text": "kang"},
                    {"name": "res", "text": "success"},
                ],
                "body": "pid=42 msg='acct=\"kang\" res=success'",
            },
        ],
    }


@pytest.mark.corpus
@pytest.mark.parametrize("log", every_log())
def test_nothing_of_other_logs_is_lost(log: str) -> None:
    """Enriched records, nested messages, odd names: each record can be written again."""
    for event in log_events(log):
        assert _is_lossless(event)


@pytest.mark.corpus
def test_nothing_of_a_busy_host_is_lost() -> None:
    """Of every fiftieth event; all of them are tested as lines of text with the other formats."""
    for event in islice(busy_host(), 0, None, 50):
        assert _is_lossless(event)


@given(hostile_text())
@settings(max_examples=50)
def test_nothing_that_a_process_chooses_is_lost_or_leaves_its_field(text: bytes) -> None:
    """As an argument, a name and a message."""
    for kind in ("EXECVE", "PATH", "USER_CMD", "TTY", "SOCKADDR"):
        for body in (b"a0=" + text, b"name=" + text.hex().upper().encode(), b"msg='cmd=" + text + b"'"):
            record = Record(kind, "", 1, 0, 1, b"1.000:1", body, None)
            assert _is_lossless(Decoder(ORIGIN.names).decode(make_group([record], "single")))
