"""The main process's side of the recorder: start it, hear it, stop it, and hear its guard if it dies."""

from __future__ import annotations

import math
import select
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional, cast

import mig_audit
from mig_audit.capabilities import Held
from mig_audit.errors import MigAuditError, StandstillError
from mig_audit.modules.audit.host import iso_time
from mig_audit.modules.audit.kernel.state import Restoration, RuleOutcome
from mig_audit.modules.audit.recorder import reports
from mig_audit.modules.audit.recorder.canaries import Canaries
from mig_audit.modules.audit.recorder.channel import Channel
from mig_audit.modules.audit.recorder.death import Death, death_of
from mig_audit.modules.audit.recorder.guard_line import GuardLine
from mig_audit.modules.audit.recorder.pulse import Pulse, is_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.recorder.plan import Plan

# Isolated and without site packages: what runs as root beside the kernel takes nothing from the environment or the
# working folder, and needs only the standard library and this package.
_BOOT = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from mig_audit.modules.audit.recorder.process import main; sys.exit(main(sys.argv[1:]))"
)
# Who wants no bytecode written on a host wants none of the recorder either, which does not see the environment.
_ISOLATED = ("-I", "-S", *(["-B"] if sys.dont_write_bytecode else []))
_PACKAGE_ROOT = Path(mig_audit.__file__).resolve().parent.parent
_PATIENCE = 0.5  # seconds between looks at a recorder that is restoring the kernel
_FAREWELL = 10.0  # seconds for the recorder to exit once it has said its last word
_KILLING = 2.0  # seconds for a process that was killed to be gone
_TOLD = 10  # times that are told


