"""MIG's messages on stdin."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import UsageError
from mig_audit.messages import Lines, Message, read_message, watch_for_stop
from mig_audit.stop import Stop


def _lines(data: bytes) -> Lines:
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    return Lines(read)


@pytest.mark.parametrize("end", [b"", b"\n", b'\n{"class":"stop"}\n'])
def test_the_first_line_is_the_message(end: bytes) -> None:
    """The agent leaves the newline out and closes stdin."""
    stdin = _lines(b'{"class":"parameters","parameters":{"rules":[]}}' + end)

    assert read_message(stdin) == Message("parameters", {"rules": []})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", "ended before a message"),
        (b"\n", "ended before a message"),
        (b"not json", "not JSON"),
        (b"[]", "unexpected input is not module parameters"),
        (b'{"class":"ping"}', "unexpected input is not module parameters"),
        (b'{"class":1}', "unexpected input is not module parameters"),
        (b'{"parameters":{}}', "unexpected input is not module parameters"),
        (b'{"class":"parameters","persistsock":1}', "persistsock in the message on stdin is no string"),
    ],
)
def test_what_is_no_message_with_parameters_is_an_error(line: bytes, words: str) -> None:
    """With the words of MIG's own reader where it has some."""
    with pytest.raises(UsageError, match=words):
        read_message(_lines(line)).document()


@pytest.mark.parametrize("line", [b'{"class":"parameters"}', b'{"class":"parameters","parameters":null}'])
def test_a_message_without_parameters_has_empty_ones(line: bytes) -> None:
    """The module says what is missing."""
    assert read_message(_lines(line)).document() == {}


@pytest.mark.parametrize(
    ("given", "address"), [("", ""), (',"persistsock":null', ""), (',"persistsock":"unix:/p"', "unix:/p")]
)
def test_a_message_may_be_for_a_persistent_process(given: str, address: str) -> None:
    """Whose address the agent has added; other keys mean nothing."""
    line = f'{{"class":"parameters","parameters":{{}},"x":1{given}}}'

    assert read_message(_lines(line.encode())).address == address


@given(
    st.text(),
    st.none() | st.dictionaries(st.text(), st.none() | st.integers() | st.text() | st.lists(st.text())),
)
def test_what_is_sent_is_one_line_and_can_be_read(kind: str, parameters: object) -> None:
    """Whatever is in it."""
    line = Message(kind, parameters).to_line()

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert Message.parse(line, "it") == Message(kind, parameters)


def test_a_stop_message_asks_to_stop() -> None:
    """Whatever came before it on stdin."""
    stop = Stop()
    watch_for_stop(_lines(b'\nnonsense\n[1]\n{"class":"ping"}\n{"class":"stop"}\n'), stop).join()

    assert stop.reason == "stop message"
    assert os.read(stop.fileno(), 1)
    stop.close()


def test_who_asks_twice_is_in_a_hurry() -> None:
    """As with signals."""
    stop = Stop()
    watch_for_stop(_lines(b'{"class":"stop"}\n{"class":"stop"}'), stop).join()

    assert stop.requests == 2
    stop.close()


def test_the_end_of_stdin_is_not_a_stop() -> None:
    """The agent closes stdin at once."""
    stop = Stop()
    watch_for_stop(_lines(b""), stop).join()

    assert stop.reason == ""
    stop.close()


@pytest.mark.parametrize("size", [10, 70_000, 200_000])
def test_lines_of_any_length_come_whole(size: int) -> None:
    """Longer than a pipe holds at once, too."""
    read, write = os.pipe()
    line = b"x" * size + b"\n"

    def send() -> None:
        os.write(write, line + line + b"end")
        os.close(write)

    writer = threading.Thread(target=send)
    writer.start()
    lines = Lines(read)

    assert [lines.next() for _ in range(4)] == [line, line, b"end", b""]
    writer.join()


def test_a_watcher_that_still_waits_does_not_disturb_the_end() -> None:
    """An agent may leave stdin open until it has the answer."""
    read, write = os.pipe()
    command = [sys.executable, "-m", "mig_audit", "-m", "audit"]
    with subprocess.Popen(command, stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        os.write(write, b'{"class":"parameters","parameters":{"rules":1}}\n')
        stdout, stderr = process.communicate(timeout=20)
    os.close(read)
    os.close(write)

    assert (process.returncode, stderr) == (0, b"")
    assert b"is not an array" in stdout
