"""``mig-audit -i ACTION.json``: each operation of an action file in turn, and an array of their envelopes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional, Protocol

from .action import parse_action
from .answer import Answer, write_answer
from .console import progress, say, say_error
from .document_commands import read_document
from .errors import MigAuditError, OutputError, StoppedError, unexpected, worst_code
from .registry import find_module
from .results import Result
from .runner import render
from .separate_run import SeparateRun
from .standard_streams import stdout_is_closed
from .stop import Relay, Stop
from .terminal import lines_for_people

if TYPE_CHECKING:
    from .action import Operation
    from .interface import ForPeople, Module

    Write = Callable[[str], None]


def run_action(path: str, write: Write, people: Optional[ForPeople] = None) -> int:
    """Run an action file, ``-`` is stdin, and return the exit code: the one that explains the most.

    Each envelope is written as soon as there is one. A file that cannot be used is answered with one envelope.

    Raises:
        OutputError: an answer cannot be written.
    """
    if stdout_is_closed():
        raise OutputError("stdout is closed", "give the command one")
    stop = Stop()
    codes: list[int] = []
    form = _Lines(people) if people else _Array()
    # Until the last answer is written: a signal that comes before or behind the work is no reason to give none.
    with stop.on_signals():
        try:
            operations = parse_action(read_document(path))
        except MigAuditError as error:
            _put(write, form, _Answered("", None, Answer.of(Result.failure(error))))
            write(form.end)
            say_error(error)
            return error.exit_code
        for number, operation in enumerate(operations, 1):
            answered = _put(write, form, _answer(number, operation, stop))
            for error_line in answered.answer.errors:
                say(f"{answered.where}: {error_line}")
            codes.append(answered.answer.exit_code)
        write(form.end)
    stop.close()
    return worst_code(codes)


class _Answered(NamedTuple):
    """The answer of an operation, what people call that, and who can describe it."""

    where: str
    module: Optional[Module]
    answer: Answer


def _answer(number: int, operation: Operation, stop: Stop) -> _Answered:
    where, module = f"operation {number} ({operation.module})", None
    try:
        if stop.reason:
            raise StoppedError(f"not run: stopped by {stop.reason} before its turn came", "nothing was done")
        module = find_module(operation.module)
        return _Answered(where, module, _run(module, operation.document(), stop))
    except MigAuditError as error:
        return _Answered(where, module, Answer.of(Result.failure(error)))


def _run(module: Module, document: object, stop: Stop) -> Answer:
    run = SeparateRun.start(module, document, progress())
    relay = Relay(stop, run.stop)
    relay.wait(run.fileno())
    while run.receive():
        relay.wait(run.fileno())
    return run.finish().answer()


def _put(write: Write, form: _Form, answered: _Answered) -> _Answered:
    """Write an answer, and return it; one that its module cannot describe is a fault of that, and costs no other one."""
    try:
        text = form.next(answered)
    except Exception as error:  # noqa: BLE001  # what a stranger's module raises has no bounds
        fault = Result.failure(unexpected(error, "the result cannot be shown: "))
        answered = answered._replace(module=None, answer=Answer.of(fault))
        text = form.next(answered)
    write_answer(write, text, answered.answer.envelope)
    return answered


class _Form(Protocol):
    end: str

    def next(self, answered: _Answered) -> str: ...


class _Array:
    """An indented array, as mig-agent prints it."""

    def __init__(self) -> None:
        self._before = "["
        self.end = "\n]\n"

    def next(self, answered: _Answered) -> str:
        # In JSON a newline is never part of a string.
        text = json.dumps(answered.answer.envelope, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        before, self._before = self._before, ","
        return f"{before}\n  {text}"


class _Lines:
    """Lines for people: those of the module, under a heading."""

    def __init__(self, people: ForPeople) -> None:
        self._people = people
        self.end = ""

    def next(self, answered: _Answered) -> str:
        heading = lines_for_people([f"{answered.where}:"]) if answered.where else ""
        return heading + render(answered.module, answered.answer.envelope, self._people)
