"""The line between the main process and the recorder."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.recorder.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    """Return both ends of a channel."""
    one, other = socket.socketpair()
    yield Channel(one), Channel(other)
    one.close()
    other.close()


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first text of a process is slow to make
@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.text() | st.integers() | st.none()), max_size=20))
def test_what_is_sent_arrives_in_order(documents: list[dict[str, object]]) -> None:
    """However the bytes are cut on the way."""
    one, other = socket.socketpair()
    with one, other:
        sender, receiver = Channel(one), Channel(other)
        for document in documents:
            sender.send("kind", document)
        one.shutdown(socket.SHUT_WR)
        arrived = []
        while not receiver.closed:
            arrived += receiver.receive()

    assert arrived == [{"kind": "kind", **document} for document in documents]


def test_the_last_words_of_an_end_that_is_gone_are_heard(ends: tuple[Channel, Channel]) -> None:
    """Speaking to it is no error, as the recorder has a kernel to restore, and loses nothing that it had said."""
    here, there = ends
    here.send("unheard", {})
    there.send("last", {})
    there.close()

    here.send("kind", {})
    assert not here.closed
    assert here.receive() == [{"kind": "last"}]
    assert here.receive() == []
    assert here.closed


def test_a_slow_reader_costs_no_time(ends: tuple[Channel, Channel]) -> None:
    """What does not fit is left out, and what arrives is whole."""
    here, there = ends
    for number in range(10_000):
        here.send("progress", {"number": number}, optional=True)
    here.close()
    arrived = []
    while not there.closed:
        arrived += [message["number"] for message in there.receive()]

    assert arrived == list(range(len(arrived)))
    assert 0 < len(arrived) < 10_000


def test_a_reader_that_is_stopped_holds_up_nobody(ends: tuple[Channel, Channel]) -> None:
    """What must not be left out waits, whole and in order, until the reader goes on."""
    here, there = ends
    for number in range(10_000):
        here.send("outcome", {"number": number})
    here.send("progress", {}, optional=True)
    assert not here.flush(0.01)
    arrived: list[object] = []
    while not here.flush(0):
        arrived += [message["number"] for message in there.receive()]
    here.close()
    while not there.closed:
        arrived += [message["number"] for message in there.receive()]

    assert arrived == list(range(10_000))


def test_nobody_waits_for_a_reader_that_is_gone(ends: tuple[Channel, Channel]) -> None:
    """There is nothing to send any more."""
    here, there = ends
    there.close()
    here.send("kind", {})

    assert here.flush()
