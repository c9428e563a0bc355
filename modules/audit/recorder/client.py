"""The main process's side of the recorder: start it, hear it, stop it, and stand in for it if it dies."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
from pathlib import Path

import mig_audit
from mig_audit.errors import InternalError, MigAuditError
from mig_audit.lean_typing import TYPE_CHECKING, Callable, Optional, cast
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.recovery import boot_id, recover_run
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import Restoration, RuleOutcome, Snapshot, compare
from mig_audit.modules.audit.recorder import reports
from mig_audit.modules.audit.recorder.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.recorder.plan import Plan

# Isolated and without site packages: what runs as root beside the kernel takes nothing from the environment or the
# working folder, and needs only the standard library and this package.
_BOOT = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from mig_audit.modules.audit.recorder.process import main; sys.exit(main(sys.argv[1:]))"
)
_PACKAGE_ROOT = Path(mig_audit.__file__).resolve().parent.parent
_PATIENCE = 0.5  # seconds between looks at a recorder that is restoring the kernel
_FAREWELL = 10.0  # seconds for the recorder to exit once it has said its last word


class RecorderProcess:
    """The recorder as seen from the main process: everything it has reported so far.

    ``gone`` is True once its channel is closed; from then on nothing changes any more. ``guard`` is the process id of
    its guard, and its own where it died before it had one.
    """

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel, run_id: str) -> None:
        """Use `start`."""
        self._process = process
        self._channel = channel
        self._run_id = run_id
        self._stopping = False
        self.pid = process.pid
        self.guard = 0
        self.found: Optional[reports.Found] = None
        self.outcomes: list[RuleOutcome] = []
        self.ready: Optional[reports.Ready] = None
        self.progress: Optional[reports.Progress] = None
        self.ended: Optional[reports.Ended] = None
        self.removed = 0
        self.restoration: Optional[Restoration] = None
        self.failure: Optional[MigAuditError] = None

    @classmethod
    def start(
        cls, log: int, run_id: str, arguments: Sequence[str] = (sys.executable, "-I", "-S", "-c", _BOOT)
    ) -> RecorderProcess:
        """Start a recorder that appends to the descriptor ``log``, and its guard; it does nothing before it has its plan.

        It gets a session of its own, so that what the terminal or an agent does to this process does not reach it: it
        sees its channel close, and restores the kernel.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            command = [*arguments, str(_PACKAGE_ROOT), str(theirs.fileno()), str(log), run_id]
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                pass_fds=(theirs.fileno(), log),
                start_new_session=True,
            )
        started = cls(process, Channel(ours), run_id)
        while not started.guard and not started.gone:
            started.listen(_PATIENCE)
        started.guard = started.guard or started.pid
        return started

    @property
    def gone(self) -> bool:
        """Return whether the recorder has hung up."""
        return self._channel.closed

    def send(self, plan: Plan) -> None:
        """Let it begin."""
        self._channel.send("plan", plan.to_json())

    def stop(self, reason: str = "stopped", why: str = "") -> None:
        """Ask it to end the window now; it still reports, and restores the kernel."""
        if not self._stopping:
            self._stopping = True
            self._channel.send("stop", {"reason": reason, "why": why})

    def rules_changed(self) -> None:
        """Have it look at the rules: a record says that somebody changed them."""
        self._channel.send("rules-changed", {})

    def fileno(self) -> int:
        """Return the descriptor to wait on."""
        return self._channel.fileno()

    def listen(self, timeout: float) -> None:
        """Take in what it reports within ``timeout`` seconds, at the least what has arrived already."""
        if not self.gone and select.select([self._channel], [], [], timeout)[0]:
            for message in self._channel.receive():
                self._take(message.pop("kind"), message)

    def _take(self, kind: str, message: dict[str, object]) -> None:
        if kind == reports.GUARDED:
            self.guard = cast("int", message["pid"])
        elif kind == reports.OUTCOME:
            self.outcomes.append(reports.outcome_from_json(message))
        elif kind == reports.FOUND:
            self.found = reports.Found.from_json(message)
        elif kind == reports.READY:
            self.ready = reports.Ready.from_json(message)
        elif kind == reports.PROGRESS:
            self.progress = reports.Progress.from_json(message)
        elif kind == reports.ENDED:
            self.ended = reports.Ended.from_json(message)
        elif kind == reports.FAILED:
            self.failure = reports.error_from_json(message)
        elif kind == reports.REMOVED:
            self.removed = cast("int", message["rules"])
        else:
            self.restoration = Restoration.from_json(message)

    def outcomes_of(self, payloads: Sequence[bytes]) -> tuple[list[RuleOutcome], list[RuleOutcome]]:
        """Return what became of these rules when they were added, and at the end, without the run's own rules."""
        endings = self.restoration.outcomes if self.restoration else ()
        wanted = frozenset(payloads)
        added = [outcome for outcome in self.outcomes if outcome.payload in wanted]
        return added, [outcome for outcome in endings if outcome.payload in wanted]

    def farewell(
        self,
        open_control: Callable[[], Control] = Control.open,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """Wait until it is gone; if it went without restoring the kernel, do that in its place."""
        while not self.gone:
            self.listen(_PATIENCE)
            if self.removed:
                progress(f"restoring the kernel: {self.removed} of {len(self.outcomes)} rules removed")
        self._channel.close()
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self.restoration is None and self.found is not None:
            self._stand_in(self.found, open_control)
        if self.ended is None and self.failure is None:
            code = self._process.returncode
            self.failure = InternalError(f"the recorder ended before its window did, with exit status {code}")

    def _stand_in(self, found: reports.Found, open_control: Callable[[], Control]) -> None:
        """Undo the run, unless its guard has done it already; say how the kernel is."""
        try:
            with open_control() as control, Runs() as runs:
                if runs.lock_to_undo(self._run_id):
                    recovered = recover_run(runs, self._run_id, control, boot_id())
                    self.restoration = recovered.restoration if recovered else None
                after = Snapshot.take(control)
        except MigAuditError as error:
            trouble = f"the recorder died, and the kernel could not be restored in its place: {error}"
            self.restoration = Restoration(None, tuple(self.outcomes), (trouble,), complete=False)
            return
        if self.restoration is None:
            outcomes = tuple(_by_guard(outcome) for outcome in self.outcomes)
            self.restoration = Restoration(after, outcomes, compare(found.before, after))


def _by_guard(outcome: RuleOutcome) -> RuleOutcome:
    if outcome.outcome not in {"added", "pending"}:
        return outcome
    return RuleOutcome(outcome.payload, "removed", "by the guard, after the recorder had died")
