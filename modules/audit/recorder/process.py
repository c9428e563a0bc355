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
from dataclasses import replace
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import AuditOwnedError, InternalError, KernelRefusedError, MigAuditError
from mig_audit.modules.audit.canary import MESSAGE_TYPE, Mark
from mig_audit.modules.audit.kernel import access, stream
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot, add_rules, restore
from mig_audit.modules.audit.kernel.status import Setting, Status
from mig_audit.modules.audit.recorder import reports
from mig_audit.modules.audit.recorder.canaries import Canaries, Canary
from mig_audit.modules.audit.recorder.channel import Channel
from mig_audit.modules.audit.recorder.drain import Drain
from mig_audit.modules.audit.recorder.ending import Ending
from mig_audit.modules.audit.recorder.plan import Plan
from mig_audit.modules.audit.recorder.rawlog import RawLogWriter
from mig_audit.modules.audit.recorder.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRESS = 0.5  # seconds between words on the rules that are being removed
_PAUSE = 0.005  # seconds for the kernel to hand over what it has queued
_LAST_DRAIN = 1.0  # seconds at the most to empty the kernel's queue at the end of the window


class Recorder:
    """One recording. Its state is what must be undone, and how the window ended."""

    def __init__(self, channel: Channel, log: RawLogWriter, control: Control) -> None:
        """Use `run`."""
        self._channel = channel
        self._log = log
        self._control = control
        self._outcomes: list[RuleOutcome] = []
        self._settings: dict[Setting, int] = {}
        self._stream: Optional[stream.RecordStream] = None
        self._ending = Ending()
        self._report = 0.0  # when the next word on progress is due

    def stop(self, *_: object) -> None:
        """End the window early; also the handler of SIGTERM, SIGINT and SIGHUP."""
        self._ending.because("stopped")

    def run(self, plan: Plan) -> None:
        """Record one window, and leave the kernel as it was found whatever happens."""
        before = Snapshot.take(self._control)
        try:
            self._record(plan, before)
        except MigAuditError as error:
            self._channel.send(reports.FAILED, reports.error_to_json(error))
        except Exception as error:  # noqa: BLE001  # the kernel must be restored, then the fault is reported
            fault = InternalError(f"the recorder failed: {type(error).__name__}: {error}")
            self._channel.send(reports.FAILED, reports.error_to_json(fault))
        finally:
            self._restore(before)

    def _record(self, plan: Plan, before: Snapshot) -> None:
        granted = self._open(plan, before.status)
        self._settings = plan.settings(before.status, tune=granted.tune) if granted.configure else {}
        self._channel.send(reports.FOUND, reports.Found(before, self._settings).to_json())
        self._configure(plan, before.status.words, granted)
        source = self._opened()
        started, wall = time.monotonic(), time.time()
        ready = reports.Ready(
            source.mode, granted.why, granted.error, os.getpid(), wall, source.buffer, self._control.status()
        )
        self._channel.send(reports.READY, ready.to_json())
        drain, canary = Drain(source), self._canary(plan, granted)
        Window(self._channel, self._log, self._control, drain, canary, self._ending).run(
            started + plan.window
        )
        ended = time.time()
        status = self._end(drain, before.status)
        report = self._ended(drain, wall, ended, canary.account(), status)
        self._channel.send(reports.ENDED, report.to_json())

    def _canary(self, plan: Plan, granted: access.Access) -> Canary:
        mark = Mark(plan.run_id, os.getpid())

        def send(text: bytes) -> None:
            self._control.log_message(MESSAGE_TYPE, text)

        unsent = "" if granted.configure else f"the host is only read: {granted.why}"
        return Canary(mark, send, plan.canary, time.time, unsent)

    def _open(self, plan: Plan, status: Status) -> access.Access:
        granted = access.decide(status, plan.stream, lower_failure=plan.failure is not None, alive=_alive)
        if granted.mode == access.UNICAST:
            try:
                self._stream = stream.claim(status.words, plan.receive_buffer)
            except AuditOwnedError:
                # An owner that was not alive a moment ago, or that only the kernel can see: it stays the owner.
                granted = access.beside_owner(self._control.status().pid, plan.stream)
        if granted.mode == access.MULTICAST:
            self._stream = stream.join(plan.receive_buffer)
        return granted

    def _opened(self) -> stream.RecordStream:
        if self._stream is None:
            raise InternalError("the record stream was not opened")
        return self._stream

    def _configure(self, plan: Plan, words: int, granted: access.Access) -> None:
        if not granted.configure:
            for payload in plan.rules:
                self._outcome(RuleOutcome(payload, "skipped", granted.why))
            return
        for setting, value in self._settings.items():
            if setting is not Setting.ENABLED:
                self._control.set(setting, value, words)
        add_rules(self._control, (*plan.own_rules, *plan.rules), self._outcome)
        # Last, so that all rules begin at once.
        if Setting.ENABLED in self._settings:
            self._control.set(Setting.ENABLED, self._settings[Setting.ENABLED], words)

    def _outcome(self, outcome: RuleOutcome) -> None:
        self._outcomes.append(outcome)
        self._channel.send(reports.OUTCOME, outcome.to_json())

    def _end(self, drain: Drain, before: Status) -> Status:
        """Stop the kernel producing, take what it has queued, and give the audit pid back."""
        source = self._opened()
        self._restore_enabled(before)
        self._empty(drain)
        status = self._control.status()
        self._release(before)
        self._empty(drain)
        source.close()
        return status

    def _release(self, before: Status) -> None:
        if self._control.status().pid != os.getpid():
            return
        try:
            stream.release(self._control, before.words)
        except KernelRefusedError:
            # Some kernels answer with an error although they let go; whether they did is what counts.
            if self._control.status().pid == os.getpid():
                raise

    def _restore_enabled(self, before: Status) -> None:
        ours = self._settings.get(Setting.ENABLED)
        if ours is not None and self._control.status().enabled == ours:
            self._control.set(Setting.ENABLED, before.enabled, before.words)

    def _empty(self, drain: Drain) -> None:
        limit = time.monotonic() + _LAST_DRAIN
        while time.monotonic() < limit:
            self._log.append(*drain.block())
            if drain.idle:
                if not self._control.status().backlog:
                    break
                time.sleep(_PAUSE)
        # The kernel's queue may have been handed over between the last read and the look at it.
        self._log.append(*drain.block())

    def _ended(
        self, drain: Drain, started: float, ended: float, canaries: Canaries, status: Status
    ) -> reports.Ended:
        tally = drain.tally
        return reports.Ended(
            reason=self._ending.reason,
            why=self._ending.why,
            started=started,
            ended=ended,
            received=tally.received,
            written=self._log.written,
            unwritten=self._log.unwritten,
            size=self._log.size,
            overruns=tally.overruns,
            foreign=tally.foreign,
            # The kernel asks the owner whether it is alive also when the owner itself lets go.
            challengers=tuple(sorted(tally.challengers - {os.getpid()})),
            canaries=canaries,
            status=status,
            error=self._log.failure,
        )

    def _restore(self, before: Snapshot) -> None:
        restoration = restore(self._control, before, self._settings, self._outcomes, self._removed)
        try:
            self._release(before.status)
        except MigAuditError as error:
            trouble = (*restoration.differences, f"the audit pid was not given back: {error}")
            restoration = replace(restoration, differences=trouble)
        if self._stream is not None:
            self._stream.close()
        self._channel.send(reports.RESTORED, restoration.to_json())

    def _removed(self, done: int) -> None:
        if time.monotonic() >= self._report:
            self._report = time.monotonic() + _PROGRESS
            self._channel.send(reports.REMOVED, {"rules": done}, wait=False)


def _alive(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")  # noqa: PTH110  # pathlib is not worth its import here


def _receive_plan(channel: Channel) -> tuple[Optional[Plan], bool]:
    """Return the plan, and whether a request to stop came right behind it."""
    while not channel.closed:
        messages = channel.receive()
        if messages:
            plan = messages[0]
            del plan["kind"]
            return Plan.from_json(plan), any(message["kind"] == "stop" for message in messages[1:])
    return None, False


def main(arguments: Sequence[str], open_control: Callable[[], Control] = Control.open) -> int:
    """Run the recorder; the arguments are the descriptors of its channel and its raw log."""
    channel = Channel(socket.socket(fileno=int(arguments[0])))
    plan, stop = _receive_plan(channel)
    if plan is None:
        return 0
    try:
        with open_control() as control:
            recorder = Recorder(channel, RawLogWriter(int(arguments[1]), plan.max_log_size), control)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, recorder.stop)
            if stop:
                recorder.stop()
            recorder.run(plan)
    except MigAuditError as error:
        channel.send(reports.FAILED, reports.error_to_json(error))
    channel.close()
    return 0
