"""Requests to stop."""

from __future__ import annotations

import os
import select
import signal
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import StoppedError
from mig_audit.stop import SIGNALS, Stop, interruptible

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["heeded"]
pytestmark = pytest.mark.usefixtures("signals_heeded")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_a_request_and_the_handlers_come_back(number: signal.Signals) -> None:
    """Whoever waits in select sees it at once."""
    before = [signal.getsignal(each) for each in SIGNALS]
    stop = Stop()
    with stop.on_signals():
        os.kill(os.getpid(), number)
        readable, _, _ = select.select([stop], [], [], 5)

    assert readable == [stop]
    assert stop.reason == number.name
    assert [signal.getsignal(each) for each in SIGNALS] == before
    stop.close()


def test_the_first_reason_stays_and_requests_are_counted() -> None:
    """Who asks twice is in a hurry."""
    stop = Stop()
    stop.request("first")
    stop.request("second")

    assert (stop.reason, stop.requests) == ("first", 2)
    stop.close()


def test_an_ignored_signal_stays_ignored() -> None:
    """That is what nohup(1) asks for."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = Stop()
    try:
        with stop.on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert stop.reason == ""
    stop.close()


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_what_waits_and_the_handlers_come_back(number: signal.Signals) -> None:
    """Here for a pipe that nobody writes to."""
    before = [signal.getsignal(each) for each in SIGNALS]
    end, start = os.pipe()
    with pytest.raises(StoppedError, match=f"stopped by {number.name} before it began"):
        _wait(end, number)

    assert [signal.getsignal(each) for each in SIGNALS] == before
    os.close(end)
    os.close(start)


def _wait(end: int, number: signal.Signals) -> None:
    with interruptible("before it began"):
        os.kill(os.getpid(), number)
        os.read(end, 1)


def test_what_may_be_interrupted_ignores_what_is_ignored(tmp_path: Path) -> None:
    """As above."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible("before it began"):
            os.kill(os.getpid(), signal.SIGHUP)
            (tmp_path / "done").touch()
    finally:
        signal.signal(signal.SIGHUP, before)

    assert (tmp_path / "done").exists()


def test_what_is_passed_on_beside_a_signal_is_one_request() -> None:
    """In either order; who asks again, by whatever way, is in a hurry."""
    for ways in ((False, True), (True, False)):
        stop = Stop()
        for relayed in ways:
            stop.request("SIGTERM", relayed=relayed)
            assert stop.requests == 1
        stop.request("SIGTERM", relayed=ways[0])
        assert stop.requests == 2
        stop.close()
