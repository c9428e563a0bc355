"""The streams of the command line: stdout carries data only; everything for people goes to stderr."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable

from .errors import MigAuditError, ParametersError, UsageError
from .standard_streams import discard_stdout
from .terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


def to_stdout(text: str) -> None:
    """Write data as UTF-8, whatever the locale says.

    Raises:
        UsageError: stdout takes no more; a reader that went away is a BrokenPipeError.
    """
    try:
        sys.stdout.buffer.write(_encoded(text))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_stdout()
        raise UsageError(
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


@contextmanager
def whole_file(path: str, *, keep_empty: bool) -> Iterator[int]:
    """Give the descriptor of a private file that appears under ``path`` complete, or not at all.

    It is begun before the work, so that a path that cannot be written to costs no work. It appears when the ``with``
    block ends without an exception and, unless an empty one is to be kept, something was written.

    Raises:
        UsageError: it cannot be written.
    """
    import tempfile  # noqa: PLC0415  # a tenth of the time that most commands need to start

    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100  # resolving links would move the file
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", "name a file in a writable folder"
        ) from error
    try:
        yield descriptor
        if keep_empty or os.fstat(descriptor).st_size:
            os.fsync(descriptor)
            os.replace(temporary, path)  # noqa: PTH105  # both are plain strings
            temporary = ""
    except OSError as error:
        raise UsageError(
            f"{path} could not be written: {error.strerror}", "the raw log holds all records"
        ) from error
    finally:
        os.close(descriptor)
        if temporary:
            os.unlink(temporary)  # noqa: PTH108  # as above


@contextmanager
def output(path: str | None) -> Iterator[Callable[[str], None]]:
    """Give the place for a command's data: stdout, or a whole file."""
    if path is None:
        yield to_stdout
        return
    with whole_file(path, keep_empty=False) as descriptor:

        def to_file(text: str) -> None:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(_encoded(text))

        yield to_file


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
