"""What the recorder says survives the channel."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mig_audit import errors
from mig_audit.modules.audit.kernel.state import Restoration, RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting, Status
from mig_audit.modules.audit.recorder.canaries import Canaries
from mig_audit.modules.audit.recorder.reports import (
    Ended,
    Found,
    Progress,
    Ready,
    error_from_json,
    error_to_json,
    outcome_from_json,
)
from mig_audit.modules.audit.recorder.unwritten import Unwritten
from mig_audit.modules.audit.recorder.watch import Change

_STATUS = Status(1, 1, 77, 0, 64, 5, 0, 0x7F, 15000, 0, 11)
_SNAPSHOT = Snapshot(_STATUS, (b"one", b"two"))
_CHANGES = (Change(1.5, "enabled", 1, 0, reapplied="EPERM"), Change(2.5, "rule removed", rule=b"\x04rule"))
_LOCKED = errors.AuditLockedError("locked", "reboot")


def _sent(document: dict[str, object]) -> dict[str, Any]:
    arrived: dict[str, Any] = json.loads(json.dumps(document))
    return arrived


def _same(one: object, other: object) -> bool:
    """Compare reports whose errors, as exceptions, are only equal to themselves."""
    return repr(one) == repr(other)


@pytest.mark.parametrize("error", [None, _LOCKED])
def test_ready(error: errors.MigAuditError | None) -> None:
    """With and without an error."""
    ready = Ready("multicast", "why", error, 77, 1.5, 1 << 20, _STATUS, configured=True)

    assert _same(Ready.from_json(_sent(ready.to_json())), ready)


@pytest.mark.parametrize("error", [None, errors.RawLogError("full", "free space")])
def test_ended(error: errors.MigAuditError | None) -> None:
    """With and without an error."""
    ended = Ended(
        "window",
        "",
        1.0,
        2.0,
        10,
        9,
        Unwritten(1, 6, 7, 1),
        1000,
        2,
        3,
        (4, 5),
        Canaries(3, 2, 7, 9, 0.1, 1.5),
        _CHANGES,
        1,
        "EBUSY",
        _STATUS,
        error,
    )

    assert _same(Ended.from_json(_sent(ended.to_json())), ended)


def test_found_and_progress() -> None:
    """The state before, the settings to come, and counts."""
    found = Found(_SNAPSHOT, {Setting.BACKLOG_LIMIT: 8192, Setting.ENABLED: 1})
    progress = Progress(1, 2, 3, Canaries(sent=2, returned=1, first=7))

    assert Found.from_json(_sent(found.to_json())) == found
    assert Progress.from_json(_sent(progress.to_json())) == progress


def test_outcomes_and_restoration() -> None:
    """Rules by their bytes."""
    outcome = RuleOutcome(b"\x04rule", "added", "")
    restoration = Restoration(_SNAPSHOT, (outcome,), ("a difference",))

    assert outcome_from_json(_sent({"kind": "outcome", **outcome.to_json()})) == outcome
    assert Restoration.from_json(_sent(restoration.to_json())) == restoration
    assert Restoration.from_json(_sent(Restoration(None, (), ()).to_json())) == Restoration(None, (), ())


@pytest.mark.parametrize(
    "error",
    [_LOCKED, errors.KernelRefusedError("adding a rule", 22, "mend it"), errors.NotPermittedError("no")],
)
def test_an_error_keeps_its_class_and_its_words(error: errors.MigAuditError) -> None:
    """The exit code is made of the one, people read the other."""
    arrived = error_from_json(_sent(error_to_json(error)))

    assert (type(arrived), str(arrived), arrived.exit_code) == (type(error), str(error), error.exit_code)


def test_an_error_of_an_unknown_class_is_a_fault_of_ours() -> None:
    """Nothing but our tree is ever made from a name."""
    assert type(error_from_json({"error": "os", "what": "x", "remedy": ""})) is errors.InternalError
