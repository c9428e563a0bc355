"""A query from the agent's side."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING, Callable

import pytest

from mig_audit.errors import BusyError, MigAuditError, NotPermittedError, UsageError
from mig_audit.persistent.client import ask
from mig_audit.results import Result
from mig_audit.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ANSWER = Result(found_anything=True, success=True, elements={"x": "y" * 300_000}).to_line()


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Nobody asks it to stop yet."""
    stop = Stop()
    yield stop
    stop.close()


class _Server:
    """A persistent process in a thread, for one query."""

    def __init__(self, path: Path, behave: Callable[[socket.socket], None]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self.address = f"unix:{path}"
        self._thread = threading.Thread(target=self._serve, args=(behave,))
        self._thread.start()

    def _serve(self, behave: Callable[[socket.socket], None]) -> None:
        connection, _ = self._socket.accept()
        with connection:
            behave(connection)

    def close(self) -> None:
        self._thread.join()
        self._socket.close()


def test_the_answer_is_all_that_comes_back(tmp_path: Path, stop: Stop) -> None:
    """The parameters go there in one line."""
    asked: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        asked.append(connection.makefile("rb").readline())
        connection.sendall(_ANSWER.encode())

    server = _Server(tmp_path / "s", behave)
    answer = ask(server.address, {"a": "é"}, stop)
    server.close()

    assert answer.line == _ANSWER
    assert answer.envelope["foundanything"] is True
    assert [json.loads(line) for line in asked] == [{"class": "parameters", "parameters": {"a": "é"}}]


def test_a_request_to_stop_is_passed_on_and_the_answer_awaited(tmp_path: Path, stop: Stop) -> None:
    """Who asks again is in a hurry there, too."""
    heard: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        file = connection.makefile("rb")
        file.readline()
        stop.request("SIGTERM")
        heard.append(file.readline())
        stop.request("SIGTERM")
        heard.append(file.readline())
        connection.sendall(_ANSWER.encode())

    server = _Server(tmp_path / "s", behave)
    assert ask(server.address, {}, stop).line == _ANSWER
    server.close()

    assert heard == [b'{"class":"stop"}\n'] * 2


def test_an_answer_is_whole_although_our_last_word_was_not_read(tmp_path: Path, stop: Stop) -> None:
    """The kernel then says that the connection was reset, behind the answer."""

    def behave(connection: socket.socket) -> None:
        connection.recv(10)
        connection.sendall(_ANSWER[:100].encode())
        connection.sendall(_ANSWER[100:].encode())

    server = _Server(tmp_path / "s", behave)
    assert ask(server.address, {"more": "than was read"}, stop).line == _ANSWER
    server.close()


@pytest.mark.parametrize("said", [b"", b"{}", _ANSWER[:-1].encode(), b"ok"])
def test_what_is_no_whole_answer_is_an_error(tmp_path: Path, stop: Stop, said: bytes) -> None:
    """It was killed while it wrote it."""

    def behave(connection: socket.socket) -> None:
        connection.makefile("rb").readline()
        connection.sendall(said)

    server = _Server(tmp_path / "s", behave)
    with pytest.raises(MigAuditError, match="ended before it answered"):
        ask(server.address, {}, stop)
    server.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("tcp:127.0.0.1:1", "is no unix socket's"),
        ("/run/x", "is no unix socket's"),
        ("unix:", "no persistent process can be reached"),
        ("unix:/no/such", "ENOENT"),
        ("unix:/a\0b", "no persistent process can be reached"),
        ("unix:/" + "x" * 200, "too long"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(stop: Stop, address: str, words: str) -> None:
    """With the reason."""
    with pytest.raises(UsageError, match=words):
        ask(address, {}, stop)


def test_where_too_many_wait_already_it_is_busy(tmp_path: Path, stop: Stop) -> None:
    """Nobody is to start another process for that."""
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as first:
        server.bind(str(tmp_path / "s"))
        server.listen(0)
        first.connect(str(tmp_path / "s"))
        with pytest.raises(BusyError, match="too many wait"):
            ask(f"unix:{tmp_path}/s", {}, stop)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user for a moment")
def test_another_user_is_told_to_be_root(tmp_path: Path, stop: Stop) -> None:
    """The folder is root's."""
    tmp_path.chmod(0o700)
    os.seteuid(61357)
    try:
        with pytest.raises(NotPermittedError, match=r"EACCES .*: run as root"):
            ask(f"unix:{tmp_path}/s", {}, stop)
    finally:
        os.seteuid(0)
