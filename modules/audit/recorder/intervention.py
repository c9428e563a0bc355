"""What one run changes in the kernel: each change is written down, made, and undone at the end."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import (
    AuditOwnedError,
    AuditUnavailableError,
    InternalError,
    MigAuditError,
    RestoreError,
)
from mig_audit.modules.audit.kernel import access, stream
from mig_audit.modules.audit.kernel.journal import Journal, Process, Undertaking, with_doubt
from mig_audit.modules.audit.kernel.loading import add_rules
from mig_audit.modules.audit.kernel.recovery import boot_id
from mig_audit.modules.audit.kernel.state import (
    Restoration,
    RuleOutcome,
    Snapshot,
    release,
    restore,
)
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mig_audit.modules.audit.kernel.access import Access
    from mig_audit.modules.audit.kernel.control import Control
    from mig_audit.modules.audit.kernel.runs import Runs


class Intervention:
    """The changes of one run. It begins with nothing changed; ``stream`` is open once `open` has returned.

    ``settings`` and ``outcomes`` are what was set and what became of each rule; ``unforgotten`` is why the journal is
    still there after everything was undone, if so. Whoever makes one has the lock of
    `mig_audit.modules.audit.kernel.runs`, or only reads.
    """

    def __init__(self, control: Control, before: Snapshot) -> None:
        """Change nothing yet."""
        self._control = control
        self._journal: Optional[Journal] = None
        self._owner = 0
        self._rules: tuple[bytes, ...] = ()
        self.before = before
        self.stream: Optional[stream.RecordStream] = None
        self.settings: Mapping[Setting, int] = {}
        self.outcomes: list[RuleOutcome] = []
        self.unforgotten: Optional[MigAuditError] = None

    def write_down(self, runs: Runs, run_id: str, guard: Process, rules: tuple[bytes, ...]) -> None:
        """Begin the journal of this run, without which nothing can be changed; ``rules`` are those it will add."""
        self._rules = rules
        self._journal = runs.create(run_id)
        self._journal.begin(
            Undertaking(
                run_id=run_id,
                boot_id=boot_id(),
                begun=time.time(),
                main=Process.of(os.getppid()),
                recorder=Process.of(os.getpid()),
                guard=guard,
                before=self.before,
                rules=rules,
                settings={},
            )
        )

    def open(self, granted: Access, asked: str, receive_buffer: int) -> Access:
        """Open the record stream, and return what the run may do with it."""
        words = self.before.status.words
        if granted.mode == access.UNICAST:
            self._written()
            self._owner = os.getpid()
            try:
                self.stream = stream.claim(words, receive_buffer)
            except AuditOwnedError:
                # An owner that was not alive a moment ago, or that only the kernel can see: it stays the owner.
                self._owner = 0
                granted = access.beside_owner(self._control.status().pid, asked)
        if granted.mode == access.MULTICAST:
            self.stream = stream.join(receive_buffer)
        return granted

    def announce(self, settings: Mapping[Setting, int]) -> None:
        """Write down which settings are going to be made."""
        if settings:
            self._written().settings(settings)
        self.settings = settings

    def configure(self, progress: Callable[[RuleOutcome], None]) -> None:
        """Make the settings and add the rules; ``enabled`` comes last, so that all rules begin at once."""
        journal, words = self._written(), self.before.status.words

        def note(outcome: RuleOutcome) -> None:
            self.outcomes.append(outcome)
            journal.outcome(outcome)
            progress(outcome)

        for setting, value in self.settings.items():
            if setting is not Setting.ENABLED:
                self._control.set(setting, value, words)
        add_rules(self._control, self._rules, note)
        if Setting.ENABLED in self.settings:
            self._control.set(Setting.ENABLED, self.settings[Setting.ENABLED], words)

    def skip(self, rules: Iterable[bytes], why: str, progress: Callable[[RuleOutcome], None]) -> None:
        """Say of each rule that it was not added."""
        for payload in rules:
            outcome = RuleOutcome(payload, "skipped", why)
            self.outcomes.append(outcome)
            progress(outcome)

    def switch_off(self) -> None:
        """Set ``enabled`` back at the end of the window, so that nothing more is recorded, and mark the end."""
        self._mark()
        ours = self.settings.get(Setting.ENABLED)
        if ours is not None and self._control.status().enabled == ours:
            self._control.set(Setting.ENABLED, self.before.status.enabled, self.before.status.words)

    def release(self) -> None:
        """Give the audit pid back, if it is ours."""
        release(self._control, self.before.status, self._owner)

    def restore(self, runs: Runs, run_id: str, progress: Callable[[int], None]) -> Restoration:
        """Undo everything, and remove the journal if nothing is left to undo."""
        if self._journal is None:
            restoration = self._unchanged()
        else:
            self._mark()
            restoration = self._undo(with_doubt(self._rules, self.outcomes), progress)
            if not restoration.complete:
                restoration = self._undo(restoration.outcomes, progress)
        if self.stream is not None:
            self.stream.close()
        if self._journal is not None:
            self._journal.close()
            if restoration.complete:
                self._forget(runs, run_id)
        return restoration

    def _forget(self, runs: Runs, run_id: str) -> None:
        try:
            runs.remove(run_id)
        except MigAuditError as error:
            self.unforgotten = RestoreError(f"everything is undone, but {error.what}", error.remedy)

    def _undo(self, outcomes: Sequence[RuleOutcome], progress: Callable[[int], None]) -> Restoration:
        return restore(self._control, self.before, self.settings, outcomes, progress, owner=self._owner)

    def _unchanged(self) -> Restoration:
        """Return how the kernel is after a run that only read; what others changed is no difference of this run's."""
        try:
            return Restoration(Snapshot.take(self._control), tuple(self.outcomes), ())
        except MigAuditError as error:
            unknown = f"the state after the run could not be read: {error}"
            return Restoration(None, tuple(self.outcomes), (unknown,))

    def _mark(self) -> None:
        """Tell whoever waits that the end has begun; undoing does not depend on it."""
        if self._journal is not None:
            with suppress(AuditUnavailableError):
                self._journal.undoing()

    def _written(self) -> Journal:
        if self._journal is None:
            raise InternalError(
                "a change to the kernel's audit that is not written down was about to be made"
            )
        return self._journal
