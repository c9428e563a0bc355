"""Wait for what another process does."""

from __future__ import annotations

import time
from typing import Callable

_LIMIT = 60.0  # seconds: a host may stand still for some of them


def until(condition: Callable[[], object]) -> None:
    """Return once a condition holds; fail if it does not come to that."""
    limit = time.monotonic() + _LIMIT
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)
