"""The audit module: one run, told top to bottom."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from mig_audit.errors import ParametersError
from mig_audit.modules.audit import report
from mig_audit.modules.audit.commands import COMMANDS
from mig_audit.modules.audit.events import Origin
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.host import log_name
from mig_audit.modules.audit.loss import Loss
from mig_audit.modules.audit.parameters import parse_parameters
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.modules.audit.recorder import rawlog
from mig_audit.modules.audit.recorder.client import RecorderProcess
from mig_audit.modules.audit.recording import Recording, make_plan
from mig_audit.modules.audit.ruleset import gather, source_problems, with_outcomes
from mig_audit.modules.audit.sinks import open_sink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.errors import Problem
    from mig_audit.interface import Command, Context
    from mig_audit.modules.audit.parameters import Parameters
    from mig_audit.modules.audit.sinks import Sink
    from mig_audit.results import Result


class AuditModule:
    """Records what the kernel's audit sees for a bounded time."""

    def commands(self) -> Sequence[Command]:
        """Return what it adds to the command line."""
        return COMMANDS

    def schemas(self) -> Mapping[str, str]:
        """Return the names and files of the published schemas."""
        return {
            "parameters": "audit.parameters.v1.schema.json",
            "results": "audit.results.v1.schema.json",
            "event": "audit.event.v1.schema.json",
        }

    def validate(self, document: object) -> Sequence[Problem]:
        """Return everything that is wrong with a document, its rules included."""
        try:
            return source_problems(parse_parameters(document).rules)
        except ParametersError as error:
            return error.problems

    def run(self, document: object, context: Context) -> Result:
        """Record one window and answer with what was found; see `mig_audit.interface.Module`."""
        began = time.monotonic()
        parameters = parse_parameters(document)
        rules = gather(parameters.rules, strict=parameters.strict_rules)
        path = parameters.log_path or parameters.log_directory / log_name(time.time())
        run_id = os.urandom(8).hex()
        with rawlog.created(path) as log:
            sinks = [
                open_sink(settings, run_id=run_id, directory=path.parent) for settings in parameters.sinks
            ]
            recorder = RecorderProcess.start(log)
            own_pids = (os.getpid(), recorder.pid)
            plan = make_plan(parameters, rules, own_pids)
            recording = Recording(recorder, log, _pipeline(parameters, sinks, own_pids), context)
            delivered = recording.run(plan, sinks, parameters.drain)
            if recorder.found is None or recorder.ready is None:
                path.unlink()
                return report.not_begun(recorder.failure, recorder.restoration)
            size = os.fstat(log).st_size
            return report.compose(
                report.Facts(
                    run_id=run_id,
                    parameters=parameters,
                    rules=with_outcomes(rules, *recorder.outcomes_of(plan.rules)),
                    found=recorder.found,
                    ready=recorder.ready,
                    ended=recorder.ended,
                    restoration=recorder.restoration,
                    stopped=recording.stopped,
                    faults=tuple(fault for fault in (recorder.failure, recording.fault) if fault),
                    pipeline=recording.pipeline,
                    loss=Loss.measure(recorder.found.before.status, recorder.ended, recording, size),
                    sinks=delivered,
                    log_path=path,
                    log_sha256=recording.tail.sha256(size),
                    seconds=time.monotonic() - began,
                )
            )

    def describe(self, result: Mapping[str, object], *, found_only: bool) -> Sequence[str]:
        """Return an envelope as lines for people."""
        return report.describe(result, found_only=found_only)


def _pipeline(parameters: Parameters, sinks: Sequence[Sink], own_pids: Sequence[int]) -> Pipeline:
    form = make_format(parameters.event_format, Origin.here())
    return Pipeline(
        form, sinks, limit=parameters.event_limit, max_size=parameters.max_events_size, own_pids=own_pids
    )
