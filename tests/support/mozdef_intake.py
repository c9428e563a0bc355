"""What MozDef does with an event on its way into the index, restated from its event task, auditd fix-up and mapping."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# The key in the index, by the key of the event in lower case and without @; any other key is thrown away.
_KEYS = {
    **dict.fromkeys(("timestamp", "utctimestamp", "eventtime", "date"), "utctimestamp"),
    **dict.fromkeys(("message", "summary"), "summary"),
    **dict.fromkeys(("hostname", "source_host", "host"), "hostname"),
    **dict.fromkeys(("severity", "level", "priority", "syslogseverity", "severityvalue"), "severity"),
    **dict.fromkeys(("category", "type", "eventtype"), "category"),
    **dict.fromkeys(("processid", "pid"), "processid"),
    **dict.fromkeys(("processname", "pname", "sourcename", "program"), "processname"),
    **dict.fromkeys(("source", "facility"), "source"),
    **dict.fromkeys(("path", "logger", "file"), "eventsource"),
    **dict.fromkeys(("details", "fields"), "details"),
    "tags": "tags",
}
_SEVERITIES = {"DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}
_MANDATORY = frozenset(_KEYS.values()) - {"eventsource"}
_LONGEST = 32766  # bytes of a keyword that Lucene indexes
_FIXED_UP = {"auditd", "audisp-json"}


def taken(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as MozDef would index it; an AssertionError says what it would lose, change or choke on."""
    keys = {key: _KEYS.get(key.lower().replace("@", "")) for key in event}
    assert None not in keys.values(), "a key is thrown away"
    assert len(set(keys.values())) == len(keys), "a key is overwritten by another"
    document = {name: event[key] for key, name in keys.items() if name is not None}
    assert set(document) == _MANDATORY
    document["utctimestamp"] = _time(document["utctimestamp"])
    assert document["severity"].upper() in _SEVERITIES
    assert isinstance(document["tags"], list)
    assert all(isinstance(document[key], str) for key in _MANDATORY - {"tags", "details", "utctimestamp"})
    _check_details(document["details"])
    return document


def _time(value: object) -> datetime:
    # A number in a string, or what is no time, discards the event without a word.
    assert isinstance(value, str)
    time = datetime.fromisoformat(value)
    assert time.tzinfo is not None, "taken for the server's local time"
    return time.astimezone(timezone.utc)


def _check_details(details: object) -> None:
    assert isinstance(details, dict), "becomes a message"
    assert isinstance(details.get("success", True), bool)
    assert isinstance(details.get("gid", ""), str), "the fix-up raises"
    for key in ("sourceipaddress", "destinationipaddress"):
        ipaddress.ip_address(details.get(key, "::"))
    for key, text in _texts(details):
        assert not key.endswith(("_int", "_float")), "the value would be converted"
        assert len(text.encode()) <= _LONGEST, f"{key} would be refused by the index"


def _texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, key)
    elif isinstance(value, str):
        yield key, value


def is_fixed_up(event: dict[str, Any]) -> bool:
    """Say whether the auditd fix-up, which drops events that it takes for noise, would run of an event's own fields."""
    return bool(_FIXED_UP & {value.lower() for value in event.values() if isinstance(value, str)})
