"""GELF messages: by the specification, and as a receiver of another project understands them."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import jsonschema
import pytest
from audit_events import (
    ATTACKS,
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
from graygelf import understand
from hypothesis import example, given

from mig_audit.modules.audit.formats.gelf import GelfFormat
from mig_audit.modules.audit.formats.summaries import summarise

FORMAT = GelfFormat(ORIGIN)
# GELF Payload Specification, version 1.1.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["version", "host", "short_message", "timestamp", "level"],
    "properties": {
        "version": {"const": "1.1"},
        "host": {"type": "string", "minLength": 1},
        "short_message": {"type": "string", "minLength": 1},
        "full_message": {"type": "string", "minLength": 1},
        "timestamp": {"type": "number", "minimum": 0},
        "level": {"type": "integer", "minimum": 0, "maximum": 7},
        "_id": False,
    },
    "patternProperties": {r"^_[\w.\-]+$": {"type": ["string", "number"], "minLength": 1}},
    "additionalProperties": False,
}
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def port() -> int:
    """Return a UDP port that is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.bind(("127.0.0.1", 0))
        number: int = connection.getsockname()[1]
        return number


def test_an_event_is_a_message_with_additional_fields() -> None:
    """Text and numbers, an underscore before each name."""
    event = decode(syscall(2, success="no", exit="-13"), path('"/etc/shadow"'), "type=EOE ")
    document = json.loads(FORMAT.encode(event))

    assert document == {
        "version": "1.1",
        "host": HOST,
        "short_message": "Read: /etc/shadow",
        "timestamp": 1795246023.203,
        "level": 6,
        "_serial": 380661,
        "_category": "read",
        "_success": "no",
        "_exit": -13,
        "_errno": "EACCES",
        "_keys": "etc",
        "_auid": 1000,
        "_login_user": "kang",
        "_uid": 0,
        "_user": "root",
        "_euid": 0,
        "_effective_user": "root",
        "_gid": 0,
        "_group": "root",
        "_session": 7,
        "_tty": "pts0",
        "_pid": 42,
        "_ppid": 41,
        "_comm": "cat",
        "_exe": "/usr/bin/cat",
        "_path": "/etc/shadow",
        "_syscall": "open",
        "_arguments": "a1=O_RDONLY",
        "_arch": "x86_64",
        "_types": "SYSCALL PATH EOE",
    }


def test_a_long_sentence_is_short_and_full() -> None:
    """Graylog shows the short one in its list."""
    event = decode(syscall(59), f'type=EXECVE argc=1 a0="{"x" * 400}"')
    document = json.loads(FORMAT.encode(event))

    assert document["full_message"] == summarise(event)
    assert document["short_message"] == summarise(event)[:250]


@pytest.mark.corpus
def test_the_time_is_exact() -> None:
    """To the millisecond, as it stands in the records."""
    for event in busy_host()[:2000]:
        match = re.search(rb'"timestamp":([0-9.]+),', FORMAT.encode(event))
        assert match
        assert float(match[1]) == float(f"{event.seconds}.{event.milliseconds:03}")


@given(hostile_text())
@example(b" key=\n\n")
@example(b" tty=\n")
def test_no_text_leaves_its_field(text: bytes) -> None:
    """Each event has the fields that an innocent one has, or fewer.

    But a program's message is its own: with a space in what it leaves unquoted, it says one field more.
    """
    for make in (hostile_exec, hostile_login):
        document, innocent = (json.loads(FORMAT.encode(make(each))) for each in (text, b"x" * 400))
        VALIDATOR.validate(document)
        assert set(document) - set(innocent) <= {"_techniques", "_tty"}


def test_every_event_of_a_busy_host_is_a_message() -> None:
    """All 20,719."""
    fits = compiled(SCHEMA)

    assert sum(fits(json.loads(FORMAT.encode(event))) for event in busy_host()) == BUSY_HOST_EVENTS


@pytest.mark.corpus
def test_graygelf_understands_every_event_of_a_busy_host(port: int) -> None:
    """A receiver of another project has all 20,719, each field as it was sent."""
    understood = understand((FORMAT.encode(event) for event in busy_host()), port)

    assert len(understood) == BUSY_HOST_EVENTS
    assert [
        each for each, event in zip(understood, busy_host()) if each != json.loads(FORMAT.encode(event))
    ] == []


def test_graygelf_is_not_fooled(port: int) -> None:
    """Each attack is one message, and long ones arrive in chunks."""
    events = [make(attack) for attack in (*ATTACKS, b"x" * 8000) for make in (hostile_exec, hostile_login)]

    assert understand(map(FORMAT.encode, events), port) == [
        json.loads(FORMAT.encode(event)) for event in events
    ]
