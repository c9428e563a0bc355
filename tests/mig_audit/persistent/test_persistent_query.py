"""One connection."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import UsageError
from mig_audit.messages import Message
from mig_audit.persistent.endpoint import Peer
from mig_audit.persistent.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARAMETERS = b'{"class":"parameters","parameters":{}}'


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Query]]:
    """Return the client's end, and the query."""
    client, server = socket.socketpair()
    server.setblocking(False)
    query = Query(server, Peer.of(server), 0.0)
    with client:
        yield client, query
    query.close()


def test_a_query_is_a_line(ends: tuple[socket.socket, Query]) -> None:
    """In however many parts it comes."""
    client, query = ends
    client.sendall(_PARAMETERS[:10])
    assert list(query.receive()) == []
    assert query.is_idle
    client.sendall(_PARAMETERS[10:] + b"\n")
    assert list(query.receive()) == [Message("parameters", {})]
    assert not query.is_idle


def test_a_client_that_says_no_more_still_waits(ends: tuple[socket.socket, Query]) -> None:
    """Its last line may have no newline; from then on it is not asked again."""
    client, query = ends
    client.sendall(_PARAMETERS)
    client.shutdown(socket.SHUT_WR)
    assert list(query.receive()) == []
    assert list(query.receive()) == [Message("parameters", {})]
    assert not query.gone
    assert query.events == 0

    query.answer(b"hello", 1.0)
    assert query.events == select.POLLOUT
    query.send(1.0)
    query.close()
    assert client.recv(100) == b"hello"
    assert client.recv(100) == b""


def test_a_client_that_only_looks_is_gone(ends: tuple[socket.socket, Query]) -> None:
    """It connected, and hung up."""
    client, query = ends
    client.close()

    assert list(query.receive()) == []
    assert query.gone


def test_what_is_no_message_is_an_error_and_not_the_end(ends: tuple[socket.socket, Query]) -> None:
    """There is a line behind it."""
    client, query = ends
    client.sendall(b"nonsense\n" + _PARAMETERS + b"\n")

    error, message = query.receive()
    assert isinstance(error, UsageError)
    assert message == Message("parameters", {})


def test_a_long_answer_waits_for_nobody(ends: tuple[socket.socket, Query]) -> None:
    """It goes out as the client takes it."""
    client, query = ends
    text = "é" * (1 << 20)
    query.answer(text.encode(), 0.0)
    taken = b""
    while not query.gone:
        query.send(1.0)
        query.send(1.0)  # the connection takes no more
        taken += client.recv(1 << 20)
    query.close()
    while part := client.recv(1 << 20):
        taken += part

    assert taken.decode() == text


def test_a_client_is_not_waited_for_for_ever(ends: tuple[socket.socket, Query]) -> None:
    """Neither for its question nor for its taking the answer; the work in between takes what it takes."""
    client, query = ends
    assert query.overdue(9.0) == ""
    assert query.overdue(11.0) == "it asked nothing"
    client.sendall(_PARAMETERS + b"\n")
    list(query.receive())
    assert query.overdue(10_000.0) == ""
    query.answer(b"x" * (1 << 24), 10_000.0)
    query.send(10_001.0)
    assert query.overdue(10_030.0) == ""
    assert query.overdue(10_032.0) == "it did not take its answer"


def test_a_client_that_is_gone_is_no_error(ends: tuple[socket.socket, Query]) -> None:
    """Nobody is left to be told."""
    client, query = ends
    query.answer(b"x" * (1 << 24), 0.0)
    query.send(0.0)
    client.close()
    query.send(0.0)

    assert query.gone
