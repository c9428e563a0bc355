"""Answers that are remembered, in bounded memory even if every value was forged to fill it."""

from __future__ import annotations

from functools import lru_cache
from typing import Callable, Optional, TypeVar

_Answer = TypeVar("_Answer")

# Longer values are rare, and a thousand of them would be the memory that the whole program may use.
LONGEST = 512


def remember(function: Callable[[Optional[bytes]], _Answer]) -> Callable[[Optional[bytes]], _Answer]:
    """Return a function that asks the given one once for each short value, and always for a long one."""
    remembered = lru_cache(maxsize=2048)(function)

    def ask(raw: Optional[bytes]) -> _Answer:
        return function(raw) if raw is not None and len(raw) > LONGEST else remembered(raw)

    return ask
