"""The command line: one parser, and one place where whatever goes wrong becomes a sentence and an exit code."""

from __future__ import annotations

import argparse
import os
import sys

from . import __version__
from .console import say_error, to_stdout
from .errors import EXIT_CODES, InternalError, MigAuditError, exit_code
from .interface import Command
from .lean_typing import TYPE_CHECKING, Optional
from .registry import DEFAULT_MODULE, find_module

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_EPILOG = "exit codes:\n" + "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())
_COMMANDS = (
    Command("run", "record one window and answer with a results envelope", "mig_audit.document_commands:RUN"),
    Command("validate", "check a parameters document; touch nothing", "mig_audit.document_commands:VALIDATE"),
    Command("schema", "print a published JSON Schema", "mig_audit.document_commands:SCHEMA"),
)


def build_parser(arguments: Collection[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the whole command line; only commands among the arguments have their options in it.

    A command's implementation is imported for its options: no other one is to cost time, or the memory of a host.
    """
    parser = argparse.ArgumentParser(
        prog="mig-audit",
        description="A flight recorder for Linux hosts, switched on for a bounded time.",
        epilog=_EPILOG + "\nUnder -m the exit code is always 0 and the envelope tells.",
        formatter_class=_help_formatter,
    )
    parser.add_argument("--version", action="version", version=f"mig-audit {__version__}")
    parser.add_argument(
        "-m",
        dest="module",
        metavar="MODULE",
        help="answer one MIG message on stdin with one JSON object on stdout",
    )
    commands = parser.add_subparsers(prog="mig-audit", dest="command", metavar="COMMAND")
    for command in (*_COMMANDS, *find_module(DEFAULT_MODULE).commands()):
        added = commands.add_parser(
            command.name, help=command.help, description=command.help, formatter_class=_help_formatter
        )
        if command.name in arguments:
            implementation = command.load()
            implementation.configure(added)
            added.set_defaults(run=implementation.run)
    return parser


def _help_formatter(prog: str) -> argparse.HelpFormatter:
    """Return what lays out help; argparse makes one for each option, and left to itself asks shutil for the width."""
    try:
        columns = int(os.environ.get("COLUMNS", "")) or os.get_terminal_size(1).columns
    except (ValueError, OSError):
        columns = 80
    return argparse.RawDescriptionHelpFormatter(prog, width=columns - 2)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = build_parser(arguments)
    options = parser.parse_args(arguments)
    if not options.module and options.command is None:
        parser.print_usage(sys.stderr)
        return 2
    fault: MigAuditError
    try:
        if options.module:
            to_stdout(_one_shot(options.module))
            return 0
        return int(options.run(options, to_stdout))
    except BrokenPipeError:
        raise
    except MigAuditError as error:
        fault = error
    except Exception as error:  # noqa: BLE001  # the last line of defence: a sentence and an exit code, no traceback
        fault = InternalError(f"{type(error).__name__}: {error}", "please report this, with the input")
    say_error(fault)
    return exit_code([fault])


def _one_shot(module: str) -> str:
    from .runner import run_one_shot  # noqa: PLC0415  # other commands need none of it

    return run_one_shot(module, sys.stdin.fileno())