class RecorderProcess:
    """The recorder as seen from the main process: everything it has reported so far.

    ``gone`` is True once its channel is closed, or it can neither go on nor be killed; from then on nothing changes any
    more. ``death`` is how it ended if that was before its window did. ``held`` is what it and its guard are allowed in
    the window.
    """

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel, line: GuardLine) -> None:
        """Use `start`."""
        self._process = process
        self._channel = channel
        self._line = line
        self._stopping = False
        self._hangs = False
        self._left = False
        self._pulse = Pulse(self._wake, self._end)
        self.pid = process.pid
        self.standstills = line.standstills
        self.found: Optional[reports.Found] = None
        self.outcomes: list[RuleOutcome] = []
        self.ready: Optional[reports.Ready] = None
        self.progress: Optional[reports.Progress] = None
        self.ended: Optional[reports.Ended] = None
        self.removed = 0
        self.held: dict[str, Optional[Held]] = {"recorder": None, "guard": None}
        self.restoration: Optional[Restoration] = None
        self.failure: Optional[MigAuditError] = None
        self.death: Optional[Death] = None

    @classmethod
    def start(
        cls, log: int, run_id: str, arguments: Sequence[str] = (sys.executable, *_ISOLATED, "-c", _BOOT)
    ) -> RecorderProcess:
        """Start a recorder that appends to the descriptor ``log``, and its guard; it does nothing before it has its plan.

        It gets a session of its own, so that what the terminal or an agent does to this process does not reach it: it
        sees its channel close, and restores the kernel.
        """
        ours, theirs = socket.socketpair()
        line, guards = socket.socketpair()
        with theirs, guards:
            descriptors = (theirs.fileno(), log, guards.fileno())
            command = [*arguments, str(_PACKAGE_ROOT), run_id, *map(str, descriptors)]
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                pass_fds=descriptors,
                start_new_session=True,
            )
        started = cls(process, Channel(ours), GuardLine(Channel(line)))
        while not started._line.pid and not started.gone:
            started.listen(_PATIENCE)
        return started

    @classmethod
    @contextmanager
    def started(cls, log: int, run_id: str) -> Iterator[RecorderProcess]:
        """Start one for the time of a ``with`` block; what leaves the block early leaves no process behind."""
        recorder = cls.start(log, run_id)
        try:
            yield recorder
        finally:
            recorder.abandon()

    def abandon(self) -> None:
        """Hang up, if nobody has yet, and see it end: without a plan it does so at once."""
        self._channel.close()
        self._reap()
        self._line.close()

    @property
    def guard(self) -> int:
        """Return the process id of its guard, and its own where it died before it had one."""
        return self._line.pid or self.pid

    @property
    def guard_bound(self) -> str:
        """Return why the guard shares the run's control group, and what may kill all of that; empty if it does not."""
        return self._line.bound

    @property
    def gone(self) -> bool:
        """Return whether the recorder has hung up, or hangs for ever."""
        return self._channel.closed or self._hangs

    @property
    def canaries(self) -> Canaries:
        """Return what became of the canaries, as far as it has told."""
        told = self.ended or self.progress
        return told.canaries if told else Canaries()

    @property
    def lost(self) -> Optional[int]:
        """Return the kernel's counter of lost records at the end of the window, or after it; None if nobody read it."""
        if self.ended:
            return self.ended.status.lost
        after = self.restoration.after if self.restoration else None
        return after.status.lost if after else None

    def send(self, plan: Plan) -> None:
        """Let it begin."""
        self._channel.send("plan", plan.to_json())

    def give_up_at(self, limit: float) -> None:
        """End it by force if its window is not closed at that time on the monotonic clock."""
        if self.ended is None:
            self._pulse.give_up_at(limit)

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
        """Take in what it reports within ``timeout`` seconds, at the least what has arrived already.

        One that says nothing for too long is woken, then killed.
        """
        if self.gone:
            return
        self._channel.flush(0)
        if select.select([self._channel], [], [], timeout)[0]:
            messages = self._channel.receive()
            for message in messages:
                self._take(message.pop("kind"), message)
            if messages:
                self._pulse.word()
        if not self._channel.closed:
            self._pulse.check()

    def _wake(self) -> bool:
        stopped = is_stopped(self.pid)
        self._process.send_signal(signal.SIGCONT)
        return stopped

    def _end(self) -> None:
        self._process.kill()
        try:
            self._process.wait(_KILLING)
        except subprocess.TimeoutExpired:
            self._hangs = True

    def _take(self, kind: str, message: dict[str, object]) -> None:
        if kind == reports.GUARDED:
            self._line.introduce(cast("int", message["pid"]), cast("str", message["bound"]))
        elif kind == reports.OUTCOME:
            self.outcomes.append(reports.outcome_from_json(message))
        elif kind == reports.FOUND:
            self.found = reports.Found.from_json(message)
        elif kind == reports.READY:
            self.ready = reports.Ready.from_json(message)
            # Looked at from outside: that something was to be given up is no proof that it was.
            self.held = {"recorder": Held.by(self.pid), "guard": Held.by(self.guard)}
        elif kind == reports.PROGRESS:
            self.progress = reports.Progress.from_json(message)
        elif kind == reports.ENDED:
            self.ended = reports.Ended.from_json(message)
            self._pulse.give_up_at(math.inf)
        elif kind == reports.FAILED:
            self.failure = reports.error_from_json(message)
        elif kind == reports.REMOVED:
            self.removed = cast("int", message["rules"])
        elif kind == reports.RESTORED:
            self.restoration = Restoration.from_json(message)

    def outcomes_of(self, payloads: Sequence[bytes]) -> tuple[list[RuleOutcome], list[RuleOutcome]]:
        """Return what became of these rules when they were added, and at the end, without the run's own rules."""
        endings = self.restoration.outcomes if self.restoration else ()
        wanted = frozenset(payloads)
        added = [outcome for outcome in self.outcomes if outcome.payload in wanted]
        return added, [outcome for outcome in endings if outcome.payload in wanted]

    def farewell(self, progress: Callable[[str], None] = lambda _text: None) -> None:
        """Wait until it is gone; if it went without restoring the kernel, wait for its guard to do that. Once is enough."""
        if self._left:
            return
        while not self.gone:
            self.listen(_PATIENCE)
            if self.removed:
                progress(f"restoring the kernel: {self.removed} of {len(self.outcomes)} rules removed")
        self._left = True
        self._channel.close()
        self._reap()
        if self.restoration is None and self.found is not None:
            before = self.found.before
            self.restoration = self._line.restoration(before, self.outcomes, progress, hangs=self._hangs)
        self._line.close()
        if self.ended is None and self.failure is None:
            self.death = death_of(self._process.returncode, self._pulse.given_up, self._pulse.last)
            self.failure = self.death.error
        if self.restoration is not None and self.restoration.complete:
            self._line.dismiss()
        if self._pulse.given_up and self.ended is not None:
            self.standstills.append(_stood_still_at_the_end(self._pulse.given_up))
        elif self._pulse.stops and not self._pulse.given_up:
            self.standstills.append(_stood_still(self._pulse.stops))

    def _reap(self) -> None:
        if not self._hangs:
            try:
                self._process.wait(_FAREWELL)
            except subprocess.TimeoutExpired:
                self._end()


def _stood_still_at_the_end(given_up: str) -> StandstillError:
    return StandstillError(
        f"the recorder stood still while it restored the kernel, and was ended: {given_up}",
        "see who stops processes here; kernel.restored says what its guard made of it",
    )


def _stood_still(stops: Sequence[float]) -> StandstillError:
    times = ", ".join(iso_time(each) for each in stops[:_TOLD])
    return StandstillError(
        f"the recorder was found stopped {len(stops)} times, and continued: {times}",
        "see who stops processes here; what was lost meanwhile is in statistics.loss",
    )
