"""What a results envelope tells of its run, so that a replay of the raw log finds what the run found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from mig_audit.modules.audit.canary import claim_of
from mig_audit.modules.audit.host import iso_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.config_changes import Recorded
    from mig_audit.modules.audit.ownership import Ownership


@dataclass(frozen=True)
class ToldRuns:
    """Other runs, as the result of one that saw them names them; see `mig_audit.modules.audit.other_runs.OtherRuns`.

    Args:
        pids: of the processes of each, by its id.
        changes: the id of the run that made a change, by its time and the text of its record. An envelope has the
            first hundred.
    """

    pids: Mapping[str, frozenset[int]]
    changes: Mapping[tuple[str, str], str]

    def look(self) -> None:
        """Do nothing: it is over."""

    def sent_canary(self, body: bytes) -> bool:
        """Say whether this message is the canary of another run."""
        claim = claim_of(body)
        return claim is not None and claim.pid in self.pids.get(claim.run_id, ())

    def of_process(self, pid: int) -> str:
        """Return the id of the run that a process is of; nothing if it is of none."""
        return next((run_id for run_id, pids in self.pids.items() if pid in pids), "")

    def recorded(self, change: Recorded) -> str:
        """Return the id of the run that made a change; nothing if none did."""
        if change.by.pid is not None:
            return self.of_process(change.by.pid)
        return self.changes.get((iso_time(change.time), change.text), "")

    def count(self, run_id: str) -> None:
        """Do nothing: the envelope has the counts."""


class RunTold(NamedTuple):
    """The run.

    Attributes:
        pids: its processes.
        began: when its window began, in seconds since the epoch.
        ended: when it ended; infinity where that is not known.
        configured: whether it changed the kernel's audit.
        others: the other runs that it saw.
        lost: how many events the kernel lost meanwhile without a gap in their numbers.
    """

    pids: tuple[int, ...]
    began: float
    ended: float
    configured: bool
    others: ToldRuns
    lost: int = 0

    def tell(self, ownership: Ownership) -> None:
        """Tell the ownership what it was told in the run."""
        ownership.window_began(self.began, configured=self.configured)
        ownership.window_ended(self.ended)


def run_told(elements: Mapping[str, Any]) -> Optional[RunTold]:
    """Return what there is of the run in an envelope; None if it is not all there, as in one of another version."""
    try:
        window, kernel = elements["window"], elements["kernel"]
        others = ToldRuns(
            {run["run_id"]: frozenset(_pids(run)) for run in kernel["other_runs"]},
            {
                (change["time"], change["record"]): change["run"]
                for change in kernel["drift"]
                if change["run"] and change["record"]
            },
        )
        return RunTold(
            _pids(elements),
            _seconds(window["started"]),
            math.inf if window["ended"] is None else _seconds(window["ended"]),
            bool(kernel["configured"]),
            others,
            _lost(kernel.get("before"), kernel.get("after")),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def _lost(before: object, after: object) -> int:
    """Return by how much the kernel's counter went on; one that was reset meanwhile tells nothing."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return 0
    return max(int(after["lost"]) - int(before["lost"]), 0)


def _pids(run: Mapping[str, Any]) -> tuple[int, int, int]:
    processes = run["processes"]
    return int(processes["main"]), int(processes["recorder"]), int(processes["guard"])


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
