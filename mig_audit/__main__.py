"""The console script."""

from __future__ import annotations

import gc
import sys

# What is made of a record has no cycles, and is freed when its event is given out. To look for cycles among it as often
# as Python does of its own accord takes a fifth of the time of a replay.
_YOUNG_OBJECTS = 100_000


def entrypoint() -> int:
    """Run the command line; a reader that closes our stdout early ends us quietly."""
    gc.set_threshold(_YOUNG_OBJECTS, 50, 50)
    from .cli import main  # noqa: PLC0415  # what it imports is not looked through either
    from .standard_streams import discard_stdout, hold_standard_streams  # noqa: PLC0415

    hold_standard_streams()
    try:
        return main()
    except BrokenPipeError:
        discard_stdout()
        return 0
    finally:
        gc.freeze()  # an exit that looks for cycles once more takes a tenth of the time of a short command


if __name__ == "__main__":
    sys.exit(entrypoint())
