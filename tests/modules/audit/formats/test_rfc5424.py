"""Syslog messages: by the RFC's grammar, and as a real rsyslog understands them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from audit_events import (
    ATTACKS,
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
from rsyslog import Understood, understand

import mig_audit
from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.formats.flat import COLUMNS
from mig_audit.modules.audit.formats.rfc5424 import Rfc5424Format
from mig_audit.modules.audit.formats.summaries import summarise

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.events import Event

FORMAT = Rfc5424Format(ORIGIN)
# RFC 5424, 6: the grammar as it stands there.
_NAME = r"[!#-<>-\\^-~]{1,32}"
_PARAMETER = rf' ({_NAME})="([^"\\\]]*(?:\\["\\\]][^"\\\]]*)*)"'
_ELEMENT = rf"\[{_NAME}(?:{_PARAMETER})*\]"
_MESSAGE = re.compile(
    r"<(?P<pri>0|[1-9][0-9]{0,2})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (?P<host>[!-~]{1,255})"
    rf" (?P<program>[!-~]{{1,48}}) (?P<procid>[!-~]{{1,128}}) (?P<msgid>[!-~]{{1,32}}) (?P<data>(?:{_ELEMENT})+)"
    r" (?P<text>.*)",
    re.DOTALL,
)


def _parameters(event: Event) -> dict[str, str]:
    """Return what the structured data is to say."""
    values = {name: find(event) for name, find in COLUMNS.items() if name != "summary"}
    return {name: str(value) for name, value in values.items() if value not in {None, ""}}


def _read(data: bytes) -> tuple[re.Match[str], dict[str, str]]:
    match = _MESSAGE.fullmatch(data.decode("utf-8"))
    assert match, data
    ours = re.search(rf"\[audit@32473((?:{_PARAMETER})*)\]", match["data"])
    assert ours
    pairs = [(name, re.sub(r"\\(.)", r"\1", value)) for name, value in re.findall(_PARAMETER, ours[1])]
    assert len({name for name, _ in pairs}) == len(pairs)
    return match, dict(pairs)


def _as_understood(event: Event) -> Understood:
    return Understood(
        priority="110",
        timestamp=f"{event.timestamp[:23]}Z",
        hostname=event.node or HOST,
        program="mig-audit",
        procid="-",
        msgid=event.category,
        message=summarise(event),
        data={
            "origin": {"software": "mig-audit", "swVersion": mig_audit.__version__},
            "audit@32473": _parameters(event),
        },
    )


def test_a_message_has_the_rfcs_parts() -> None:
    """Header, structured data, text."""
    event = decode(syscall(2, success="no", exit="-13"), path('"/etc/shadow"'), "type=EOE ")
    data = FORMAT.encode(event)
    _, parameters = _read(data)

    assert data.startswith(
        b"<110>1 2026-11-21T07:27:03.203Z audit-host.example.com mig-audit - read [origin software="
    )
    assert data.endswith(b'types="SYSCALL PATH EOE"] Read: /etc/shadow')
    assert parameters == _parameters(event)
    assert (parameters["exit"], parameters["errno"], parameters["login_user"]) == ("-13", "EACCES", "kang")


@given(hostile_text())
def test_no_text_leaves_its_parameter(text: bytes) -> None:
    """Quotes, brackets and backslashes are escaped; each value can be told back."""
    for event in (hostile_exec(text), hostile_login(text), enriched(hostile_exec(text), text)):
        match, parameters = _read(FORMAT.encode(event))
        assert parameters == _parameters(event)
        assert match["text"] == summarise(event)


@pytest.mark.parametrize(("name", "word"), [("ä b", "__b"), ("", "unknown"), ("h" * 300, "h" * 255)])
def test_a_host_is_a_word_of_ascii(name: str, word: str) -> None:
    """Whatever it is called."""
    form = Rfc5424Format(Origin(name, TableNames({}, {})))
    match, _ = _read(form.encode(decode(syscall(2))))

    assert match["host"] == word


@pytest.mark.corpus
def test_every_event_of_a_busy_host_is_a_message() -> None:
    """All 20,719, by the grammar, with all their values."""
    count = 0
    for event in busy_host():
        _, parameters = _read(FORMAT.encode(event))
        count += parameters == _parameters(event)

    assert count == BUSY_HOST_EVENTS


@pytest.mark.corpus
def test_rsyslog_understands_every_event_of_a_busy_host(tmp_path: Path) -> None:
    """A real receiver has all 20,719, each part and each parameter as it was sent."""
    understood = understand((FORMAT.encode(event) for event in busy_host()), tmp_path)

    assert len(understood) == BUSY_HOST_EVENTS
    assert [each for each, event in zip(understood, busy_host()) if each != _as_understood(event)] == []


def test_rsyslog_is_not_fooled(tmp_path: Path) -> None:
    """Each attack is one message, its text where it belongs."""
    events = [make(attack) for attack in ATTACKS for make in (hostile_exec, hostile_login)]
    understood = understand((FORMAT.encode(event) for event in events), tmp_path)

    assert understood == [_as_understood(event) for event in events]
