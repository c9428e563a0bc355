"""The guard of a run: a process that does nothing but undo the run when its recorder is dead.

It is a copy of the recorder from before anything was changed, so it costs next to no memory and starts at once. It is
nobody's child, has a session of its own, and leaves the control group of the run: what kills the main process and its
descendants, a process group, a terminal's session or a service does not reach it. It waits on a pipe that ends with the
recorder, however that ends, and tells the main process, which has no power over audit itself, what became of the
kernel.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, NamedTuple

from mig_audit.errors import InternalError, MigAuditError, unexpected
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.journal import Process
from mig_audit.modules.audit.kernel.recovery import boot_id, recover_run
from mig_audit.modules.audit.kernel.runs import DIRECTORY, Runs
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.recorder import cgroup, confinement, reports
from mig_audit.modules.audit.recorder.channel import Channel
from mig_audit.modules.audit.recorder.pulse import SILENCE, Beat, is_stopped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

_WORD_BYTES = 1 << 12
_FIRST_FREE = 3  # after stdin, stdout and stderr
_DISMISSAL = b"."
_FAILED = "the guard of the run could not be started: "


class Guard(NamedTuple):
    """The guard as its recorder has it.

    ``life`` is the pipe whose end it waits for; ``bound`` is why it could not leave the run's control group, if so.
    """

    process: Process
    life: int
    bound: str

    def dismiss(self) -> None:
        """Tell it that everything has been said already; should something be left, it undoes that all the same."""
        with suppress(OSError):
            os.write(self.life, _DISMISSAL)


def start(run_id: str, line: int) -> Guard:
    """Start the guard of this process's run; it ends with this process, after it has undone what there is to undo.

    ``line`` is the descriptor of its end of a channel to the main process, and is closed here.
    """
    life, ours = os.pipe()
    told, tell = os.pipe()
    recorder = os.getpid()
    child = os.fork()
    if child == 0:
        _become_guard(life, tell, line, run_id, recorder)
    for each in (life, tell, line):
        os.close(each)
    os.waitpid(child, 0)
    word = os.read(told, _WORD_BYTES).decode(errors="replace")
    os.close(told)
    if not word:
        os.close(ours)
        raise InternalError(f"{_FAILED}it said nothing")
    pid, _, bound = word.partition(" ")
    if not int(pid):
        os.close(ours)
        raise reports.error_from_json(json.loads(bound))
    return Guard(Process.of(int(pid)), ours, bound)


def _become_guard(life: int, tell: int, line: int, run_id: str, recorder: int) -> NoReturn:
    """Leave the recorder's session and family, say who we are, and watch; never return into the recorder's code."""
    code = 1
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        # Where the caller had closed stderr, a pipe may be in its place.
        life, tell, line = (fcntl.fcntl(each, fcntl.F_DUPFD, _FIRST_FREE) for each in (life, tell, line))
        try:
            open_control, word = _prepared(life, tell, line)
        except Exception as error:  # noqa: BLE001  # the recorder tells it, and nothing has been changed yet
            os.write(tell, f"0 {json.dumps(reports.error_to_json(unexpected(error, _FAILED)))}".encode())
            os._exit(code)
        os.write(tell, word.encode(errors="replace"))
        os.close(tell)
        channel = Channel(socket.socket(fileno=line))
        watch(0, channel, run_id, open_control=open_control, wake=lambda: _wake(recorder))
        code = 0
    finally:
        os._exit(code)


def _prepared(life: int, tell: int, line: int) -> tuple[Callable[[], Control], str]:
    """Return the way to the kernel, and the word of who we are and what binds us."""
    _keep_only(life, tell, line)
    open_control = _opened()
    bound = cgroup.leave()
    confinement.of_guard()
    return open_control, f"{os.getpid()} {bound}"


def _wake(recorder: int) -> None:
    """Continue a recorder that is stopped. Its id is still its own: the other end of the pipe is open."""
    if is_stopped(recorder):
        with suppress(OSError):
            os.kill(recorder, signal.SIGCONT)


def _opened() -> Callable[[], Control]:
    """Open the control socket while its buffer can be made large enough for any host's rules.

    If that is not possible, the recorder finds that too and has nothing that is to be undone; else it may be possible
    later.
    """
    try:
        control = Control.open()
    except MigAuditError:
        return Control.open
    return lambda: control


def _keep_only(life: int, *others: int) -> None:
    """Close everything but these: a copy of the channel or of stderr would hide the others' end from whoever waits."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (1, 2):
        os.dup2(null, standard)
    os.dup2(life, 0)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # pathlib is not worth its import here
        if int(name) >= _FIRST_FREE and int(name) not in others:
            # The listing's own descriptor is closed by now.
            with suppress(OSError):
                os.close(int(name))


