"""Drive one module: MIG's one-shot contract, and the command line's ``run`` and ``validate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable

from .answer import write_answer
from .errors import MigAuditError, ParametersError, StoppedError, UsageError, unexpected
from .interface import Context
from .messages import Lines, read_parameters, watch_for_stop
from .registry import find_module
from .results import Result
from .stop import Stop, interruptible

if TYPE_CHECKING:
    from .interface import Module


def run_module(module: Module, document: object, context: Context) -> Result:
    """Run a document; whatever goes wrong is in the result."""
    if context.stop.reason:
        early = StoppedError(f"stopped by {context.stop.reason} before the work began", "nothing was done")
        return Result.failure(early)
    try:
        return module.run(document, context)
    except MigAuditError as error:
        return Result.failure(error)
    except Exception as error:  # noqa: BLE001  # the contract: an answer, whatever happens
        return Result.failure(unexpected(error))


def run_one_shot(name: str, stdin: int, write: Callable[[str], None]) -> None:
    """Answer one message on the descriptor ``stdin``, as MIG's agent expects it: one JSON object, whatever happens.

    A module that does not exist is answered with ``errors`` alone, as the agent's own binary does.

    Raises:
        OutputError: the answer cannot be written.
    """
    try:
        module = find_module(name)
    except UsageError as error:
        write(json.dumps({"errors": [error.what]}))
        return
    stop = Stop()
    # Until the answer is written: a signal that comes before or behind the module's work is no reason to give none.
    with stop.on_signals():
        result = _one_shot(module, stdin, stop)
        write_answer(write, result.to_line(), result)


def _one_shot(module: Module, stdin: int, stop: Stop) -> Result:
    lines = Lines(stdin)
    try:
        with interruptible("before a message came"):
            document = read_parameters(lines)
    except MigAuditError as error:
        return Result.failure(error)
    watch_for_stop(lines, stop)
    return run_module(module, document, Context(stop, _silent, last=True))


def check_parameters(module: Module, document: object) -> None:
    """Raise a ParametersError with every problem of a document, if it has any; touch nothing."""
    problems = module.validate(document)
    if problems:
        raise ParametersError(problems)


def _silent(_text: str) -> None:
    """Say nothing: under an agent nobody is there to read it."""
