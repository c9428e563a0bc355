"""Drive one module: MIG's one-shot contract, and the command line's ``run`` and ``validate``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable, Optional

from .answer import Answer, write_answer
from .errors import MigAuditError, ParametersError, StoppedError, UsageError, unexpected
from .interface import Context
from .messages import Lines, read_message, watch_for_stop
from .registry import find_module
from .results import Result
from .stop import Stop, interruptible
from .terminal import lines_for_people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .interface import ForPeople, Module


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


def run_one_shot(
    name: str, stdin: int, write: Callable[[str], None], people: Optional[ForPeople] = None
) -> None:
    """Answer one message on the descriptor ``stdin``, as MIG's agent expects it: one JSON object, whatever happens.

    A module that does not exist is answered with ``errors`` alone, as the agent's own binary does. For ``people`` the
    answer is lines.

    Raises:
        OutputError: the answer cannot be written.
    """
    try:
        module = find_module(name)
    except UsageError as error:
        unknown = {"errors": [error.what]}
        write(render(None, unknown, people) if people else json.dumps(unknown))
        return
    stop = Stop()
    # Until the answer is written: a signal that comes before or behind the module's work is no reason to give none.
    with stop.on_signals():
        answer = _one_shot(module, stdin, stop)
        text = render(module, answer.envelope, people) if people else answer.line
        write_answer(write, text, answer.envelope)


def _one_shot(module: Module, stdin: int, stop: Stop) -> Answer:
    lines = Lines(stdin)
    try:
        with interruptible("before a message came"):
            message = read_message(lines)
        document = message.document()
        watch_for_stop(lines, stop)
        if message.address:
            from .persistent.client import ask  # noqa: PLC0415  # few messages are for a persistent process

            return ask(message.address, document, stop)
    except MigAuditError as error:
        return Answer.of(Result.failure(error))
    return Answer.of(run_module(module, document, Context(stop, _silent, last=True)))


def render(module: Optional[Module], envelope: Mapping[str, object], people: ForPeople) -> str:
    """Return an envelope as lines for people; what no module is there for has errors alone."""
    if module is not None:
        return lines_for_people(module.describe(envelope, found_only=people.found_only))
    errors = envelope["errors"]
    told = errors if isinstance(errors, list) and not people.found_only else ()
    return lines_for_people(f"error: {error}" for error in told)


def check_parameters(module: Module, document: object) -> None:
    """Raise a ParametersError with every problem of a document, if it has any; touch nothing."""
    problems = module.validate(document)
    if problems:
        raise ParametersError(problems)


def _silent(_text: str) -> None:
    """Say nothing: under an agent nobody is there to read it."""
