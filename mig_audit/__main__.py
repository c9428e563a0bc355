"""The console script."""

from __future__ import annotations

import gc
import sys

# What is made of a record has no cycles, and is freed when its event is given out. To look for cycles among it as often
# as Python does of its own accord takes a fifth of the time of a replay.
_YOUNG_OBJECTS = 100_000


def entrypoint() -> int:
    """Run the command line; a reader that closes our stdout early ends us quietly, and Ctrl-C with a line."""
    gc.set_threshold(_YOUNG_OBJECTS, 50, 50)
    try:
        return _run()
    except KeyboardInterrupt:
        # Whoever waits for something, or has begun something, heeds signals in a better way.
        from .console import say  # noqa: PLC0415  # as below

        say("stopped by SIGINT")
        return 1
    finally:
        gc.freeze()  # an exit that looks for cycles once more takes a tenth of the time of a short command


def _run() -> int:
    from .cli import main  # noqa: PLC0415  # what it imports is not looked through either
    from .inheritance import mend_inheritance  # noqa: PLC0415
    from .standard_streams import discard, hold_standard_streams  # noqa: PLC0415

    hold_standard_streams()
    mend_inheritance()
    try:
        return main()
    except BrokenPipeError:
        discard(1)
        return 0


if __name__ == "__main__":
    sys.exit(entrypoint())
