"""The results envelope of the audit module, composed from the facts of a run; and its form for people."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional, Union, cast

from mig_audit.errors import (
    AuditUnavailableError,
    InternalError,
    MigAuditError,
    NeverMatchesError,
    PartialError,
    RestoreError,
    RuleNotLoadedError,
)
from mig_audit.modules.audit.dead_runs import dead_run_to_json, restore_error
from mig_audit.modules.audit.events.filters import never_matching
from mig_audit.modules.audit.host import describe_host, describe_process, iso_time
from mig_audit.modules.audit.recorder.death import DIED
from mig_audit.modules.audit.run_settings import with_settings
from mig_audit.quantities import format_duration
from mig_audit.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mig_audit.modules.audit.drift import Drift
    from mig_audit.modules.audit.events import Account
    from mig_audit.modules.audit.kernel.state import Restoration, Snapshot
    from mig_audit.modules.audit.loss import Loss
    from mig_audit.modules.audit.neighbours import Neighbour
    from mig_audit.modules.audit.other_runs import OtherRuns
    from mig_audit.modules.audit.parameters import Parameters
    from mig_audit.modules.audit.pipeline import Pipeline
    from mig_audit.modules.audit.recorder.death import Death
    from mig_audit.modules.audit.recorder.reports import Ended, Found, Ready
    from mig_audit.modules.audit.ruleset import AskedRule
    from mig_audit.modules.audit.sinks import SinkOutcome

VERSION = "1.0"
_DEFAULT_KEYS = {"timestamp", "category", "summary", "details"}  # what `describe_event` needs
_LARGEST_BUFFER = (2**31 - 1) // 2  # bytes that the kernel grants to anybody (SO_RCVBUFFORCE, socket(7))
_TOP = 50  # values of each kind in the summary
_REASONS = {
    "window": "the window is over",
    "deadline": "the caller's deadline left no more time",
    "raw-log": "the raw log could take no more",
    "abandoned": "the main process was gone",
    DIED: "the recorder died",
}


@dataclass(frozen=True)
class Facts:
    """All that is known at the end of a run; see `mig_audit.modules.audit.module`."""

    run_id: str
    own_pids: tuple[int, int, int]  # of the main process, the recorder and the guard
    parameters: Parameters
    rules: tuple[AskedRule, ...]
    found: Found
    neighbours: tuple[Neighbour, ...]
    privileges: dict[str, object]
    ready: Ready
    ended: Optional[Ended]
    restoration: Optional[Restoration]
    stopped: str
    guard_bound: str
    death: Optional[Death]
    faults: tuple[MigAuditError, ...]
    pipeline: Pipeline
    drift: Drift
    other_runs: OtherRuns
    loss: Loss
    sinks: tuple[SinkOutcome, ...]
    files: list[dict[str, object]]
    log_path: Path
    log_sha256: str
    seconds: float

    @property
    def account(self) -> Account:
        """Return what became of each record that was processed."""
        return self.pipeline.account()


def compose(facts: Facts) -> Result:
    """Return the envelope of a run that was begun."""
    fatal = [facts.ready.error] if facts.ready.error else []
    errors = (
        *fatal,
        *facts.faults,
        *_buffer_errors(facts),
        *_rule_errors(facts.rules),
        *_filter_errors(facts),
        *_log_errors(facts),
    )
    errors = (
        *errors,
        *facts.drift.errors(),
        *facts.loss.errors(),
        *_sink_errors(facts.sinks),
        *_restore_errors(facts.restoration),
    )
    errors = (*errors, *(error for error in map(restore_error, facts.found.recovered) if error))
    return Result(
        found_anything=facts.pipeline.findings > 0,
        success=not fatal and not any(isinstance(error, InternalError) for error in errors),
        elements=_elements(facts),
        statistics=_statistics(facts),
        errors=errors,
    )


def _elements(facts: Facts) -> dict[str, object]:
    return {
        "schema_version": VERSION,
        "run_id": facts.run_id,
        "processes": dict(zip(("main", "recorder", "guard"), facts.own_pids)),
        "host": describe_host(),
        "window": _window(facts),
        "rules": [rule.to_json() for rule in _rules(facts)],
        "events": _events(facts.pipeline),
        "events_omitted": facts.pipeline.findings - facts.pipeline.unrepresented - len(facts.pipeline.kept),
        "sinks": [sink_to_json(outcome) for outcome in facts.sinks],
        "summary": _summary(facts.pipeline),
        "raw_log": _raw_log(facts),
        "files": facts.files,
        "privileges": facts.privileges,
        "kernel": _kernel(facts),
    }


def _rules(facts: Facts) -> tuple[AskedRule, ...]:
    return with_settings(facts.rules, facts.parameters, facts.ready.during, facts.ready.why)


def _events(pipeline: Pipeline) -> list[object]:
    """Return the kept events: JSON as what it means, anything else as text."""
    if not pipeline.json:
        return [event.decode("utf-8", "backslashreplace") for event in pipeline.kept]
    # Read as one document, which has the name of each field in memory once.
    events: list[object] = json.loads(b"[%b]" % b",".join(pipeline.kept))
    return events


def _window(facts: Facts) -> dict[str, object]:
    ended, death = facts.ended, facts.death
    reason, why = (ended.reason, ended.why) if ended else (death.reason, death.why) if death else (DIED, "")
    end = ended.ended if ended else death.last if death else None
    words = why or _REASONS.get(reason, reason)
    if reason == "stopped" and facts.stopped:
        words = f"stopped by {facts.stopped}"
    return {
        "asked": facts.parameters.window,
        "started": iso_time(facts.ready.started),
        "ended": None if end is None else iso_time(end),
        "reason": reason,
        "why": words,
    }


def sink_to_json(outcome: SinkOutcome) -> dict[str, object]:
    """Return the account of a sink as a document; its errors are told elsewhere."""
    shown = {name: value for name, value in vars(outcome).items() if name != "errors"}
    return {**shown, "spool": outcome.spool._asdict() if outcome.spool else None}


def _summary(pipeline: Pipeline) -> dict[str, object]:
    top = pipeline.summary.top(_TOP)
    return {kind: {count.value: count.events for count in counts} for kind, counts in top.items()}


def _raw_log(facts: Facts) -> dict[str, object]:
    return {
        "path": str(facts.log_path),
        "size": facts.loss.log_size,
        "records": facts.loss.written,
        "sha256": facts.log_sha256,
    }


def _kernel(facts: Facts) -> dict[str, object]:
    restoration = facts.restoration
    ended = facts.ended
    owner = facts.found.before.status.pid
    return {
        "configured": facts.ready.configured,
        "stream": facts.ready.mode,
        "why": facts.ready.why,
        "owner": describe_process(owner) if owner else None,
        "neighbours": [each.owning(owner).to_json() for each in facts.neighbours],
        "receive_buffer": facts.ready.receive_buffer,
        "guard": {"apart": not facts.guard_bound, "why": facts.guard_bound},
        "challengers": [describe_process(pid) for pid in ended.challengers] if ended else [],
        "drift": facts.drift.to_json(),
        "drift_omitted": facts.drift.more,
        "other_runs": facts.other_runs.to_json(),
        "before": _state(facts.found.before),
        "during": facts.ready.during.to_json(),
        "after": _state(restoration.after) if restoration and restoration.after else None,
        "restored": restoration is not None and restoration.restored,
        "differences": list(restoration.differences)
        if restoration
        else ["it is not known how the kernel was left"],
        "recovered": [dead_run_to_json(run) for run in facts.found.recovered],
    }


def _state(snapshot: Snapshot) -> dict[str, object]:
    digest = hashlib.sha256(b"".join(snapshot.rules)).hexdigest()
    return {**snapshot.status.to_json(), "rules": len(snapshot.rules), "rules_sha256": digest}


def _statistics(facts: Facts) -> dict[str, object]:
    account, pipeline = facts.account, facts.pipeline
    return {
        "exectime": format_duration(facts.seconds),
        "totalhits": pipeline.findings,
        "records": {
            "received": facts.loss.received,
            "written": facts.loss.written,
            "unwritten": facts.loss.unwritten.records,
            "unprocessed": facts.loss.unprocessed,
            "in_events": account.in_events,
            "unparsed": account.aside,
            "unparsed_samples": list(account.samples),
            "foreign": facts.loss.foreign,
            "balanced": facts.loss.balanced(account),
        },
        "events": {
            "total": account.events,
            "own": pipeline.own,
            "other_runs": pipeline.others,
            "unrepresented": pipeline.unrepresented,
            **({"filtered": pipeline.filters.taken} if pipeline.filters else {}),
            "incomplete": account.incomplete,
            "late": account.late,
            "endings": dict(account.endings),
        },
        "loss": facts.loss.to_json(),
    }


def _buffer_errors(facts: Facts) -> Iterator[MigAuditError]:
    asked, granted = facts.parameters.kernel.receive_buffer, facts.ready.receive_buffer
    if granted < min(asked, _LARGEST_BUFFER):
        yield PartialError(
            f"the receive buffer has {granted} of {asked} bytes: without CAP_NET_ADMIN it is bounded by net.core.rmem_max",
            "allow CAP_NET_ADMIN (`mig-audit doctor` says how), or a burst overruns the socket sooner",
        )


def _rule_errors(rules: Sequence[AskedRule]) -> Iterator[MigAuditError]:
    for rule in rules:
        if rule.error is not None or rule.outcome in {"refused", "pending"}:
            what = f"a rule was not loaded: {rule.origin}: {rule.text}: {rule.detail}"
            yield RuleNotLoadedError(what, "mend or remove it; the others were loaded")


def _filter_errors(facts: Facts) -> Iterator[MigAuditError]:
    for problem in never_matching(facts.parameters.filters):
        yield NeverMatchesError(
            f"{problem.path}: {problem.message}", "mend or remove it; all events were looked at"
        )


def _log_errors(facts: Facts) -> Iterator[MigAuditError]:
    if facts.ended and facts.ended.error:
        yield facts.ended.error


def _sink_errors(outcomes: Sequence[SinkOutcome]) -> Iterator[MigAuditError]:
    for outcome in outcomes:
        yield from outcome.errors


def _restore_errors(restoration: Optional[Restoration]) -> Iterator[MigAuditError]:
    if restoration is None:
        yield RestoreError(
            "it is not known how the kernel was left", "compare `auditctl -s` and `auditctl -l`"
        )
    elif not restoration.restored:
        yield RestoreError(
            f"the kernel is not as it was found: {'; '.join(restoration.differences)}",
            "what someone else changed during the run was left to them; compare `auditctl -s` and `auditctl -l`",
        )


def not_begun(failure: Optional[MigAuditError], restoration: Optional[Restoration]) -> Result:
    """Return the envelope of a run whose window never opened."""
    error = failure or InternalError("the recorder gave no sign of life", "see what it wrote to stderr")
    if isinstance(error, PartialError):
        # What would be a detail of a run that was begun is here the reason why it was not.
        error = AuditUnavailableError(error.what, error.remedy)
    trouble = () if restoration is None or restoration.restored else tuple(_restore_errors(restoration))
    return Result(errors=(error, *trouble))


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
        yield from describe_event(event).split("\n")
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
    yield f"window: {window['started']} to {window['ended']}, {window['why']}; read by {kernel['stream']}"
    yield f"raw log: {log['path']}, {log['records']} records, sha256 {log['sha256']}"
    for run in kernel["recovered"]:
        yield f"killed run {run['run_id']}: {'undone' if run['complete'] else 'NOT undone'} before this one began"
    yield (
        "kernel: restored"
        if kernel["restored"]
        else f"kernel: NOT restored: {'; '.join(kernel['differences'])}"
    )


def describe_event(event: Union[str, Mapping[str, Any]]) -> str:
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
