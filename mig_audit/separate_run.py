"""A run of a module in a process of its own, for a process that has other things to do beside or behind it.

The run gives up what it has no use for, as every run does, and its memory goes with it. It is asked to stop, never
killed, and it stops of its own accord when the process that asked for it is gone: what it has begun it undoes.
"""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Callable, NamedTuple, NoReturn

from .answer import Answer
from .console import say_error
from .errors import InternalError, StoppedError, unexpected
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
    """What a run has said: the envelope without its elements, which is small, and the whole of it."""

    glance: Mapping[str, object]
    answer: Answer


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
                pid = cls._forked(_Work(module, document, progress), its_answer, its_orders)
            except OSError as error:
                raise unexpected(error, "no process could be started: ") from error
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
        """Ask it to stop; who asks again is in a hurry."""
        try:
            os.write(self._orders, reason.encode() + b"\n")
        except BrokenPipeError:  # it has ended
            return

    def kill(self) -> None:
        """Kill it, if it does not end: what it has begun is undone by others, as always when a process is killed."""
        os.kill(self.pid, signal.SIGKILL)

    def finish(self) -> Finished:
        """Return what a run that has ended said; whatever happened to it, there is an answer."""
        os.close(self._orders)
        os.close(self._answer)
        _, status = os.waitpid(self.pid, 0)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        glance, _, line = bytes(self._received).partition(b"\n")
        answer = Answer.parse(line, code)
        if answer is not None:
            return Finished(json.loads(glance), answer)
        answer = Answer.of(Result.failure(_death(status)))
        return Finished(_glance(answer), answer)


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
            watch(Lines(orders), stop, _reason)
            result = run_module(work.module, work.document, Context(stop, work.progress, last=True))
            told = Answer.of(result)
            # Not closed: the other side sees the end of it when this process is gone, and need not wait for that.
            with open(answer, "wb", closefd=False) as file:
                file.write(f"{json.dumps(_glance(told))}\n{told.line}".encode())
        code = told.exit_code
    except BrokenPipeError:  # nobody is left to be told
        pass
    except Exception as error:  # noqa: BLE001  # what the copy of a process raises must not go on in it
        say_error(unexpected(error))
    finally:
        os._exit(code)


def _reason(order: bytes) -> str:
    return order.decode().strip() or _ORPHANED


def _glance(answer: Answer) -> dict[str, object]:
    return {name: value for name, value in answer.envelope.items() if name != "elements"}


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
