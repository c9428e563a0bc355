"""Drive one module: MIG's one-shot contract, and the command line's ``run`` and ``validate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable

from .errors import MigAuditError, ParametersError, UsageError, unexpected
from .interface import Context
from .messages import Lines, read_parameters, watch_for_stop
from .registry import find_module
from .results import Result
from .stop import Stop, interruptible

if TYPE_CHECKING:
    from .interface import Module


def run_module(
    module: Module, document: object, progress: Callable[[str], None], output: str = "", *, last: bool = False
) -> Result:
    """Run a document; whatever goes wrong is in the result. See `Context` for ``output`` and ``last``."""
    stop = Stop()
    try:
        with stop.on_signals():
            return _answer(module, document, Context(stop, progress, output, last))
    finally:
        stop.close()


def run_one_shot(name: str, stdin: int) -> str:
    """Answer one message on the descriptor ``stdin``, as MIG's agent expects it: one JSON object, whatever happens.

    A module that does not exist is answered with ``errors`` alone, as the agent's own binary does.
    """
    try:
        module = find_module(name)
    except UsageError as error:
        return json.dumps({"errors": [error.what]})
    stop = Stop()
    try:
        lines = Lines(stdin)
        with interruptible("before a message came"):
            document = read_parameters(lines)
        watch_for_stop(lines, stop)
        with stop.on_signals():
            result = _answer(module, document, Context(stop, _silent, last=True))
    except MigAuditError as error:
        result = Result.failure(error)
    return result.to_line()


def check_parameters(module: Module, document: object) -> None:
    """Raise a ParametersError with every problem of a document, if it has any; touch nothing."""
    problems = module.validate(document)
    if problems:
        raise ParametersError(problems)


def _answer(module: Module, document: object, context: Context) -> Result:
    try:
        return module.run(document, context)
    except MigAuditError as error:
        return Result.failure(error)
    except Exception as error:  # noqa: BLE001  # the contract: an answer, whatever happens
        return Result.failure(unexpected(error))


def _silent(_text: str) -> None:
    """Say nothing: under an agent nobody is there to read it."""
