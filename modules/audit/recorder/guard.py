"""The guard of a run: a process that does nothing but undo the run when its recorder is dead.

It is a copy of the recorder from before anything was changed, so it costs next to no memory and starts at once. It is
nobody's child and has a session of its own: what kills the main process and its descendants, a process group or a
terminal's session does not reach it. It waits on a pipe that ends with the recorder, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import signal
from contextlib import suppress

from mig_audit.errors import InternalError, MigAuditError
from mig_audit.lean_typing import TYPE_CHECKING, Callable
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.journal import Process
from mig_audit.modules.audit.kernel.recovery import boot_id, recover_run
from mig_audit.modules.audit.kernel.runs import DIRECTORY, Runs

if TYPE_CHECKING:
    from typing import NoReturn

_PID_BYTES = 16
_FIRST_FREE = 3  # behind stdin, stdout and stderr


def start(run_id: str) -> Process:
    """Start the guard of this process's run; it ends with this process, after it has undone what there is to undo."""
    life, ours = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _become_guard(life, tell, run_id)
    os.close(life)
    os.close(tell)
    os.waitpid(child, 0)
    word = os.read(told, _PID_BYTES)
    os.close(told)
    if not word:
        os.close(ours)
        raise InternalError("the guard of the run could not be started")
    return Process.of(int(word))


def _become_guard(life: int, tell: int, run_id: str) -> NoReturn:
    """Leave the recorder's session and family, say who we are, and watch; never return into the recorder's code."""
    code = 1
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        # Where the caller had closed stderr, a pipe may be in its place.
        life, tell = (fcntl.fcntl(each, fcntl.F_DUPFD, _FIRST_FREE) for each in (life, tell))
        _keep_only(life, tell)
        os.write(tell, str(os.getpid()).encode())
        os.close(tell)
        watch(0, run_id)
        code = 0
    finally:
        os._exit(code)


def _keep_only(life: int, tell: int) -> None:
    """Close everything but the pipes: a copy of the channel or of stderr would hide the others' end from who waits."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (1, 2):
        os.dup2(null, standard)
    os.dup2(life, 0)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # pathlib is not worth its import here
        if int(name) >= _FIRST_FREE and int(name) != tell:
            # The listing's own descriptor is closed by now.
            with suppress(OSError):
                os.close(int(name))


def watch(
    life: int,
    run_id: str,
    directory: str = DIRECTORY,
    open_control: Callable[[], Control] = Control.open,
) -> None:
    """Wait until the other end of ``life`` is closed; then undo the run, if something of it is left."""
    while os.read(life, 1):
        pass
    try:
        with Runs(directory) as runs:
            if runs.lock_to_undo(run_id):
                with open_control() as control:
                    recover_run(runs, run_id, control, boot_id())
    except (MigAuditError, OSError):
        # Nobody is left to tell. The journal is there still, for `mig-audit restore` and the next run.
        return
