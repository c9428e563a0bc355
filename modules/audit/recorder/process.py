"""The recorder's life, told top to bottom: find, claim, configure, record, end, restore.

It runs in a process of its own, so that nothing else can make it late (a reader that shares its interpreter with a
busy parser waits for the interpreter lock, and the kernel drops what a late reader leaves), so that the kernel exempts
it from being audited while it owns the audit pid, and so that it can put the kernel back when the main process dies.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import InternalError, MigAuditError, unexpected
from mig_audit.modules.audit.canary import Mark
from mig_audit.modules.audit.kernel import access
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.recovery import boot_id, recover
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot
from mig_audit.modules.audit.recorder import confinement, guard, reports
from mig_audit.modules.audit.recorder.channel import Channel
from mig_audit.modules.audit.recorder.drain import Drain
from mig_audit.modules.audit.recorder.ending import Ending
from mig_audit.modules.audit.recorder.intervention import Intervention
from mig_audit.modules.audit.recorder.plan import Plan
from mig_audit.modules.audit.recorder.pulse import Beat
from mig_audit.modules.audit.recorder.rawlog import RawLogWriter
from mig_audit.modules.audit.recorder.window import Parts, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.kernel.journal import Process
    from mig_audit.modules.audit.kernel.recovery import Recovered
    from mig_audit.modules.audit.kernel.status import Status
    from mig_audit.modules.audit.kernel.stream import RecordStream

_PAUSE = 0.005  # seconds for the kernel to hand over what it has queued
_UNDOING = 10.0  # seconds at the most to wait for another run that is being undone
_LAST_DRAIN = 1.0  # seconds at the most to empty the kernel's queue at the end of the window


class Recorder:
    """One recording. Its state is what must be undone, and how the window ended."""

    def __init__(self, channel: Channel, log: RawLogWriter, control: Control, runs: Runs) -> None:
        """Use `run`."""
        self._channel = channel
        self._log = log
        self._control = control
        self._runs = runs
        self._ending = Ending()
        self._beat = Beat()

    def stop(self, *_: object) -> None:
        """End the window early; also the handler of SIGTERM, SIGINT and SIGHUP."""
        self._ending.because("stopped")

    def run(self, plan: Plan, guard: Process) -> None:
        """Record one window, and leave the kernel as it was found whatever happens."""
        held = self._runs.lock(_UNDOING, self._hurry)
        recovered = recover(self._runs, self._control, boot_id(), self._say_alive) if held else ()
        intervention = Intervention(self._control, Snapshot.take(self._control))
        plan = plan.beside(intervention.before.rules)
        try:
            granted = self._access(plan, intervention.before.status, held=held)
            if granted.configure:
                rules = (*plan.own_rules, *plan.rules)
                intervention.write_down(self._runs, plan.run_id, guard, rules)
            granted = intervention.open(granted, plan.stream, plan.receive_buffer)
            self._record(plan, intervention, granted, recovered)
        except Exception as error:  # noqa: BLE001  # the kernel must be restored, then the fault is reported
            report_failure(self._channel, error)
        finally:
            restoration = intervention.restore(self._runs, plan.run_id, self._removed)
            self._channel.send(reports.RESTORED, restoration.to_json())
            if intervention.unforgotten is not None:
                self._channel.send(reports.FAILED, reports.error_to_json(intervention.unforgotten))

    def _access(self, plan: Plan, status: Status, *, held: bool) -> access.Access:
        if not held:
            other = self._runs.recording()
            return access.beside_run(other.main.pid if other else 0, plan.stream, asked=bool(plan.rules))
        return access.decide(status, plan.stream, lower_failure=plan.failure is not None, alive=_alive)

    def _record(
        self,
        plan: Plan,
        intervention: Intervention,
        granted: access.Access,
        recovered: tuple[Recovered, ...],
    ) -> None:
        before = intervention.before
        settings = plan.settings(before.status, tune=granted.tune) if granted.configure else {}
        intervention.announce(settings)
        self._channel.send(reports.FOUND, reports.Found(before, settings, recovered).to_json())
        if granted.configure:
            intervention.configure(self._outcome)
        else:
            intervention.skip(plan.rules, granted.why, self._outcome)
        source = _opened(intervention)
        drain = Drain(source)
        unsent = "" if granted.configure else f"the host is only read: {granted.why}"
        parts = Parts(self._channel, self._log, self._control, drain, self._ending)
        window = Window.prepare(parts, plan, before, settings, unsent)
        confinement.in_window()
        window.open()
        started, wall = time.monotonic(), time.time()
        ready = reports.Ready(
            source.mode,
            granted.why,
            granted.error,
            os.getpid(),
            wall,
            source.buffer,
            self._control.status(),
            granted.configure,
        )
        self._channel.send(reports.READY, ready.to_json())
        window.run(started + plan.window, plan.latest)
        ended = time.time()
        status = self._end(drain, intervention, window.tell)
        self._channel.send(reports.ENDED, self._ended(drain, window, wall, ended, status).to_json())

    def _hurry(self) -> bool:
        self._say_alive(0)
        return bool(self._ending.reason)

    def _say_alive(self, _done: int) -> None:
        """Give a sign of life where there is nothing to report, so that this process is known not to stand still."""
        if self._beat.due():
            self._channel.send(reports.ALIVE, {}, optional=True)

    def _outcome(self, outcome: RuleOutcome) -> None:
        self._channel.send(reports.OUTCOME, outcome.to_json())

    def _end(self, drain: Drain, intervention: Intervention, tell: Callable[[], None]) -> Status:
        """Stop the kernel producing, take what it has queued, and give the audit pid back."""
        intervention.switch_off()
        self._empty(drain, tell)
        status = self._control.status()
        intervention.release()
        self._empty(drain, tell)
        return status

    def _empty(self, drain: Drain, tell: Callable[[], None]) -> None:
        limit = time.monotonic() + _LAST_DRAIN
        while time.monotonic() < limit:
            tell()
            self._log.append(*drain.block())
            if drain.idle:
                if not self._control.status().backlog:
                    break
                time.sleep(_PAUSE)
        # The kernel's queue may have been handed over between the last read and the look at it.
        self._log.append(*drain.block())

    def _ended(
        self, drain: Drain, window: Window, started: float, ended: float, status: Status
    ) -> reports.Ended:
        tally, watch = drain.tally, window.watch
        return reports.Ended(
            reason=self._ending.reason,
            why=self._ending.why,
            started=started,
            ended=ended,
            received=tally.received,
            written=self._log.written,
            unwritten=self._log.left.account(),
            size=self._log.size,
            overruns=tally.overruns,
            foreign=tally.foreign,
            # The kernel asks the owner whether it is alive also when the owner itself lets go.
            challengers=tuple(sorted(tally.challengers - {os.getpid()})),
            canaries=window.canary.account(),
            changes=tuple(watch.changes),
            more_changes=watch.count - len(watch.changes),
            unwatched=watch.trouble,
            status=status,
            error=self._log.failure,
        )

    def _removed(self, done: int) -> None:
        if self._beat.due():
            self._channel.send(reports.REMOVED, {"rules": done}, optional=True)


def _alive(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")  # noqa: PTH110  # pathlib is not worth its import here


def _receive_plan(channel: Channel) -> tuple[Optional[Plan], bool]:
    """Return the plan, and whether a request to stop came right after it."""
    while not channel.closed:
        messages = channel.receive()
        if messages:
            plan = messages[0]
            del plan["kind"]
            return Plan.from_json(plan), any(message["kind"] == "stop" for message in messages[1:])
    return None, False


def _opened(intervention: Intervention) -> RecordStream:
    if intervention.stream is None:
        raise InternalError("the record stream was not opened")
    return intervention.stream


def main(arguments: Sequence[str], open_control: Callable[[], Control] = Control.open) -> int:
    """Run the recorder; the arguments are the run's id, and the descriptors of its channel, its raw log, and its guard's line."""
    run_id, descriptors = arguments[0], [int(argument) for argument in arguments[1:]]
    channel = Channel(socket.socket(fileno=descriptors[0]))
    try:
        confinement.before_sockets()
        # Before anything is changed, and before there is a socket that a copy of this process would keep open.
        watch = guard.start(run_id, descriptors[2])
        channel.send(reports.GUARDED, {"pid": watch.process.pid, "bound": watch.bound})
        plan, stop = _receive_plan(channel)
        if plan is None:
            return 0
        mark = Mark(plan.run_id, os.getpid())
        log = RawLogWriter(
            descriptors[1], plan.max_log_size, canaries=lambda lines: len(mark.in_block(lines))
        )
        with open_control() as control, _runs(control) as runs:
            recorder = Recorder(channel, log, control, runs)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, recorder.stop)
            if stop:
                recorder.stop()
            recorder.run(plan, watch.process)
        # The kernel is restored: from here on there is time for a main process that is stopped.
        channel.flush()
        watch.dismiss()
    except Exception as error:  # noqa: BLE001  # nobody reads this process's stderr but by chance
        report_failure(channel, error)
        channel.flush()
    channel.close()
    return 0


def report_failure(channel: Channel, error: Exception) -> None:
    """Tell the main process why there is no recording, or no more of it."""
    if not isinstance(error, MigAuditError):
        error = unexpected(error, "the recorder failed: ")
    channel.send(reports.FAILED, reports.error_to_json(error))


def _runs(control: Control) -> Runs:
    """Open the runs of this host, but first see that this is the host: the kernel's refusal is the better reason."""
    control.status()
    return Runs()
