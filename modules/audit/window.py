"""One run, told top to bottom."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Optional

from mig_audit.capabilities import Held
from mig_audit.errors import MigAuditError, unexpected
from mig_audit.modules.audit import privileges, report
from mig_audit.modules.audit.canary import may_filter
from mig_audit.modules.audit.deadline import Deadline
from mig_audit.modules.audit.drift import Drift
from mig_audit.modules.audit.event_format import choose_format
from mig_audit.modules.audit.events import Origin
from mig_audit.modules.audit.events.enrichment import Enricher, Proc
from mig_audit.modules.audit.events.filters import make_filters
from mig_audit.modules.audit.facts import Facts
from mig_audit.modules.audit.files_made import FilesMade, places, refuse_result
from mig_audit.modules.audit.formats import header_of
from mig_audit.modules.audit.host import log_name
from mig_audit.modules.audit.loss import Loss
from mig_audit.modules.audit.neighbours import find_neighbours
from mig_audit.modules.audit.other_runs import OtherRuns, runs_of_this_host
from mig_audit.modules.audit.packages import require_packages
from mig_audit.modules.audit.parameters import parse_parameters
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.modules.audit.priority import give_way
from mig_audit.modules.audit.recorder import rawlog
from mig_audit.modules.audit.recorder.client import RecorderProcess
from mig_audit.modules.audit.recording import Recording, make_plan
from mig_audit.modules.audit.ruleset import gather, to_load, with_outcomes
from mig_audit.modules.audit.sinks import HttpSettings, opened_sinks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.interface import Context
    from mig_audit.modules.audit.formats import Format
    from mig_audit.modules.audit.parameters import Parameters
    from mig_audit.modules.audit.recorder.reports import Ended
    from mig_audit.modules.audit.sinks import Sink
    from mig_audit.results import Result

_OWN_RULES = 3  # that keep the main process, the recorder and the guard out of the record


def record_window(document: object, context: Context) -> Result:
    """Record one window and answer with what was found; see `mig_audit.interface.Module`."""
    began = time.monotonic()
    require_packages()
    parameters = parse_parameters(document)
    deadline = Deadline(began, parameters.deadline)
    form = choose_format(parameters, Origin.here())
    rules = gather(parameters.rules, strict=parameters.strict_rules)
    latest = deadline.window_end(len(to_load(rules)) + _OWN_RULES)
    path = parameters.log_path or parameters.log_directory / log_name(time.time())
    run_id = os.urandom(8).hex()
    sink_settings = [settings.carrying(form.media_type, header_of(form)) for settings in parameters.sinks]
    refuse_result(context.output, places(path, run_id, "", parameters.sinks), _files_read(parameters))
    files = FilesMade(places(path, run_id, context.output, parameters.sinks))
    with rawlog.created(path) as log, RecorderProcess.started(log, run_id) as recorder, ExitStack() as opened:
        give_way(parameters.priority)
        own_pids = (os.getpid(), recorder.pid, recorder.guard)
        # Found while the recorder starts, and while all of them can be seen.
        neighbours = find_neighbours(0, own_pids=own_pids)
        # Before the sinks have threads.
        unconfined = privileges.confine(context, parameters, path.parent)
        sinks = opened.enter_context(
            opened_sinks(sink_settings, run_id=run_id, beside=path, floor=parameters.limits.free_disk)
        )
        plan = replace(make_plan(parameters, rules, own_pids, run_id), latest=latest)
        other_runs = OtherRuns(runs_of_this_host, run_id)
        pipeline = _pipeline(form, parameters, sinks, own_pids, other_runs)
        recording = Recording(recorder, log, pipeline, context, parameters.most_events)
        delivered = recording.run(plan, sinks, parameters.drain, deadline.answer_by)
        if recorder.found is None or recorder.ready is None:
            path.unlink()
            return report.not_begun(recorder.failure, recorder.restoration)
        with _log_named(path):
            drift = _drift(pipeline, recorder.ended, other_runs)
            return report.compose(
                Facts(
                    run_id=run_id,
                    own_pids=own_pids,
                    parameters=parameters,
                    rules=with_outcomes(
                        rules,
                        *recorder.outcomes_of(plan.rules),
                        features=recorder.found.before.status.feature_bitmap,
                    ),
                    found=recorder.found,
                    neighbours=neighbours,
                    privileges=privileges.to_json(
                        {"main": Held.by(os.getpid()), **recorder.held}, unconfined
                    ),
                    ready=recorder.ready,
                    ended=recorder.ended,
                    restoration=recorder.restoration,
                    stopped=recording.stopped,
                    guard_bound=recorder.guard_bound,
                    death=recorder.death,
                    faults=(
                        *(fault for fault in (recorder.failure, recording.fault) if fault),
                        *recorder.standstills,
                    ),
                    pipeline=recording.pipeline,
                    drift=drift,
                    other_runs=other_runs,
                    loss=Loss.measure(
                        recorder,
                        recorder.found.before.status,
                        recording,
                        sinks=delivered,
                        drift=drift,
                        may_filter=may_filter((*recorder.found.before.rules, *plan.rules)),
                    ),
                    sinks=delivered,
                    files=files.to_json(configured=recorder.ready.configured),
                    log_path=path,
                    log_sha256=recording.tail.sha256(),
                    seconds=time.monotonic() - began,
                )
            )


@contextmanager
def _log_named(path: Path) -> Iterator[None]:
    """Say where all records are if the result cannot be put together: the window is over, and does not come again."""
    try:
        yield
    except MigAuditError:
        raise
    except Exception as error:
        fault = unexpected(error, "the result could not be put together: ")
        remedy = f"every record is in {path}: `mig-audit replay {path}` gives the events; {fault.remedy}"
        raise type(fault)(fault.what, remedy) from error


def _files_read(parameters: Parameters) -> Iterator[Path]:
    """Yield the files that the document names to be read."""
    yield from (Path(source.value) for source in parameters.rules if source.kind == "file")
    for sink in parameters.sinks:
        if isinstance(sink, HttpSettings):
            files = (sink.ca_file, sink.certificate, sink.key, sink.token_file)
            yield from (file for file in files if file)


def _drift(pipeline: Pipeline, ended: Optional[Ended], other_runs: OtherRuns) -> Drift:
    more = pipeline.changed - len(pipeline.changes) + (ended.more_changes if ended else 0)
    drift = Drift.of(pipeline.changes, ended.changes if ended else (), more, run_of=other_runs.looked)
    return replace(drift, unwatched=ended.unwatched if ended else "")


def _pipeline(
    form: Format,
    parameters: Parameters,
    sinks: Sequence[Sink],
    own_pids: Sequence[int],
    other_runs: OtherRuns,
) -> Pipeline:
    return Pipeline(
        form,
        sinks,
        limit=parameters.event_limit,
        max_size=parameters.max_events_size,
        own_pids=own_pids,
        filters=make_filters(parameters.filters) if parameters.filters else None,
        enricher=_enricher(parameters),
        other_runs=other_runs,
    )


def _enricher(parameters: Parameters) -> Optional[Enricher]:
    if parameters.enrich is None:
        return None
    enricher = Enricher(parameters.enrich, Proc.here(Path("/proc")))
    enricher.begin()
    return enricher
