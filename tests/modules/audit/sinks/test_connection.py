"""The connection as another thread sees it: something that can be cut, by hand or by time."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from mig_audit.modules.audit.sinks.connection import Line

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def near() -> Iterator[socket.socket]:
    """Return one end of a connection whose other end is silent."""
    near, far = socket.socketpair()
    with near, far:
        yield near


def test_an_exchange_is_cut_when_its_time_is_over(near: socket.socket) -> None:
    """Whoever reads from it sees its end."""
    line = Line()
    with line.exchange(0.1):
        line.connected(near)
        assert near.recv(1) == b""
    assert line.overdue
    assert not line.stopped


def test_an_exchange_in_time_is_not_cut(near: socket.socket) -> None:
    """And once it is over, its time does not count any more."""
    line = Line()
    with line.exchange(0.2):
        line.connected(near)
    time.sleep(0.3)
    assert not line.overdue
    assert near.send(b"x") == 1


def test_the_time_counts_from_the_connection(near: socket.socket) -> None:
    """What it took to connect is bounded elsewhere."""
    line = Line()
    with line.exchange(0.5):
        time.sleep(0.3)
        line.connected(near)
        time.sleep(0.3)
        assert not line.overdue
        assert near.recv(1) == b""
    assert line.overdue


def test_an_exchange_is_cut_by_hand(near: socket.socket) -> None:
    """From another thread, at once."""
    line, received = Line(), []
    with line.exchange(60.0):
        line.connected(near)
        reader = threading.Thread(target=lambda: received.append(near.recv(1)))
        reader.start()
        line.cut()
        reader.join(5)
    assert received == [b""]
    assert line.stopped
    assert not line.overdue


def test_cutting_what_is_not_there_does_nothing(near: socket.socket) -> None:
    """Neither before there is a connection, nor after it was closed."""
    line = Line()
    line.cut()
    with line.exchange(60.0):
        line.connected(near)
    near.close()
    line.cut()
