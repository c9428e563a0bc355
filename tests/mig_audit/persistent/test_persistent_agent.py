"""The agent's end of stdin and stdout."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from mig_audit.errors import UsageError
from mig_audit.messages import Message
from mig_audit.persistent.agent import MAX_LINE, Agent

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Ends:
    """An agent in a test, with the other ends of its pipes, and the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.closed: set[int] = set()
        stdin, self.to_us = os.pipe()
        self.from_us, stdout = os.pipe()
        self.agent = Agent(stdin, stdout, lambda: self.now)

    def close(self, descriptor: int) -> None:
        """Hang up on one side."""
        os.close(descriptor)
        self.closed.add(descriptor)

    def sent(self) -> list[dict[str, Any]]:
        """Return the messages that are written when all of them can be."""
        data = b""
        while self.agent.waiting:
            self.agent.flush()
            data += os.read(self.from_us, 1 << 20)
        return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def ends() -> Iterator[_Ends]:
    """Close all of them behind the test."""
    ends = _Ends()
    yield ends
    for descriptor in {ends.agent.stdin, ends.agent.stdout, ends.to_us, ends.from_us} - ends.closed:
        os.close(descriptor)


def test_messages_come_whatever_is_between_them(ends: _Ends) -> None:
    """What is no message is said to be none, and costs no other."""
    os.write(ends.to_us, b'{"class":"ping"}\n\n  \nnonsense\n[]\n{"class":"stop"}\n{"class"')

    told = list(ends.agent.receive())

    assert [type(each) for each in told] == [Message, UsageError, Message, Message]
    assert [each.kind for each in told if isinstance(each, Message)] == ["ping", "", "stop"]
    assert not ends.agent.at_end


def test_a_last_line_without_a_newline_is_one(ends: _Ends) -> None:
    """As everywhere in this protocol."""
    os.write(ends.to_us, b'{"class":"stop"}')
    ends.close(ends.to_us)

    assert list(ends.agent.receive()) == []
    assert list(ends.agent.receive()) == [Message("stop")]
    assert ends.agent.at_end


def test_a_message_that_is_too_long_is_passed_over(ends: _Ends) -> None:
    """In bounded memory."""
    told: list[object] = []
    for _ in range(MAX_LINE // 60_000 + 1):
        os.write(ends.to_us, b"x" * 60_000)
        told += ends.agent.receive()
    os.write(ends.to_us, b'\n{"class":"ping"}\n')
    told += ends.agent.receive()

    error, message = told
    assert isinstance(error, UsageError)
    assert f"more than {MAX_LINE} bytes" in str(error)
    assert message == Message("ping")


def test_nothing_that_is_sent_waits_for_a_reader(ends: _Ends) -> None:
    """A full pipe is what poll(2) tells of; until then it waits in memory, up to a bound."""
    for number in range(10_000):
        ends.agent.log(f"{number} " + "x" * 100)

    messages = ends.sent()
    numbers = [int(each["parameters"]["message"].split()[0]) for each in messages]
    assert numbers[:-1] == list(range(len(numbers) - 1))
    assert messages[-1]["parameters"]["message"].endswith(" messages were left out, because nobody read them")
    assert numbers[-1] + len(numbers) - 1 == 10_000


def test_it_is_known_for_how_long_nobody_has_read(ends: _Ends) -> None:
    """What was taken, and an empty queue, are no silence."""
    ends.now = 100.0
    assert ends.agent.deaf_for == 0
    ends.agent.log("x" * 4000)
    ends.agent.log("y" * 4000)
    ends.now = 110.0
    assert ends.agent.deaf_for == 10
    ends.agent.flush()
    assert ends.agent.deaf_for == 0
    ends.now = 125.0
    assert ends.agent.deaf_for == 15


def test_each_write_is_one_that_a_pipe_takes_at_once(ends: _Ends) -> None:
    """Writing more than PIPE_BUF to a pipe that is nearly full would wait."""
    size = fcntl.fcntl(ends.agent.stdout, fcntl.F_GETPIPE_SZ) if hasattr(fcntl, "F_GETPIPE_SZ") else 65536
    os.write(ends.agent.stdout, b"z" * (size - 4096))
    ends.agent.log("x" * 4000)
    ends.agent.log("y" * 4000)
    ends.agent.flush()

    assert ends.agent.waiting


def test_an_agent_that_is_gone_is_told_nothing_more(ends: _Ends) -> None:
    """It is no error of ours."""
    ends.close(ends.from_us)
    ends.agent.log("hello")
    ends.agent.flush()

    assert ends.agent.gone
    assert not ends.agent.waiting


def test_a_log_message_is_printable_and_short(ends: _Ends) -> None:
    """It may repeat what anybody has sent."""
    ends.agent.log("a\n\x1b" + "b" * 10_000)

    (message,) = ends.sent()
    assert message["class"] == "log"
    assert message["parameters"]["message"].startswith("a\\n\\x1bbbb")
    assert len(message["parameters"]["message"]) == 4096


def test_an_alert_is_json_in_a_string(ends: _Ends) -> None:
    """That is how MIG's agent passes it on."""
    ends.agent.alert({"foundanything": True})

    assert ends.sent() == [{"class": "alert", "parameters": {"message": '{"foundanything":true}'}}]
