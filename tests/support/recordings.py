"""Recorders that tests start by themselves, without the main process's part of a run."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mig_audit.modules.audit.parameters import parse_parameters
from mig_audit.modules.audit.recorder.client import RecorderProcess
from mig_audit.modules.audit.recording import make_plan
from mig_audit.modules.audit.ruleset import gather

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MOMENT = 0.02
"""Seconds; as long as a window must be for a test that is about what is around it."""


def start_recording(
    folder: Path, rules: Sequence[str], window: float = MOMENT, arguments: Sequence[str] = ()
) -> RecorderProcess:
    """Start a recorder, all of whose settings are to be undone.

    Args:
        folder: of the raw log, which grows with each recording.
        rules: in auditctl's language.
        window: in seconds.
        arguments: what to start in place of the recorder itself.
    """
    run_id = os.urandom(8).hex()
    parameters = parse_parameters({"rules": list(rules), "kernel": {"receive_buffer": "1MiB"}})
    plan = make_plan(parameters, gather(parameters.rules, strict=True), (), run_id)
    log = os.open(folder / "raw.log", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    recorder = (
        RecorderProcess.start(log, run_id, arguments) if arguments else RecorderProcess.start(log, run_id)
    )
    os.close(log)
    recorder.send(replace(plan, window=window, canary=0))
    return recorder


def follow(recorder: RecorderProcess) -> None:
    """Take in what it reports until it is gone."""
    while not recorder.gone:
        recorder.listen(MOMENT)
