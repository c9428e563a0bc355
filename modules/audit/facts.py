"""All that is known at the end of a run, before it is put into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.errors import MigAuditError
    from mig_audit.modules.audit.drift import Drift
    from mig_audit.modules.audit.events import Account
    from mig_audit.modules.audit.kernel.state import Restoration
    from mig_audit.modules.audit.loss import Loss
    from mig_audit.modules.audit.neighbours import Neighbour
    from mig_audit.modules.audit.other_runs import OtherRuns
    from mig_audit.modules.audit.parameters import Parameters
    from mig_audit.modules.audit.pipeline import Pipeline
    from mig_audit.modules.audit.recorder.death import Death
    from mig_audit.modules.audit.recorder.reports import Ended, Found, Ready
    from mig_audit.modules.audit.ruleset import AskedRule
    from mig_audit.modules.audit.sinks import SinkOutcome


@dataclass(frozen=True)
class Facts:
    """The facts of a run whose window opened; `mig_audit.modules.audit.window` gathers them.

    Attributes:
        own_pids: of the main process, the recorder and the guard.
        rules: all that were asked for, with what became of each.
        found: the kernel before the run; `ready` and `ended` are the recorder's reports on the window.
        ended: None where the recorder ended before its window did; `death` is then how.
        restoration: how the kernel was left; None where nobody knows.
        stopped: what ended the window early, a signal or the caller; empty if nothing did.
        guard_bound: why the guard could not leave the run's control group; empty if it did.
        faults: what went wrong in the processes of the run.
        files: what the run made under a name, as the result lists it.
        seconds: from the beginning of the run.
    """

    run_id: str
    own_pids: tuple[int, int, int]
    parameters: Parameters
    rules: tuple[AskedRule, ...]
    found: Found
    neighbours: tuple[Neighbour, ...]
    privileges: dict[str, object]
    ready: Ready
    ended: Optional[Ended]
    restoration: Optional[Restoration]
    stopped: str
    guard_bound: str
    death: Optional[Death]
    faults: tuple[MigAuditError, ...]
    pipeline: Pipeline
    drift: Drift
    other_runs: OtherRuns
    loss: Loss
    sinks: tuple[SinkOutcome, ...]
    files: list[dict[str, object]]
    log_path: Path
    log_sha256: str
    seconds: float

    @property
    def account(self) -> Account:
        """Return what became of each record that was processed."""
        return self.pipeline.account()
