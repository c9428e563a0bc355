"""``mig-audit run``, ``validate`` and ``schema``: what is done with a parameters document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable

from .answer import write_answer
from .console import output, progress, say_error
from .documents import name_of, read_whole
from .errors import MigAuditError, OutputError, ParametersError, UsageError
from .interface import Context, Implementation
from .registry import DEFAULT_MODULE, find_module
from .results import Result
from .runner import check_parameters, run_module
from .standard_streams import stdout_is_closed
from .stop import Stop
from .terminal import lines_for_people
from .validation import load_schema, parse_document

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    Write = Callable[[str], None]

_OWN_SCHEMAS = {"action": "action.v1.schema.json"}  # of what no module knows


def _add_parameters(parser: ArgumentParser) -> None:
    parser.add_argument("parameters", metavar="PARAMS.json", help="the parameters document; - is stdin")


_RUN_EPILOG = """\
It needs root. The kernel's audit is set up as the document says, and put back
as it was at the end; should a kill have reached every process of the run,
`mig-audit restore` does that. The raw log stays, in /var/log/mig-audit unless
the document names another place. `mig-audit --help` lists the exit codes."""


def _add_run(parser: ArgumentParser) -> None:
    parser.epilog = _RUN_EPILOG
    _add_parameters(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write the result to FILE, complete or not at all, instead of stdout",
    )
    parser.add_argument("--pretty", action="store_true", help="print lines for people instead of JSON")
    parser.add_argument(
        "--found-only",
        action="store_true",
        help="print nothing if nothing was found; with --pretty, only what was found",
    )


def _add_schema(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="which one; without it, the names")


def _run(options: Namespace, _write: Write) -> int:
    if options.output is None and stdout_is_closed():
        raise OutputError("stdout is closed", "give the command one, or name a file with -o")
    stop = Stop()
    try:
        # Until the answer is written: a signal that comes before or behind the run's work is no reason to give none.
        with stop.on_signals():
            result = _run_and_answer(options, stop)
    finally:
        stop.close()
    for error in result.errors:
        say_error(error)
    return result.exit_code


def _run_and_answer(options: Namespace, stop: Stop) -> Result:
    with output(options.output, [0 if options.parameters == "-" else options.parameters]) as to:
        try:
            document = read_document(options.parameters)
        except MigAuditError as unreadable:
            result = Result.failure(unreadable)
        else:
            context = Context(stop, progress(), to.file, last=True)
            result = run_module(find_module(DEFAULT_MODULE), document, context)
        _refuse_output(result)
        if result.found_anything or not options.found_only:
            write_answer(to.write, _rendered(result, options), result.to_json())
    return result


def _refuse_output(result: Result) -> None:
    """Raise what a module has against the place of its result: the envelope that says so would be put there."""
    for error in result.errors:
        if isinstance(error, OutputError):
            raise error


def _rendered(result: Result, options: Namespace) -> str:
    if options.pretty:
        lines = find_module(DEFAULT_MODULE).describe(result.to_json(), found_only=options.found_only)
        return lines_for_people(lines)
    return result.to_line() + "\n"


def _validate(options: Namespace, write: Write) -> int:
    document = read_document(options.parameters)
    try:
        check_parameters(find_module(DEFAULT_MODULE), document)
    except ParametersError as error:
        problems = [problem._asdict() for problem in error.problems]
        write(json.dumps({"valid": False, "problems": problems}) + "\n")
        raise
    write(json.dumps({"valid": True, "problems": []}) + "\n")
    return 0


def _schema(options: Namespace, write: Write) -> int:
    schemas = {**find_module(DEFAULT_MODULE).schemas(), **_OWN_SCHEMAS}
    if options.name is None:
        write("".join(f"{name}\n" for name in schemas))
        return 0
    if options.name not in schemas:
        raise UsageError(f"there is no schema {options.name!r}", f"known schemas: {', '.join(schemas)}")
    write(load_schema(schemas[options.name]))
    return 0


def read_document(path: str) -> object:
    """Return what a JSON file holds; ``-`` is stdin.

    Raises:
        UsageError: it cannot be read, is too long, or is no JSON.
        StoppedError: a signal came before it was read.
    """
    return parse_document(read_whole(path), name_of(path))


RUN = Implementation(_add_run, _run)
VALIDATE = Implementation(_add_parameters, _validate)
SCHEMA = Implementation(_add_schema, _schema)
