"""Other runs of mig-audit on this host: what they do to audit is told as theirs, and is no finding.

A run that has to share the host only reads, and sees the canaries and changes of the one that configures the kernel.
Which process is of which run stands in the journals in /run/mig-audit, where only root can write; a message that merely
says that it is a canary is a finding like any other.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional

from mig_audit.errors import MigAuditError
from mig_audit.modules.audit.canary import claim_of
from mig_audit.modules.audit.config_changes import RULE_ADDED, RULE_REMOVED
from mig_audit.modules.audit.drift import key_of
from mig_audit.modules.audit.kernel.rule_bytes import identity
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mig_audit.modules.audit.config_changes import Recorded
    from mig_audit.modules.audit.kernel.journal import Undertaking
    from mig_audit.modules.audit.recorder.watch import Change

_RULES = frozenset({RULE_ADDED, RULE_REMOVED})
_PID = "pid"
_LATE, _RULES_LATE = (
    1.5,
    11.5,
)  # seconds; the recorder looks at the status every second, at the rules every ten
_EARLY = 0.1  # seconds that a record's stamp may be behind the time


class _Seen(NamedTuple):
    """A run, and when its journal was last there, in seconds since the epoch."""

    run: Undertaking
    until: float

    def was_there(self, time: float, late: float) -> bool:
        return self.run.begun - _EARLY <= time <= self.until + late


class OtherRuns:
    """The other runs that were seen; each is remembered when its journal is gone.

    ``canaries`` and ``changes`` count what was seen of each, by its id.

    Args:
        look: returns all runs that have a journal now.
        own: the id of this run.
        wall: seconds since the epoch.
    """

    def __init__(
        self,
        look: Callable[[], Iterable[Undertaking]],
        own: str = "",
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Look for those that are there already."""
        self._look = look
        self._own = own
        self._wall = wall
        self._known: dict[str, _Seen] = {}
        self.canaries: Counter[str] = Counter()
        self.changes: Counter[str] = Counter()
        self.look()

    def look(self) -> None:
        """Look at the journals that there are; to be called about once a second, so that no run is overlooked."""
        now = self._wall()
        self._known.update((run.run_id, _Seen(run, now)) for run in self._look() if run.run_id != self._own)

    def sent_canary(self, body: bytes) -> bool:
        """Say whether this message is the canary of another run, and count it."""
        claim = claim_of(body)
        if claim is None:
            return False
        if claim.run_id not in self._known:
            self.look()
        seen = self._known.get(claim.run_id)
        if seen is None or claim.pid not in _pids(seen.run):
            return False
        self.canaries[claim.run_id] += 1
        return True

    def of_process(self, pid: int) -> str:
        """Return the id of the run that a process is of; nothing if it is of none."""
        found = self._of_process(pid)
        if not found:
            self.look()
            found = self._of_process(pid)
        return found

    def recorded(self, change: Recorded) -> str:
        """Return the id of the run that made a change of which a record tells; nothing if none did.

        Where the record names no process, it is the run that was going to make that change, or to undo it.
        """
        if change.by.pid is not None:
            return self.of_process(change.by.pid)
        return self._latest(change.time, lambda run: _would(run, change.what, change.now, change.key))

    def looked(self, change: Change) -> str:
        """The same for a change that the recorder saw in the kernel."""
        if change.what not in _RULES:
            return self._latest(change.time, lambda run: _would(run, change.what, change.now, None))
        wanted = identity(change.rule)
        return self._latest(change.time, lambda run: wanted in map(identity, run.rules), _RULES_LATE)

    def count(self, run_id: str) -> None:
        """Count a change that a run made."""
        self.changes[run_id] += 1

    def to_json(self) -> list[dict[str, Any]]:
        """Return for the envelope which runs were there, and what was seen of each."""
        return [
            {
                "run_id": run.run_id,
                "processes": dict(zip(("main", "recorder", "guard"), _pids(run))),
                "canaries": self.canaries[run.run_id],
                "changes": self.changes[run.run_id],
            }
            for run, _until in self._known.values()
        ]

    def _of_process(self, pid: int) -> str:
        return next((run.run_id for run, _until in self._known.values() if pid in _pids(run)), "")

    def _latest(self, time: float, made: Callable[[Undertaking], bool], late: float = _LATE) -> str:
        """Return the last run that was there at that time and of which that is true."""
        self.look()
        there = (seen.run for seen in self._known.values() if seen.was_there(time, late))
        latest_first = sorted(there, key=lambda run: run.begun, reverse=True)
        return next((run.run_id for run in latest_first if made(run)), "")


def runs_of_this_host() -> Sequence[Undertaking]:
    """Return every run that has a journal; none where that cannot be read, as the recorder will say."""
    with suppress(MigAuditError), Runs(create=False) as runs:
        return runs.undertakings()
    return ()


def _pids(run: Undertaking) -> tuple[int, int, int]:
    return run.main.pid, run.recorder.pid, run.guard.pid


def _would(run: Undertaking, what: str, now: Optional[int], key: Optional[bytes]) -> bool:
    """Say whether a run was going to make a change, or to undo it."""
    if what in _RULES:
        return key in map(key_of, run.rules)
    if what == _PID:
        return now in {run.recorder.pid, 0}
    setting = Setting.__members__.get(what.upper())
    if setting is None or setting not in run.settings:
        return False
    return now in {run.settings[setting], run.before.status.setting(setting)}
