"""A run of a module in a process of its own, for a process that has other things to do beside or behind it.

The run gives up what it has no use for, as every run does, and its memory goes with it. It is asked to stop, never
killed, and it stops of its own accord when the process that asked for it is gone: what it has begun it undoes.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, Callable, NamedTuple, NoReturn, Optional, Union

from .answer import Answer
from .console import say_error
from .errors import InternalError, MigAuditError, StoppedError, UsageError, describe_errno, unexpected
from .interface import Context
from .messages import Lines, watch
from .results import Result
from .runner import run_module
from .stop import SIGNALS, Stop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .interface import Module

_CHUNK = 1 << 20
_ORPHANED = "the end of the process that asked for it"


class Finished(NamedTuple):
    """What a run has said. The envelope may be a big one, and who passes it on needs no more of it than a glance.

    Attributes:
        exit_code: what the CLI makes of it.
        worked: whether it has elements.
        glance: the envelope without them, which is small.
        line: the whole of it, as JSON.
    """

    exit_code: int
    worked: bool
    glance: Mapping[str, object]
    line: Union[bytes, bytearray]

    @classmethod
    def of(cls, answer: Answer) -> Finished:
        """Look at an answer."""
        glance = {name: value for name, value in answer.envelope.items() if name != "elements"}
        worked = bool(answer.envelope["elements"])
        return cls(answer.exit_code, worked, glance, answer.line.encode("utf-8"))

    @classmethod
    def parse(cls, written: bytearray) -> Optional[Finished]:
        """Return what was written by `write`; None if that is not all of it. Of what is given only the envelope is left."""
        end = written.find(b"\n")
        if end < 0 or end == len(written) - 1 or not written.endswith(b"\n"):
            return None
        exit_code, worked, glance = json.loads(written[:end])
        del written[: end + 1], written[-1:]
        return cls(exit_code, worked, glance, written)

    def write(self, file: BinaryIO) -> None:
        """Write two lines."""
        file.write(json.dumps(self[:-1]).encode("ascii") + b"\n")
        file.write(self.line)
        file.write(b"\n")

    def answer(self) -> Answer:
        """Return all of it."""
        return Answer(self.line.decode("utf-8"), json.loads(self.line), self.exit_code)


class SeparateRun:
    """One run, seen from the process that asked for it."""

    def __init__(self, pid: int, answer: int, orders: int) -> None:
        """Use `start`."""
        self.pid = pid
        self._answer = answer
        self._orders = orders
        self._received = bytearray()

    @classmethod
    def start(cls, module: Module, document: object, progress: Callable[[str], None]) -> SeparateRun:
        """Start a run. It has a session of its own: a terminal's Ctrl-C is for the process that asked for it.

        Raises:
            MigAuditError: this host gives us no process, or no pipes, for it.
        """
        with ExitStack() as ours, ExitStack() as its:
            try:
                answer, its_answer = _pipe(ours, its)
                its_orders, orders = _pipe(its, ours)
                os.set_blocking(orders, False)
                pid = cls._forked(_Work(module, document, progress), its_answer, its_orders)
            except OSError as error:
                raise _not_started(error) from error
            ours.pop_all()
        return cls(pid, answer, orders)

    @staticmethod
    def _forked(work: _Work, answer: int, orders: int) -> int:
        # The handlers that are in force until the run has its own ones are those of this process.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            pid = os.fork()
            if not pid:
                _live(work, answer, orders, mask)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return pid

    def fileno(self) -> int:
        """Return the descriptor that is readable when there is something to `receive`."""
        return self._answer

    def receive(self) -> bool:
        """Take what has arrived, or wait for it; return False once there will be no more."""
        part = os.read(self._answer, _CHUNK)
        self._received += part
        return bool(part)

    def stop(self, reason: str) -> None:
        """Ask it to stop; who asks again is in a hurry. Nobody waits for one that stands still."""
        try:
            os.write(self._orders, reason.encode() + b"\n")
        except (BrokenPipeError, BlockingIOError):  # it has ended, or has been asked a thousand times already
            return

    def kill(self) -> None:
        """Kill it, if it does not end: what it has begun is undone by others, as always when a process is killed."""
        os.kill(self.pid, signal.SIGKILL)

    def finish(self) -> Finished:
        """Return what a run that has ended said; whatever happened to it, there is an answer."""
        os.close(self._orders)
        os.close(self._answer)
        _, status = os.waitpid(self.pid, 0)
        return Finished.parse(self._received) or Finished.of(Answer.of(Result.failure(_death(status))))


def _not_started(error: OSError) -> MigAuditError:
    what = "no process could be started: "
    if error.errno in {errno.EAGAIN, errno.ENOMEM}:  # fork(2)
        return UsageError(
            f"{what}{describe_errno(error.errno)}",
            "allow more processes (ulimit -u, pids.max), or free memory",
        )
    return unexpected(error, what)


def _death(status: int) -> StoppedError:
    how = (
        f"was killed by {signal.Signals(os.WTERMSIG(status)).name}"
        if os.WIFSIGNALED(status)
        else f"ended with exit code {os.WEXITSTATUS(status)}"
    )
    return StoppedError(
        f"the process of this run {how} before it answered",
        "see stderr, or who kills processes here; what it had changed is undone by what it left behind, or by `mig-audit restore`",
    )


class _Work(NamedTuple):
    module: Module
    document: object
    progress: Callable[[str], None]


def _live(work: _Work, answer: int, orders: int, mask: Collection[int]) -> NoReturn:
    """Be the run: to its end, and no further."""
    code = InternalError.exit_code
    try:
        os.setsid()
        _let_go({2, answer, orders})
        stop = Stop()
        with stop.on_signals():
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            watch(
                Lines(orders), lambda order: stop.request(order.decode().strip() or _ORPHANED, relayed=True)
            )
            result = run_module(work.module, work.document, Context(stop, work.progress, last=True))
            told = Answer.of(result)
            # Not closed: the other side sees the end of it when this process is gone, and need not wait for that.
            with open(answer, "wb", closefd=False) as file:
                Finished.of(told).write(file)
        code = told.exit_code
    except BrokenPipeError:  # nobody is left to be told
        pass
    except Exception as error:  # noqa: BLE001  # what the copy of a process raises must not go on in it
        say_error(unexpected(error))
    finally:
        os._exit(code)


def _pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """Return a pipe, the ends of which are closed with these."""
    read, write = os.pipe()
    reading.callback(os.close, read)
    writing.callback(os.close, write)
    return read, write


def _let_go(kept: set[int]) -> None:
    """Have nothing of the other process's open: its sockets, its locks, and its pipes, the ends of which somebody awaits.

    The numbers stay taken, so that nothing which is opened now can be closed in the name of something of before.
    """
    null = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # plain strings
        if int(name) not in {*kept, null}:
            os.dup2(null, int(name), inheritable=int(name) <= 2)  # noqa: PLR2004  # stderr is the last that is inherited
