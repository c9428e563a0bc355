"""The console script."""

from __future__ import annotations

import sys

from .cli import main
from .standard_streams import discard_stdout, hold_standard_streams


def entrypoint() -> int:
    """Run the command line; a reader that closes our stdout early ends us quietly."""
    hold_standard_streams()
    try:
        return main()
    except BrokenPipeError:
        discard_stdout()
        return 0


if __name__ == "__main__":
    sys.exit(entrypoint())
