"""The command line. stdout carries data only; everything for people goes to stderr."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from . import __version__
from .errors import EXIT_CODES, InternalError, MigAuditError, ParametersError, UsageError, exit_code
from .registry import find_module
from .results import Result
from .runner import check_parameters, run_module, run_one_shot
from .validation import load_schema, parse_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEFAULT_MODULE = "audit"
_EPILOG = "exit codes:\n" + "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="mig-audit",
        description="A flight recorder for Linux hosts, switched on for a bounded time.",
        epilog=_EPILOG + "\nUnder -m the exit code is always 0 and the envelope tells.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mig-audit {__version__}")
    parser.add_argument(
        "-m",
        dest="module",
        metavar="MODULE",
        help="answer one MIG message on stdin with one JSON object on stdout",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_run(commands.add_parser("run", help="record one window and answer with a results envelope"))
    validate = commands.add_parser("validate", help="check a parameters document; touch nothing")
    _add_parameters(validate)
    schema = commands.add_parser("schema", help="print a published JSON Schema")
    schema.add_argument("name", nargs="?", metavar="NAME", help="which one; without it, the names")
    for command in find_module(_DEFAULT_MODULE).commands():
        added = commands.add_parser(command.name, help=command.help, description=command.help)
        command.configure(added)
        added.set_defaults(run=command.run)
    return parser


def _add_parameters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("parameters", metavar="PARAMS.json", help="the parameters document; - is stdin")


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_parameters(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write the result to FILE, complete or not at all, instead of stdout",
    )
    parser.add_argument("--pretty", action="store_true", help="print lines for people instead of JSON")
    parser.add_argument(
        "--found-only", action="store_true", help="print only what was found: nothing at all if nothing was"
    )


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command and return its exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    if options.module:
        _to_stdout(run_one_shot(options.module, sys.stdin.fileno()))
        return 0
    command = _COMMANDS.get(options.command)
    if command is None and "run" not in options:
        parser.print_usage(sys.stderr)
        return 2
    fault: MigAuditError
    try:
        return command(options) if command else int(options.run(options, _to_stdout))
    except BrokenPipeError:
        raise
    except MigAuditError as error:
        fault = error
    except Exception as error:  # noqa: BLE001  # the last line of defence: a sentence and an exit code, no traceback
        fault = InternalError(f"{type(error).__name__}: {error}", "please report this, with the input")
    _say_error(fault)
    return exit_code([fault])


def _run(options: argparse.Namespace) -> int:
    with _output(options.output) as write:
        try:
            document = _read_document(options.parameters)
        except MigAuditError as unreadable:
            result = Result.failure(unreadable)
        else:
            result = run_module(find_module(_DEFAULT_MODULE), document, _progress())
        if result.found_anything or not options.found_only:
            write(_rendered(result, options))
    for error in result.errors:
        _say_error(error)
    return result.exit_code


def _rendered(result: Result, options: argparse.Namespace) -> str:
    if options.pretty:
        lines = find_module(_DEFAULT_MODULE).describe(result.to_json(), found_only=options.found_only)
        return "".join(f"{line}\n" for line in lines)
    return result.to_line() + "\n"


def _validate(options: argparse.Namespace) -> int:
    document = _read_document(options.parameters)
    try:
        check_parameters(find_module(_DEFAULT_MODULE), document)
    except ParametersError as error:
        problems = [vars(problem) for problem in error.problems]
        _to_stdout(json.dumps({"valid": False, "problems": problems}) + "\n")
        raise
    _to_stdout(json.dumps({"valid": True, "problems": []}) + "\n")
    return 0


def _schema(options: argparse.Namespace) -> int:
    schemas = find_module(_DEFAULT_MODULE).schemas()
    if options.name is None:
        _to_stdout("".join(f"{name}\n" for name in schemas))
        return 0
    if options.name not in schemas:
        raise UsageError(f"there is no schema {options.name!r}", f"known schemas: {', '.join(schemas)}")
    _to_stdout(load_schema(schemas[options.name]))
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "validate": _validate,
    "schema": _schema,
}


def _read_document(path: str) -> object:
    try:
        text = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "name a readable file, or - for stdin"
        ) from error
    return parse_document(text, "stdin" if path == "-" else path)


@contextmanager
def _output(path: Optional[str]) -> Iterator[Callable[[str], None]]:
    """Give the place for the result: stdout, or a file that appears complete or not at all.

    The file is begun before the run, so that a path that cannot be written to costs no window.
    """
    if path is None:
        yield _to_stdout
        return
    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100  # resolving links would move the file
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", "name a file in a writable folder"
        ) from error

    def to_file(text: str) -> None:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(_encoded(text))
        os.fsync(descriptor)
        os.replace(temporary, path)  # noqa: PTH105  # both are plain strings

    try:
        yield to_file
    except OSError as error:
        raise UsageError(
            f"{path} could not be written: {error.strerror}", "the raw log holds all records"
        ) from error
    finally:
        os.close(descriptor)
        Path(temporary).unlink(missing_ok=True)


def _to_stdout(text: str) -> None:
    sys.stdout.buffer.write(_encoded(text))
    sys.stdout.flush()


def _encoded(text: str) -> bytes:
    """Return data as UTF-8, whatever the locale says."""
    return text.encode("utf-8", "backslashreplace")


def _progress() -> Callable[[str], None]:
    if not sys.stderr.isatty():
        return lambda _text: None
    return _show_progress


def _show_progress(text: str) -> None:
    sys.stderr.write(f"\r\033[K{text}")
    sys.stderr.flush()


def _say_error(error: MigAuditError) -> None:
    lines = (
        [str(problem) for problem in error.problems] if isinstance(error, ParametersError) else [str(error)]
    )
    sys.stderr.write("".join(f"mig-audit: {line}\n" for line in lines))
