"""A results envelope as lines for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Optional, Union, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_DEFAULT_KEYS = {"timestamp", "category", "summary", "details"}  # what `_describe_event` needs


def describe(result: Mapping[str, object], *, found_only: bool) -> list[str]:
    """Return an envelope as lines for people: elements, then errors, then statistics (MIG's PrintResults)."""
    elements = cast("Optional[Mapping[str, Any]]", result["elements"])
    lines = list(_describe_elements(elements)) if elements else []
    if found_only:
        return lines
    lines += [f"error: {error}" for error in cast("Optional[Sequence[str]]", result["errors"]) or ()]
    statistics = cast("Optional[Mapping[str, Any]]", result["statistics"])
    return lines + ([*_describe_statistics(statistics)] if statistics else [])


def _describe_elements(elements: Mapping[str, Any]) -> Iterator[str]:
    for event in elements["events"]:
        # Some formats have several lines for an event.
        yield from _describe_event(event).split("\n")
    if elements["events_omitted"]:
        yield f"... and {elements['events_omitted']} events more"
    for kind, counts in elements["summary"].items():
        if counts:
            yield f"{kind}: " + ", ".join(f"{value} {count}" for value, count in list(counts.items())[:8])
    for rule in elements["rules"]:
        if rule["outcome"] != "added":
            yield f"rule {rule['outcome']}: {rule['rule']} ({rule.get('detail', '')})"
    for sink in elements["sinks"]:
        yield f"sink {sink['target']}: {sink['delivered']} of {sink['offered']} events delivered"
    log, kernel, window = elements["raw_log"], elements["kernel"], elements["window"]
    how = "as the owner of the audit pid" if kernel["stream"] == "unicast" else "by multicast"
    yield f"window: {window['started']} to {window['ended']}, {window['why']}; records were read {how}"
    yield f"raw log: {log['path']}, {log['records']} records, sha256 {log['sha256']}"
    for run in kernel["recovered"]:
        yield f"killed run {run['run_id']}: {'undone' if run['complete'] else 'NOT undone'} before this one began"
    yield (
        "kernel: restored"
        if kernel["restored"]
        else f"kernel: NOT restored: {'; '.join(kernel['differences'])}"
    )


def _describe_event(event: Union[str, Mapping[str, Any]]) -> str:
    """Return one line: for an event of the default format, a sentence; for any other, what it is."""
    if isinstance(event, str):
        return event
    if not event.keys() >= _DEFAULT_KEYS:
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    details = event["details"]
    who = details.get("originaluser") or details.get("user") or details.get("uid") or "-"
    failed = " FAILED" if details.get("success") is False else ""
    keys = f" [{','.join(details['keys'])}]" if details.get("keys") else ""
    return f"{event['timestamp']} {event['category']} {who} {details.get('process', '-')}: {event['summary']}{failed}{keys}"


def _describe_statistics(statistics: Mapping[str, Any]) -> Iterator[str]:
    records, events, loss = statistics["records"], statistics["events"], statistics["loss"]
    yield f"stat: {statistics['exectime']}, {records['received']} records, {events['total']} events"
    if events["unrepresented"]:
        yield f"stat: the format has no words for {events['unrepresented']} of the events"
    for name, taken in events.get("filtered", {}).items():
        yield f"stat: filter {name} took away {taken} events"
    missing = loss["events_missing"]
    most = "unknown" if missing["max"] is None else missing["max"]
    yield f"stat: events missing: {missing['min']} to {most}"
