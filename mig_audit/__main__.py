"""The console script."""

from __future__ import annotations

import os
import sys

from .cli import main


def entrypoint() -> int:
    """Run the command line; a reader that closes our stdout early ends us quietly."""
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer must not be written at exit, where it would be a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(entrypoint())
