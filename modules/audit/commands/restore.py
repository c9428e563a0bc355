"""``mig-audit restore``: undo what killed runs have left in the kernel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.console import say_error
from mig_audit.errors import AuditOwnedError, exit_code
from mig_audit.interface import Implementation
from mig_audit.modules.audit.dead_runs import dead_run_to_json, describe_dead_run, restore_error
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.recovery import boot_id, recover
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.terminal import lines_for_people

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mig_audit.modules.audit.kernel.journal import Undertaking
    from mig_audit.modules.audit.kernel.recovery import Recovered

    Write = Callable[[str], None]

_PATIENCE = 60.0  # seconds; a thousand rules take the kernel about as long to delete


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")


def _run(options: Namespace, write: Write) -> int:
    recovered = _recovered()
    errors = [error for error in map(restore_error, recovered) if error]
    if options.json:
        write(json.dumps(document(recovered)) + "\n")
    else:
        write(told(recovered))
    for error in errors:
        say_error(error)
    return exit_code(errors)


RESTORE = Implementation(_configure, _run)


def told(recovered: tuple[Recovered, ...]) -> str:
    """Return what was done as lines for people."""
    lines = [line for run in recovered for line in describe_dead_run(run)]
    return lines_for_people(lines or ["nothing was left to undo"])


def document(recovered: tuple[Recovered, ...]) -> dict[str, object]:
    """Return what was done as a document of the schema ``restore``."""
    return {
        "restored": all(run.complete for run in recovered),
        "runs": [dead_run_to_json(run) for run in recovered],
    }


def _recovered() -> tuple[Recovered, ...]:
    with Control.open() as control:
        control.status()
        with Runs() as runs:
            _lock(runs)
            return recover(runs, control, boot_id())


def _lock(runs: Runs) -> None:
    """Take the lock, or say who has it: a run that lives undoes itself."""
    if runs.lock(_PATIENCE):
        return
    raise _is_recording(runs.recording())


def _is_recording(run: Optional[Undertaking]) -> AuditOwnedError:
    """Say which run it is that lives, and what to do about it."""
    if run is None:
        who, remedy = "", "try again later"
    elif run.main.alive():
        who, remedy = f" (process {run.main.pid})", "stop it with SIGTERM, or try again later"
    else:
        recorder = run.recorder.pid
        who = f" (its main process is dead, its recorder is process {recorder})"
        remedy = f"if it does not end, `kill -CONT {recorder}` in case somebody stopped it, then `kill -KILL {recorder}`"
    return AuditOwnedError(f"a run of mig-audit is recording{who}", f"it undoes itself at its end; {remedy}")
