"""The main process's side of a recorder that dies: what it hears from the guard is what it knows of the kernel."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest
from memory_kernel import STATUS, rule

from mig_audit.errors import InternalError, NotPermittedError
from mig_audit.modules.audit.kernel.state import Restoration, RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.recorder import pulse, reports
from mig_audit.modules.audit.recorder.canaries import Canaries
from mig_audit.modules.audit.recorder.client import RecorderProcess
from mig_audit.modules.audit.recorder.reports import Ended
from mig_audit.modules.audit.recorder.unwritten import Unwritten

if TYPE_CHECKING:
    from pathlib import Path

OURS = RuleOutcome(rule("ours"), "added")
BEFORE = Snapshot(STATUS, ())
_NOBODY = 4_000_000  # beyond the largest process id

# A recorder and a guard in one: each says what it has to say, and then both are dead.
_DYING = """
import os, sys
_script, _root, _run, channel, _log, line = sys.argv
os.write(int(channel), {recorder!r})
os.write(int(line), {guard!r})
"""


def _lines(*said: tuple[str, dict[str, Any]]) -> bytes:
    return b"".join(json.dumps({"kind": kind, **document}).encode() + b"\n" for kind, document in said)


def _died(tmp_path: Path, *guard: tuple[str, dict[str, Any]]) -> RecorderProcess:
    """Start a recorder that dies in its window, and hear what its guard says."""
    recorder = _lines(
        (reports.GUARDED, {"pid": _NOBODY, "bound": ""}),
        (reports.FOUND, reports.Found(BEFORE, {Setting.ENABLED: 1}).to_json()),
        (reports.OUTCOME, OURS.to_json()),
    )
    return _start(tmp_path, _DYING.format(recorder=recorder, guard=_lines(*guard)))


def _start(tmp_path: Path, program: str) -> RecorderProcess:
    """Start a program as the recorder, and take leave of it."""
    script = tmp_path / "dying.py"
    script.write_text(program)
    log = os.open(tmp_path / "raw.log", os.O_RDWR | os.O_CREAT, 0o600)
    started = RecorderProcess.start(log, "0123456789abcdef", (sys.executable, "-I", "-S", str(script)))
    os.close(log)
    started.farewell()
    return started


def _restoration(recorder: RecorderProcess) -> Restoration:
    assert isinstance(recorder.failure, InternalError)
    assert recorder.restoration is not None
    return recorder.restoration


def test_what_the_guard_undid_is_the_restoration(tmp_path: Path) -> None:
    """With the outcome of each rule, after its words on progress."""
    told = Restoration(BEFORE, (RuleOutcome(OURS.payload, "removed"),), ())
    heard = _restoration(_died(tmp_path, (reports.REMOVED, {"rules": 1}), (reports.RESTORED, told.to_json())))

    assert heard == told


@pytest.mark.parametrize(("after", "restored"), [(BEFORE, True), (Snapshot(STATUS, (rule("x"),)), False)])
def test_where_the_guard_found_nothing_to_undo_the_kernel_is_compared(
    tmp_path: Path, after: Snapshot, *, restored: bool
) -> None:
    """The recorder had undone it, and died before it could say so."""
    heard = _restoration(_died(tmp_path, (reports.STANDS, after.to_json())))

    assert (heard.after, heard.restored) == (after, restored)
    assert [outcome.outcome for outcome in heard.outcomes] == ["removed"]


def test_what_kept_the_guard_from_it_is_told(tmp_path: Path) -> None:
    """And what to do."""
    refused = reports.error_to_json(NotPermittedError("EPERM"))
    heard = _restoration(_died(tmp_path, (reports.FAILED, refused)))

    assert heard.differences == (
        "the recorder did not restore the kernel, and its guard could not undo the run: EPERM: run `mig-audit restore`",
    )
    assert (heard.complete, heard.outcomes) == (False, (OURS,))


def test_where_the_guard_is_dead_too_that_is_told(tmp_path: Path) -> None:
    """Nobody is waited for."""
    (difference,) = _restoration(_died(tmp_path)).differences

    assert "its guard died too: run `mig-audit restore`" in difference


def test_a_recorder_that_stands_still_while_it_restores_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its window is complete, so nothing is missing; the guard did the rest."""
    ended = Ended("window", "", 1.0, 2.0, 0, 0, Unwritten(), 0, 0, 0, (), Canaries(), (), 0, "", STATUS, None)
    recorder = _lines(
        (reports.GUARDED, {"pid": _NOBODY, "bound": ""}),
        (reports.FOUND, reports.Found(BEFORE, {}).to_json()),
        (reports.ENDED, ended.to_json()),
    )
    guard = _lines((reports.RESTORED, Restoration(BEFORE, (), ()).to_json()))
    monkeypatch.setattr(pulse, "SILENCE", 0.1)
    monkeypatch.setattr(pulse, "PATIENCE", 0.1)
    started = _start(tmp_path, _DYING.format(recorder=recorder, guard=guard) + "import time; time.sleep(60)")

    assert (started.failure, started.death) == (None, None)
    assert started.restoration is not None
    assert started.restoration.restored
    (error,) = started.standstills
    assert "the recorder stood still while it restored the kernel" in str(error)
