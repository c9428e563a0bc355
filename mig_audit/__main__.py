"""The console script."""

from __future__ import annotations

import gc
import sys

from .cli import main
from .standard_streams import discard_stdout, hold_standard_streams

# What is made of a record has no cycles, and is freed when its event is given out. To look for cycles among it as often
# as Python does of its own accord takes a fifth of the time of a replay.
_YOUNG_OBJECTS = 100_000


def entrypoint() -> int:
    """Run the command line; a reader that closes our stdout early ends us quietly."""
    hold_standard_streams()
    gc.set_threshold(_YOUNG_OBJECTS, 50, 50)
    try:
        return main()
    except BrokenPipeError:
        discard_stdout()
        return 0


if __name__ == "__main__":
    sys.exit(entrypoint())
