"""What the recorder says on its channel.

In order: guarded, found, outcome..., ready, progress..., ended, removed..., restored. ``failed`` may come in the
place of any of them, and is followed by ``restored`` if something had been changed. ``alive`` may come at any time.

When the recorder is dead its guard goes on, on a channel of its own: removed..., then ``restored``, or ``stands`` where
there was nothing to undo any more, or ``failed``; ``alive`` at any time. What the main process says on that channel is
``take-over``: the recorder hangs, and the guard is not to wait for its death.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Optional

from mig_audit import errors
from mig_audit.modules.audit.kernel.recovery import Recovered
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting, Status
from mig_audit.modules.audit.recorder.canaries import Canaries
from mig_audit.modules.audit.recorder.unwritten import Unwritten
from mig_audit.modules.audit.recorder.watch import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

GUARDED, FOUND, OUTCOME, READY, PROGRESS = "guarded", "found", "outcome", "ready", "progress"
ENDED, REMOVED, RESTORED, FAILED, ALIVE = "ended", "removed", "restored", "failed", "alive"
STANDS, TAKE_OVER = "stands", "take-over"


@dataclass(frozen=True)
class Found:
    """The state before the first change, the settings that are about to be made, and the dead runs that were undone."""

    before: Snapshot
    settings: Mapping[Setting, int]
    recovered: tuple[Recovered, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the report as a document."""
        settings = {setting.name: value for setting, value in self.settings.items()}
        recovered = [run.to_json() for run in self.recovered]
        return {"before": self.before.to_json(), "settings": settings, "recovered": recovered}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Found:
        """Rebuild the report."""
        settings = {Setting[name]: value for name, value in document["settings"].items()}
        recovered = tuple(Recovered.from_json(run) for run in document["recovered"])
        return cls(Snapshot.from_json(document["before"]), settings, recovered)


@dataclass(frozen=True)
class Ready:
    """The window is open: how records are received, and the status with all changes made.

    ``pid`` is the recorder's; ``started`` is seconds since the epoch; ``receive_buffer`` is in bytes; ``configured``
    says whether the run changes anything.
    """

    mode: str
    why: str
    error: Optional[errors.MigAuditError]
    pid: int
    started: float
    receive_buffer: int
    during: Status
    configured: bool

    def to_json(self) -> dict[str, object]:
        """Return the report as a document."""
        error = error_to_json(self.error) if self.error else None
        return {**vars(self), "error": error, "during": self.during.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Ready:
        """Rebuild the report."""
        fields = {name: document[name] for name in cls.__dataclass_fields__}
        fields["error"] = error_from_json(document["error"]) if document["error"] else None
        fields["during"] = Status.from_json(document["during"])
        return cls(**fields)


@dataclass(frozen=True)
class Progress:
    """Counts so far: records received and written, and bytes in the raw log; and what became of the canaries."""

    received: int
    written: int
    size: int
    canaries: Canaries

    def to_json(self) -> dict[str, object]:
        """Return the report as a document."""
        return {**vars(self), "canaries": self.canaries.to_json()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Progress:
        """Rebuild the report."""
        fields = {name: document[name] for name in cls.__dataclass_fields__}
        return cls(**{**fields, "canaries": Canaries.from_json(document["canaries"])})


@dataclass(frozen=True)
class Ended:
    """The window is closed and the raw log is complete.

    ``reason`` and ``why`` are those of `ending.Ending`. ``overruns`` counts ENOBUFS, ``foreign`` messages that were not
    from the kernel, ``challengers`` are processes that tried to take the audit pid. ``changes`` are what others did to
    the configuration, as it showed to the recorder, ``more_changes`` counts those beyond the first, ``unwatched`` is
    why it could not always look. ``status`` is the kernel's own account at the end of the window.
    """

    reason: str
    why: str
    started: float
    ended: float
    received: int
    written: int
    unwritten: Unwritten
    size: int
    overruns: int
    foreign: int
    challengers: tuple[int, ...]
    canaries: Canaries
    changes: tuple[Change, ...]
    more_changes: int
    unwatched: str
    status: Status
    error: Optional[errors.MigAuditError]

    def to_json(self) -> dict[str, object]:
        """Return the report as a document."""
        return {
            **vars(self),
            "unwritten": self.unwritten.to_json(),
            "canaries": self.canaries.to_json(),
            "changes": [change.to_json() for change in self.changes],
            "status": self.status.to_json(),
            "error": error_to_json(self.error) if self.error else None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Ended:
        """Rebuild the report."""
        fields = {name: document[name] for name in cls.__dataclass_fields__}
        fields["error"] = error_from_json(document["error"]) if document["error"] else None
        fields["challengers"] = tuple(document["challengers"])
        fields["changes"] = tuple(Change.from_json(change) for change in document["changes"])
        fields["unwritten"] = Unwritten.from_json(document["unwritten"])
        fields["canaries"] = Canaries.from_json(document["canaries"])
        fields["status"] = Status.from_json(document["status"])
        return cls(**fields)


def outcome_from_json(document: Mapping[str, Any]) -> RuleOutcome:
    """Rebuild a rule's outcome from an ``outcome`` report."""
    return RuleOutcome.from_json({name: document[name] for name in ("payload", "outcome", "detail")})


def error_to_json(error: errors.MigAuditError) -> dict[str, object]:
    """Return an error of our tree as a document."""
    return {"error": type(error).__name__, "what": error.what, "remedy": error.remedy}


def error_from_json(document: Mapping[str, Any]) -> errors.MigAuditError:
    """Rebuild an error of our tree; a class that is not in it becomes an InternalError."""
    kind = getattr(errors, document["error"], None)
    if not (isinstance(kind, type) and issubclass(kind, errors.MigAuditError)):
        kind = errors.InternalError
    # Past the constructor: some classes compose `what` from their own arguments, and here it is composed already.
    error = kind.__new__(kind)
    errors.MigAuditError.__init__(error, document["what"], document["remedy"])
    return error
