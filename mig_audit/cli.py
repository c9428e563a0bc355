"""The command line: one parser, and one place where whatever goes wrong becomes a sentence and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NoReturn, Optional

from . import PROGRAM, __version__
from .console import say_error, to_stdout
from .errors import EXIT_CODES, MigAuditError, exit_code, unexpected
from .interface import Command, ForPeople
from .registry import DEFAULT_MODULE, find_module
from .terminal import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Callable

    Write = Callable[[str], None]

_DESCRIPTION = """\
A flight recorder for Linux hosts, switched on for a bounded time.

`mig-audit doctor` says whether this host can be recorded; `mig-audit run
PARAMS.json`, as root, records one window of it."""
_EPILOG = "exit codes:\n" + "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())
_AGENT = """
Under -m the exit code is always 0, and the envelope says how it went. Under
-i it is that of the operation that went worst. Neither an action's signatures
nor its dates are checked: a file is run by who may read it."""
_COMMANDS = (
    Command("run", "record one window and answer with a results envelope", "mig_audit.document_commands:RUN"),
    Command("validate", "check a parameters document; touch nothing", "mig_audit.document_commands:VALIDATE"),
    Command("schema", "print a published JSON Schema", "mig_audit.document_commands:SCHEMA"),
)


class _Parser(argparse.ArgumentParser):
    """One that repeats no argument to people that is not printable: a shell's ``*`` stands for anybody's file names."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the arguments, and exit."""
        super().error(printable(message))


def build_parser() -> _Parser:
    """Return the parser of the whole command line, in which commands have only their names and what they are for."""
    parser = _Parser(
        prog=PROGRAM,
        description=_DESCRIPTION,
        epilog=_EPILOG + _AGENT,
        formatter_class=_help_formatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    agent = parser.add_mutually_exclusive_group()
    agent.add_argument(
        "-m",
        dest="module",
        metavar="MODULE",
        help="answer one MIG message on stdin with one JSON object on stdout",
    )
    agent.add_argument(
        "-P",
        dest="persistent",
        metavar="MODULE",
        help="stay, as a persistent module of MIG: messages on stdin and stdout, queries by a socket",
    )
    agent.add_argument(
        "-i",
        dest="action",
        metavar="ACTION.json",
        help="run each operation of a MIG action file, and print an array of results; - is stdin",
    )
    parser.add_argument(
        "-p", "--pretty", action="store_true", help="with -m and -i: print lines for people instead of JSON"
    )
    parser.add_argument("--found-only", action="store_true", help="with -p: only what was found")
    commands = parser.add_subparsers(prog=PROGRAM, dest="command", metavar="COMMAND")
    for command in _commands():
        commands.add_parser(command.name, help=command.help)
    return parser


def _commands() -> Sequence[Command]:
    return (*_COMMANDS, *find_module(DEFAULT_MODULE).commands())


def _parse_command(command: Command, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of one command; no other one is to cost time, or the memory of a host."""
    parser = _Parser(
        prog=f"{PROGRAM} {command.name}", description=command.help, formatter_class=_help_formatter
    )
    implementation = command.load()
    implementation.configure(parser)
    parser.set_defaults(run=implementation.run)
    return parser.parse_args(arguments)


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
    named = [command for command in _commands() if [command.name] == [*arguments[:1]]]
    options = _parse_command(named[0], arguments[1:]) if named else _parse_agent(arguments)
    if options is None:
        return 2
    fault: MigAuditError
    try:
        return int(options.run(options, to_stdout))
    except BrokenPipeError:
        raise
    except MigAuditError as error:
        fault = error
    except Exception as error:  # noqa: BLE001  # the last line of defence: a sentence and an exit code, no traceback
        fault = unexpected(error)
    say_error(fault)
    return exit_code([fault])


def _parse_agent(arguments: Sequence[str]) -> Optional[argparse.Namespace]:
    """Return the options where no command comes first: those of MIG's agent; None where none of them is."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    chosen = [
        run
        for name, run in (("module", _one_shot), ("persistent", _persistent), ("action", _action))
        if getattr(options, name)
    ]
    if options.pretty and chosen not in ([_one_shot], [_action]):
        parser.error("-p goes with -m or -i")
    if options.found_only and not options.pretty:
        parser.error("--found-only goes with -p")
    if not chosen:
        parser.print_help(sys.stderr)
        return None
    options.run = chosen[0]
    return options


def _people(options: argparse.Namespace) -> Optional[ForPeople]:
    return ForPeople(found_only=options.found_only) if options.pretty else None


def _one_shot(options: argparse.Namespace, write: Write) -> int:
    from .runner import run_one_shot  # noqa: PLC0415  # other commands need none of it

    run_one_shot(options.module, sys.stdin.fileno(), write, _people(options))
    return 0


def _persistent(options: argparse.Namespace, _write: Write) -> int:
    from .persistent import run_persistent  # noqa: PLC0415  # as above

    return run_persistent(options.persistent, sys.stdin.fileno(), sys.stdout.fileno())


def _action(options: argparse.Namespace, write: Write) -> int:
    from .action_command import run_action  # noqa: PLC0415  # as above

    return run_action(options.action, write, _people(options))
