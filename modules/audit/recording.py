"""One window and what follows it: the recorder's progress on one side, the raw log's on the other."""

from __future__ import annotations

import math
import os
import select
import time
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import InternalError, MigAuditError
from mig_audit.modules.audit.deadline import EMPTYING
from mig_audit.modules.audit.recorder.canaries import CLOSING
from mig_audit.modules.audit.recorder.plan import Plan
from mig_audit.modules.audit.recorder.tail import Tail
from mig_audit.modules.audit.ruleset import exclusion, to_load
from mig_audit.modules.audit.run_settings import controls_of, run_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.interface import Context
    from mig_audit.modules.audit.parameters import Parameters
    from mig_audit.modules.audit.pipeline import Pipeline
    from mig_audit.modules.audit.recorder.canaries import Canaries
    from mig_audit.modules.audit.recorder.client import RecorderProcess
    from mig_audit.modules.audit.recorder.unwritten import Unwritten
    from mig_audit.modules.audit.ruleset import AskedRule
    from mig_audit.modules.audit.sinks import Sink, SinkOutcome

_WAIT = 0.05  # seconds between looks at the raw log when nothing arrives
_SKIMMING = 1.0  # seconds at the most, for two million records or so
_PROGRESS = 0.5  # seconds between words to a person at a terminal, and between looks at other runs


def make_plan(
    parameters: Parameters, rules: Sequence[AskedRule], own_pids: Sequence[int], run_id: str
) -> Plan:
    """Return what the recorder is to do."""
    kernel = parameters.kernel
    settings = run_settings(controls_of(rules), kernel)
    loaded = to_load(rules)
    return Plan(
        rules=loaded,
        own_rules=tuple(exclusion(pid) for pid in own_pids) if loaded else (),
        run_id=run_id,
        window=parameters.window,
        canary=kernel.canary,
        stream=kernel.stream,
        receive_buffer=kernel.receive_buffer,
        max_log_size=parameters.max_log_size,
        limits=parameters.limits,
        backlog_limit=settings.backlog_limit,
        rate_limit=settings.rate_limit,
        failure=kernel.failure,
        wait_time=settings.wait_time,
        reapply=kernel.reapply,
    )


