"""MIG's messages on stdin."""

from __future__ import annotations

import io
import os

import pytest

from mig_audit.errors import UsageError
from mig_audit.messages import read_parameters, watch_for_stop
from mig_audit.stop import Stop


@pytest.mark.parametrize("end", [b"", b"\n", b'\n{"class":"stop"}\n'])
def test_the_first_line_is_the_parameters(end: bytes) -> None:
    """The agent leaves the newline out and closes stdin."""
    stdin = io.BytesIO(b'{"class":"parameters","parameters":{"rules":[]}}' + end)

    assert read_parameters(stdin) == {"rules": []}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "ended before a message"),
        (b"\n", "ended before a message"),
        (b"not json", "not JSON"),
        (b"[]", "unexpected input is not module parameters"),
        (b'{"class":"ping"}', "unexpected input is not module parameters"),
        (b'{"parameters":{}}', "unexpected input is not module parameters"),
    ],
)
def test_anything_else_is_an_error(line: bytes, words: str) -> None:
    """With the words of MIG's own reader where it has some."""
    with pytest.raises(UsageError, match=words):
        read_parameters(io.BytesIO(line))


def test_a_message_without_parameters_has_empty_ones() -> None:
    """The module says what is missing."""
    assert read_parameters(io.BytesIO(b'{"class":"parameters"}')) == {}


def test_a_stop_message_asks_to_stop() -> None:
    """Whatever came before it on stdin."""
    stop = Stop()
    watch_for_stop(io.BytesIO(b'\nnonsense\n[1]\n{"class":"ping"}\n{"class":"stop"}\n'), stop).join()

    assert stop.reason == "stop message"
    assert os.read(stop.fileno(), 1)
    stop.close()


def test_the_end_of_stdin_is_not_a_stop() -> None:
    """The agent closes stdin at once."""
    stop = Stop()
    watch_for_stop(io.BytesIO(b""), stop).join()

    assert stop.reason == ""
    stop.close()
