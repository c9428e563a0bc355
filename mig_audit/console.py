"""The streams of the command line: stdout carries data only; everything for people goes to stderr."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Callable, NamedTuple

from .errors import MigAuditError, OutputError, ParametersError
from .standard_streams import discard
from .terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

_ELSEWHERE = "write to another place"
_NARROW = 20  # columns; what is narrower is no terminal that anybody reads


def to_stdout(text: str) -> None:
    """Write data as UTF-8, whatever the locale says.

    Raises:
        OutputError: stdout takes no more; a reader that went away is a BrokenPipeError.
    """
    try:
        _write_whole(sys.stdout.buffer, _encoded(text))
    except BrokenPipeError:
        raise
    except OSError as error:
        discard(1)
        raise OutputError(f"stdout could not be written: {error.strerror}", _ELSEWHERE) from error


def _write_whole(stream: BinaryIO, data: bytes) -> None:
    """Write all of it, and wait where another program has made the stream one that does not.

    Under ``python -u`` it has no buffer, and takes a part where it is full, or where a signal comes.
    """
    rest = memoryview(data)
    while rest:
        taken = _write_some(stream, rest)
        rest = rest[taken:]
        if not taken:
            _await(stream)
    while not _is_flushed(stream):
        _await(stream)


def _write_some(stream: BinaryIO, data: memoryview) -> int:
    try:
        return stream.write(data) or 0  # None, where there is no buffer
    except BlockingIOError as error:
        return error.characters_written


def _is_flushed(stream: BinaryIO) -> bool:
    try:
        stream.flush()
    except BlockingIOError:
        return False
    return True


def _await(stream: BinaryIO) -> None:
    import select  # noqa: PLC0415  # hardly ever

    select.select([], [stream], [])


def to_stderr(text: str) -> None:
    """Write there what was asked for there.

    Raises:
        OutputError: stderr takes no more.
    """
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError as error:
        discard(2)
        raise OutputError(f"stderr could not be written: {error.strerror}", _ELSEWHERE) from error


def say(text: str) -> None:
    """Write a line for people, under our name; file names and rules in it may be anybody's."""
    _tell(f"mig-audit: {printable(text)}\n")


def say_error(error: MigAuditError) -> None:
    """Write what went wrong, one line for each problem."""
    for line in error.problems if isinstance(error, ParametersError) else (error,):
        say(str(line))


def progress(beside: int | None = None) -> Callable[[str], None]:
    """Return what shows a word on how far we are: nothing does where stderr is no terminal.

    Nor where ``beside`` is one, a descriptor that data go to meanwhile: they show it, and the word would be among them.
    """
    shown = sys.stderr.isatty() and not (beside is not None and os.isatty(beside))
    return _show_progress if shown else _show_nothing


def _show_progress(text: str) -> None:
    _tell(f"\r\033[K{_cut(printable(text), _columns())}")


def _tell(text: str) -> None:
    """Write to stderr for as long as it takes anything; a terminal that was hung up is no reason to lose a result."""
    # Where there is nobody left to be told, what must be known is in the result and the exit code as well.
    with suppress(OutputError):
        to_stderr(text)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (ValueError, OSError):  # no terminal, as in a test
        return 0


def _cut(text: str, columns: int) -> str:
    """Return the end of a text that has to fit on one line, where the numbers are; what wraps is not erased."""
    return text if len(text) < columns or columns < _NARROW else f"...{text[-(columns - len('....')) :]}"


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
