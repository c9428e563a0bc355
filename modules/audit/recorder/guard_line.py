"""The main process's side of the guard: what it made of the kernel when the recorder was dead, and that it is gone at the end."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.errors import MigAuditError, StandstillError
from mig_audit.modules.audit.kernel.journal import Process
from mig_audit.modules.audit.kernel.state import Restoration, RuleOutcome, Snapshot, compare
from mig_audit.modules.audit.recorder import reports
from mig_audit.modules.audit.recorder.pulse import Pulse, is_stopped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.recorder.channel import Channel

_PATIENCE = 0.5  # seconds between looks at a guard that says nothing
_DISMISSAL = 1.0  # seconds for the guard to be gone when nothing is left to undo
_LOOK = 0.01  # seconds between looks at it
_REMEDY = "see who stops processes here"


class GuardLine:
    """``pid`` is the guard's process id, 0 until that is known; ``standstills`` tell that it was stopped.

    ``bound`` is why it could not leave the run's control group.
    """

    def __init__(self, channel: Channel) -> None:
        """Take over our end of its line."""
        self._channel = channel
        self._process: Optional[Process] = None
        self._trouble = "its guard died too"
        self.pid = 0
        self.bound = "it could not be started"
        self.standstills: list[MigAuditError] = []

    def introduce(self, pid: int, bound: str) -> None:
        """Take note of who it is, and where."""
        self.pid, self._process, self.bound = pid, Process.of(pid), bound

    def restoration(
        self,
        before: Snapshot,
        outcomes: Sequence[RuleOutcome],
        progress: Callable[[str], None],
        *,
        hangs: bool,
    ) -> Restoration:
        """Return what it makes of the kernel, now that the recorder is dead; or ``hangs``, and never will be.

        One that is stopped is continued. One that says nothing even so is left alone: it will still undo the run when
        it can.
        """
        if hangs:
            self._channel.send(reports.TAKE_OVER, {})
        pulse = Pulse(self._wake, lambda: None)
        restoration = None
        while restoration is None and not self._channel.closed and not pulse.given_up:
            if select.select([self._channel], [], [], _PATIENCE)[0]:
                for message in self._channel.receive():
                    pulse.word()
                    restoration = restoration or self._take(message, before, outcomes, progress)
            if not self._channel.closed:
                pulse.check()
        if pulse.stops:
            self.standstills.append(
                StandstillError("the guard of the run was stopped by somebody, and was continued", _REMEDY)
            )
        if restoration is not None:
            return restoration
        trouble = f"its guard stands still: {pulse.given_up}" if pulse.given_up else self._trouble
        what = f"the recorder did not restore the kernel, and {trouble}: run `mig-audit restore`"
        return Restoration(None, tuple(outcomes), (what,), complete=False)

    def _take(
        self,
        message: dict[str, Any],
        before: Snapshot,
        outcomes: Sequence[RuleOutcome],
        progress: Callable[[str], None],
    ) -> Optional[Restoration]:
        kind = message.pop("kind")
        if kind == reports.RESTORED:
            return Restoration.from_json(message)
        if kind == reports.STANDS:
            after = Snapshot.from_json(message)
            return Restoration(after, tuple(map(_removed, outcomes)), compare(before, after))
        if kind == reports.FAILED:
            self._trouble = f"its guard could not undo the run: {reports.error_from_json(message)}"
        elif kind == reports.REMOVED:
            progress(f"restoring the kernel: {message['rules']} rules removed")
        return None

    def dismiss(self) -> None:
        """See that it is gone, now that nothing is left to undo: one that is stopped would stay for ever."""
        if self._process is None:
            return
        limit = time.monotonic() + _DISMISSAL
        while self._process.alive():
            if time.monotonic() > limit:
                self._kill()
                return
            time.sleep(_LOOK)

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def _wake(self) -> bool:
        stopped = is_stopped(self.pid)
        self._signal(signal.SIGCONT)
        return stopped

    def _kill(self) -> None:
        if is_stopped(self.pid):
            what = "the guard of the run was stopped by somebody, and was ended: nothing was left to undo"
            self.standstills.append(StandstillError(what, f"the kernel is restored without it; {_REMEDY}"))
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.alive():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _removed(outcome: RuleOutcome) -> RuleOutcome:
    if outcome.outcome not in {"added", "pending"}:
        return outcome
    return RuleOutcome(outcome.payload, "removed", "by the recorder, before it died, or by another run")
