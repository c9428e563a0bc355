"""What is read whole: parameters, rules, accounts. Whatever the name leads to, it is read up to a bound."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import NO_DESCRIPTORS, UsageError
from .stop import interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

MAX_DOCUMENT = 16 << 20  # bytes
STDIN = "-"


def read_whole(path: str, limit: int = MAX_DOCUMENT) -> bytes:
    """Return what a file holds, or a pipe or device until its end; ``-`` is stdin.

    Raises:
        UsageError: it cannot be read, or has more than ``limit`` bytes.
        StoppedError: a signal came first.
    """
    name = name_of(path)
    try:
        with interruptible(f"before {name} was read"), _opened(path) as file:
            data = file.read(limit + 1)
    except OSError as error:
        if error.errno in NO_DESCRIPTORS:
            raise
        raise UsageError(
            f"{name} cannot be read: {error.strerror}", "name a readable file, or - for stdin"
        ) from error
    if len(data) > limit:
        raise UsageError(
            f"{name} has more than {limit} bytes, and is to be read as a whole",
            "see whether it is the right file",
        )
    return data


def name_of(path: str) -> str:
    """Return what people call it."""
    return "stdin" if path == STDIN else path


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == STDIN:
        yield sys.stdin.buffer
    else:
        with open(path, "rb") as file:  # noqa: PTH123  # pathlib is slow to import, and a replay needs none
            yield file
