"""The results envelope of the audit module, composed from the facts of a run."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import AuditUnavailableError, InternalError, PartialError
from mig_audit.modules.audit.dead_runs import dead_run_to_json
from mig_audit.modules.audit.host import describe_host, describe_process, iso_time
from mig_audit.modules.audit.recorder.death import DIED
from mig_audit.modules.audit.run_errors import restore_errors, run_errors
from mig_audit.modules.audit.run_settings import with_settings
from mig_audit.quantities import format_duration
from mig_audit.results import Result

if TYPE_CHECKING:
    from mig_audit.errors import MigAuditError
    from mig_audit.modules.audit.facts import Facts
    from mig_audit.modules.audit.kernel.state import Restoration, Snapshot
    from mig_audit.modules.audit.pipeline import Pipeline
    from mig_audit.modules.audit.ruleset import AskedRule

VERSION = "1.0"
_TOP = 50  # values of each kind in the summary
_REASONS = {
    "window": "the window is over",
    "deadline": "the caller's deadline left no more time",
    "raw-log": "the raw log could take no more",
    "abandoned": "the main process was gone",
    DIED: "the recorder died",
}


def compose(facts: Facts) -> Result:
    """Return the envelope of a run that was begun."""
    errors = tuple(run_errors(facts))
    return Result(
        found_anything=facts.pipeline.findings > 0,
        success=facts.ready.error is None and not any(isinstance(error, InternalError) for error in errors),
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
        "sinks": [outcome.to_json() for outcome in facts.sinks],
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


def not_begun(failure: Optional[MigAuditError], restoration: Optional[Restoration]) -> Result:
    """Return the envelope of a run whose window never opened."""
    error = failure or InternalError("the recorder gave no sign of life", "see what it wrote to stderr")
    if isinstance(error, PartialError):
        # What would be a detail of a run that was begun is here the reason why it was not.
        error = AuditUnavailableError(error.what, error.remedy)
    trouble = () if restoration is None or restoration.restored else tuple(restore_errors(restoration))
    return Result(errors=(error, *trouble))
