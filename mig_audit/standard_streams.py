"""Descriptors 0, 1 and 2, which belong to stdin, stdout and stderr even where nobody gave us any."""

from __future__ import annotations

import os
import sys

_CLOSED = ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY))


def hold_standard_streams() -> None:
    """Occupy those that are closed, before any other file can get their numbers.

    A raw log that was opened as descriptor 1 would have the result written into it. What stands in for stdin and stdout
    fails when it is used, so that nothing is taken for read or written; stderr's is silent.
    """
    for descriptor, flags in _CLOSED:
        if not _is_open(descriptor):
            # The lowest free number is given, and those below are taken.
            os.open(os.devnull, flags)
            os.set_inheritable(descriptor, True)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115  # for the process's life
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def stdout_is_closed() -> bool:
    """Say whether stdout is what stands in for one that nobody gave us."""
    import fcntl  # noqa: PLC0415  # few ask

    return fcntl.fcntl(1, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def discard(stream: int) -> None:
    """Let nothing be written any more to descriptor 1 or 2, not even what is left in the buffer at exit.

    It would be a traceback there, and an exit code of Python's own.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream)
    os.close(null)
