"""Undoing a dead run by its journal: the same for its guard, the next run, and `mig-audit restore`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.errors import MigAuditError
from mig_audit.modules.audit.kernel.journal import Process
from mig_audit.modules.audit.kernel.state import Restoration, restore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.kernel.control import Control
    from mig_audit.modules.audit.kernel.journal import Undertaking
    from mig_audit.modules.audit.kernel.runs import Runs

_BOOT_ID = "/proc/sys/kernel/random/boot_id"


@dataclass(frozen=True)
class Recovered:
    """A dead run, and what was done about it.

    ``restoration`` is None where nothing was to be done: the host was booted since (``earlier_boot``), or the journal
    cannot be read. ``trouble`` is the reason for that, or why the journal is still there. ``begun`` is seconds since
    the epoch.
    """

    run_id: str
    begun: Optional[float] = None
    earlier_boot: bool = False
    restoration: Optional[Restoration] = None
    trouble: str = ""

    @property
    def complete(self) -> bool:
        """Return whether nothing of the run is left."""
        return not self.trouble and (self.restoration is None or self.restoration.complete)

    def to_json(self) -> dict[str, object]:
        """Return it as a document."""
        restoration = self.restoration.to_json() if self.restoration else None
        return {**vars(self), "restoration": restoration}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Recovered:
        """Rebuild it from `to_json`."""
        restoration = document["restoration"]
        done = Restoration.from_json(restoration) if restoration else None
        return cls(**{**document, "restoration": done})


def boot_id(path: str = _BOOT_ID) -> str:
    """Return what tells this boot of the host from every other."""
    with open(path, encoding="ascii") as file:  # noqa: PTH123  # pathlib is not worth its import here
        return file.read().strip()


def recover(
    runs: Runs, control: Control, boot: str, progress: Callable[[int], None] = lambda _done: None
) -> tuple[Recovered, ...]:
    """Undo every run that has a journal; the caller has the lock, so they are all dead.

    ``progress`` is told how many rules of one run are done.
    """
    found = (recover_run(runs, run_id, control, boot, progress) for run_id in runs.run_ids())
    return tuple(recovered for recovered in found if recovered is not None)


def recover_run(
    runs: Runs,
    run_id: str,
    control: Control,
    boot: str,
    progress: Callable[[int], None] = lambda _done: None,
) -> Optional[Recovered]:
    """Undo one run, and remove its journal if nothing is left to undo; return None if it had changed nothing yet.

    Someone who changed meanwhile what the run had changed has the last word: that is in the differences.
    """
    try:
        undertaking = runs.read(run_id)
    except MigAuditError as error:
        trouble = f"{error}; remove {runs.path}/{run_id}.journal when the kernel's audit is as it should be"
        return Recovered(run_id, trouble=trouble)
    if undertaking is None or undertaking.boot_id != boot:
        trouble = _removed(runs, run_id)
        begun = undertaking.begun if undertaking else None
        worth_a_word = undertaking is not None or trouble
        return Recovered(run_id, begun, earlier_boot=True, trouble=trouble) if worth_a_word else None
    # A mark for whoever waits; undoing does not depend on it.
    with suppress(MigAuditError):
        journal = runs.append(run_id)
        try:
            journal.undoing()
        finally:
            journal.close()
    restoration = undo(undertaking, control, progress)
    trouble = _removed(runs, run_id) if restoration.complete else ""
    return Recovered(run_id, undertaking.begun, restoration=restoration, trouble=trouble)


def _removed(runs: Runs, run_id: str) -> str:
    """Remove the journal of a run that is undone; return why that cannot be done, if so."""
    try:
        runs.remove(run_id)
    except MigAuditError as error:
        return str(error)
    return ""


def undo(
    undertaking: Undertaking, control: Control, progress: Callable[[int], None] = lambda _done: None
) -> Restoration:
    """Undo what a run of this boot may have changed."""
    recorder = undertaking.recorder
    # A living process that has the dead recorder's id by now is someone else.
    reused = Process.of(recorder.pid).started not in {0, recorder.started}
    return restore(
        control,
        undertaking.before,
        undertaking.settings,
        undertaking.outcomes,
        progress,
        owner=0 if reused else recorder.pid,
    )