def watch(
    life: int,
    line: Channel,
    run_id: str,
    directory: str = DIRECTORY,
    open_control: Callable[[], Control] = Control.open,
    wake: Callable[[], None] = lambda: None,
) -> None:
    """Wait until the other end of ``life`` is closed; then undo the run, if something of it is left, and say so.

    What is said on ``line`` is one of the reports ``restored``, ``stands`` and ``failed``, and nothing if there was a
    dismissal and nothing to undo. Where nobody is left to hear it, the journal tells `mig-audit restore` and the next
    run. Without a main process the recorder is to end the run at once, and nobody but the guard can ``wake`` it.
    """
    undoing = _Undoing(line, run_id, directory, open_control)
    dismissed = False
    poller = select.poll()
    poller.register(life, select.POLLIN)
    poller.register(line, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poller.poll(SILENCE * 1000 if line.closed else None)}
        if line.closed and not ready:
            wake()
        if line.fileno() in ready:
            if any(message["kind"] == reports.TAKE_OVER for message in line.receive()):
                # The recorder's end may come still, and only then can the audit pid be given back.
                undoing.attempt(hangs=True)
            if line.closed:
                poller.unregister(line)
        if life in ready:
            if not os.read(life, 1):
                break
            dismissed = True
    undoing.attempt(dismissed=dismissed)


class _Undoing:
    """Undoes a run, and tells the main process; it is never silent for long, or it would be taken to stand still."""

    def __init__(
        self, line: Channel, run_id: str, directory: str, open_control: Callable[[], Control]
    ) -> None:
        self._line = line
        self._run_id = run_id
        self._directory = directory
        self._open_control = open_control
        self._beat = Beat()

    def attempt(self, *, dismissed: bool = False, hangs: bool = False) -> None:
        """Undo what is left; a recorder that hangs keeps the lock, and will never do anything again."""
        line, run_id = self._line, self._run_id
        try:
            with Runs(self._directory, sleep=self._wait) as runs:
                if runs.has(run_id) if hangs else runs.lock_to_undo(run_id):
                    line.send(*self._undo(runs))
                elif not dismissed:
                    line.send(reports.STANDS, Snapshot.take(self._open_control()).to_json())
        except MigAuditError as error:
            line.send(reports.FAILED, reports.error_to_json(error))
        except OSError as error:
            line.send(reports.FAILED, reports.error_to_json(InternalError(f"the guard failed: {error}")))
        line.flush()

    def _undo(self, runs: Runs) -> tuple[str, Mapping[str, object]]:
        """Return the report on what was undone."""
        control = self._open_control()
        recovered = recover_run(runs, self._run_id, control, boot_id(), self._removed)
        if recovered is not None and recovered.trouble:
            raise InternalError(recovered.trouble)
        if recovered is None or recovered.restoration is None:
            return reports.STANDS, Snapshot.take(control).to_json()
        return reports.RESTORED, recovered.restoration.to_json()

    def _wait(self, seconds: float) -> None:
        if self._beat.due():
            self._line.send(reports.ALIVE, {}, optional=True)
        time.sleep(seconds)

    def _removed(self, done: int) -> None:
        if self._beat.due():
            self._line.send(reports.REMOVED, {"rules": done}, optional=True)
