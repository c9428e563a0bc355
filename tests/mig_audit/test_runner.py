"""A module is driven to an answer, whatever comes in between."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from mig_audit.errors import OutputError
from mig_audit.interface import Context
from mig_audit.registry import find_module
from mig_audit.runner import run_module, run_one_shot
from mig_audit.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["heeded"]


def _one_shot(write: Callable[[str], None], message: bytes = b"nonsense") -> None:
    """Answer a message that asks for no work."""
    reading, writing = os.pipe()
    os.write(writing, message)
    os.close(writing)
    try:
        run_one_shot("audit", reading, write)
    finally:
        os.close(reading)


def test_a_request_to_stop_before_the_work_is_an_answer() -> None:
    """Nothing was begun that would have to be undone."""
    stop = Stop()
    stop.request("SIGINT")

    result = run_module(find_module("audit"), {"rules": []}, Context(stop, print))
    stop.close()

    assert result.to_json() == {
        "foundanything": False,
        "success": False,
        "elements": None,
        "statistics": None,
        "errors": ["stopped by SIGINT before the work began: nothing was done"],
    }


@pytest.mark.usefixtures("signals_heeded")
def test_a_signal_behind_the_work_costs_no_answer() -> None:
    """The agent that sends it still waits for the envelope."""
    answers: list[dict[str, Any]] = []

    def write(text: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        answers.append(json.loads(text))

    _one_shot(write)

    assert [answer["success"] for answer in answers] == [False]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_answer_that_cannot_be_written_is_an_error() -> None:
    """There is no envelope that could tell it."""

    def write(_text: str) -> None:
        raise OutputError("stdout could not be written", "write to another place")

    with pytest.raises(OutputError, match="stdout could not be written"):
        _one_shot(write)