class Recording:
    """The main process's side of one run.

    ``fault`` is set if processing failed; the window then still ends in order. ``processed`` counts the records that
    were taken from the raw log, ``skimmed`` those of which only the serials were looked at, ``beyond`` the serials that
    are missing after the window's end, ``stopped`` is what ended the window early.
    """

    def __init__(
        self,
        recorder: RecorderProcess,
        log: int,
        pipeline: Pipeline,
        context: Context,
        most_events: Optional[int] = None,
    ) -> None:
        """Join the parts; `run` does the work, and ends the window when ``most_events`` were found."""
        self._most_events = most_events
        self._recorder = recorder
        self.pipeline = pipeline
        self._context = context
        self._spoken = 0.0
        self._changes = 0
        self.tail = Tail(log)
        self.processed = self.skimmed = self.beyond = 0
        self.fault: Optional[MigAuditError] = None
        self.stopped = ""

    def run(
        self, plan: Plan, sinks: Sequence[Sink], drain: float, answer_by: float = math.inf
    ) -> tuple[SinkOutcome, ...]:
        """Follow the window to its end, process what is left within the drain time, and close the sinks.

        All of it is over by ``answer_by`` on the monotonic clock. Whatever happens, the recorder is gone afterwards,
        and the kernel restored.
        """
        try:
            self._recorder.send(plan)
            if plan.latest is not None:
                self._recorder.give_up_at(plan.latest + CLOSING + EMPTYING)
            while self._recorder.ended is None and not self._recorder.gone:
                self._step(plan.window)
            if self._recorder.gone:
                # The host comes first.
                self._recorder.farewell(progress=self._context.progress)
            return self._finish(sinks, min(time.monotonic() + drain, answer_by))
        finally:
            self._recorder.stop()
            self._recorder.farewell(progress=self._context.progress)
            self._context.progress("")

    def _finish(self, sinks: Sequence[Sink], deadline: float) -> tuple[SinkOutcome, ...]:
        requests = self._context.stop.requests
        ended = self._recorder.ended
        end = ended.size if ended else os.fstat(self.tail.fileno()).st_size
        # A recorder that died has not switched audit off.
        self.pipeline.ownership.window_ended(ended.ended if ended else math.inf)
        # A stop that comes now, or comes again, is meant for the processing: the window is closed already.
        while (
            self.tail.offset < end and time.monotonic() < deadline and self._context.stop.requests == requests
        ):
            self._process()
            # It is restoring the kernel, and is to be heard, and woken if it stands still.
            self._listen()
        self._set_torn_aside(end)
        self._flush()
        self._skim(end)
        if ended:
            self._reach(ended.unwritten, ended.canaries)
        if self._context.stop.requests > requests:
            deadline = time.monotonic()
        return tuple(sink.finish(deadline) for sink in sinks)

    def _set_torn_aside(self, end: int) -> None:
        """Keep what a recorder that was killed in mid-line has left: it would pass for a record that is shorter."""
        if self.tail.torn and self.tail.offset >= end:
            self.processed += 1
            self.pipeline.set_aside(self.tail.torn)

    def _skim(self, end: int) -> None:
        """Follow the numbering to the end of the raw log, so that what is missing is known of what was not processed."""
        limit = time.monotonic() + _SKIMMING
        while self.tail.offset < end and time.monotonic() < limit and not self.fault:
            block = self.tail.block()
            self.skimmed += block.count(b"\n")
            self.pipeline.skim(block)

    def _reach(self, unwritten: Unwritten, canaries: Canaries) -> None:
        """Follow the numbering on through what came and could not be written: it is in no raw log, and missing."""
        if unwritten.highest is None:
            return
        end = canaries.last if canaries.closed else unwritten.in_window
        if end is not None:
            self.pipeline.reach(end, canaries.first)
        self.beyond = self.pipeline.reach(unwritten.highest, canaries.first)

    def _step(self, window: float) -> None:
        """Take what the recorder says and what the raw log has; wait only if there is neither."""
        idle = self._recorder.ready is None or not self._process()
        if idle:
            # Once asked to stop, its descriptor stays readable, and would not let anybody wait.
            sources = [self._recorder.fileno(), *([] if self.stopped else [self._context.stop.fileno()])]
            select.select(sources, [], [], _WAIT)
        self._listen()
        if self.pipeline.changed != self._changes:
            self._changes = self.pipeline.changed
            self._recorder.rules_changed()
        if self._most_events is not None and self.pipeline.findings >= self._most_events:
            self._recorder.stop("events", f"{self.pipeline.findings} events were found")
        if self._context.stop.reason and not self.stopped:
            self.stopped = self._context.stop.reason
            self._recorder.stop()
        self._speak(window)

    def _listen(self) -> None:
        before = self._recorder.ready
        self._recorder.listen(0)
        ready = self._recorder.ready
        if ready is not None and before is None:
            self.pipeline.ownership.window_began(ready.started, configured=ready.configured)

    def _process(self) -> bool:
        """Process the next part of the raw log; return whether there was one."""
        block = self.tail.block()
        if not block or self.fault:
            return False
        self.processed += block.count(b"\n")
        try:
            self.pipeline.feed(block)
        except Exception as error:  # noqa: BLE001  # the kernel must be restored, and the records are in the raw log
            self._fail(error)
        return True

    def _flush(self) -> None:
        try:
            self.pipeline.flush()
        except Exception as error:  # noqa: BLE001  # as above
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.fault = InternalError(
            f"processing records failed: {type(error).__name__}: {error}",
            "all records are in the raw log; please report this",
        )
        self._recorder.stop()

    def _speak(self, window: float) -> None:
        now = time.monotonic()
        if now - self._spoken < _PROGRESS:
            return
        self._spoken = now
        self.pipeline.ownership.look_around()
        ready, progress = self._recorder.ready, self._recorder.progress
        if ready is None:
            self._context.progress("setting up")
            return
        passed = time.time() - ready.started
        received = progress.received if progress else 0
        self._context.progress(
            f"recording, {passed:.0f} of {window:g} s: {received} records, {self.pipeline.findings} events"
        )
