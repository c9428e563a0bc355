"""Signals as a terminal has them, for tests that send some."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_HANDLERS: dict[signal.Signals, Callable[[int, FrameType | None], Any] | signal.Handlers] = {
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
    signal.SIGQUIT: signal.SIG_DFL,
}


@pytest.fixture
def signals_heeded() -> Iterator[None]:
    """Whoever starts the tests may have had some ignored, as nohup(1) does, and a shell in its background jobs."""
    before = {number: signal.signal(number, handler) for number, handler in _HANDLERS.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
