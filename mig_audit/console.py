"""The streams of the command line: stdout carries data only; everything for people goes to stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, NamedTuple

from .errors import MigAuditError, OutputError, ParametersError
from .standard_streams import discard_stdout
from .terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def to_stdout(text: str) -> None:
    """Write data as UTF-8, whatever the locale says.

    Raises:
        OutputError: stdout takes no more; a reader that went away is a BrokenPipeError.
    """
    try:
        sys.stdout.buffer.write(_encoded(text))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_stdout()
        raise OutputError(
            f"stdout could not be written: {error.strerror}", "write to another place"
        ) from error


def say(text: str) -> None:
    """Write a line for people, under our name; file names and rules in it may be anybody's."""
    sys.stderr.write(f"mig-audit: {printable(text)}\n")


def say_error(error: MigAuditError) -> None:
    """Write what went wrong, one line for each problem."""
    for line in error.problems if isinstance(error, ParametersError) else (error,):
        say(str(line))


def progress() -> Callable[[str], None]:
    """Return what shows a word on how far we are: nothing does where stderr is no terminal."""
    return _show_progress if sys.stderr.isatty() else _show_nothing


def _show_progress(text: str) -> None:
    sys.stderr.write(f"\r\033[K{printable(text)}")
    sys.stderr.flush()


def _show_nothing(_text: str) -> None:
    """Nobody is there to read it."""


class Output(NamedTuple):
    """Where a command's data goes; ``file`` is the file that will be made, empty if it is none."""

    write: Callable[[str], None]
    file: str = ""


@contextmanager
def output(path: str | None, inputs: Iterable[str | int] = ()) -> Iterator[Output]:
    """Give the place for a command's data: stdout, or what a path names, which is looked at now.

    A file is made when there are data for it, so that a command that is killed leaves none. ``inputs`` are not to be
    written over.

    Raises:
        OutputError: nothing can, or may, be written there.
    """
    if path is None:
        yield Output(to_stdout)
        return
    from .output_file import place, whole_file  # noqa: PLC0415  # most commands write to stdout

    with place(path, inputs) as to:

        def to_file(text: str) -> None:
            with (
                whole_file(to, keep_empty=False) as descriptor,
                open(descriptor, "wb", closefd=False) as file,
            ):
                file.write(_encoded(text))

        yield Output(to_file, path if to.descriptor is None else "")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
