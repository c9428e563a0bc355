"""A collector's unix socket, with collectors that read, hang up, stand still, or are not there."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.sinks import SinkOutcome, UnixSettings, open_sink
from mig_audit.modules.audit.sinks.batch import Batch
from mig_audit.modules.audit.sinks.interface import Answer, Verdict
from mig_audit.modules.audit.sinks.queue import Queue
from mig_audit.modules.audit.sinks.retry import Retries
from mig_audit.modules.audit.sinks.unix import UnixTransport
from mig_audit.modules.audit.sinks.worker import QueuedSink, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PATIENT = 1e6


def _events(count: int, size: int = 0) -> list[bytes]:
    return [json.dumps({"number": number, "text": "x" * size}).encode() for number in range(count)]


@contextmanager
def _collector(path: Path, kind: int = socket.SOCK_STREAM) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, kind) as sock:
        sock.bind(str(path))
        if kind == socket.SOCK_STREAM:
            sock.listen()
        sock.settimeout(10)
        yield sock


def _read_all(sock: socket.socket) -> bytes:
    """Return what comes until the other side hangs up."""
    data = b""
    while piece := sock.recv(1 << 16):
        data += piece
    return data


def _accept_and_close(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    connection.close()


class _Reader(threading.Thread):
    """Reads one connection after another to their ends; ``received`` has the bytes of each."""

    def __init__(self, listening: socket.socket, connections: int = 1) -> None:
        super().__init__(daemon=True)
        self._listening = listening
        self._connections = connections
        self.received: list[bytes] = []
        self.start()

    def run(self) -> None:
        for _ in range(self._connections):
            connection, _ = self._listening.accept()
            with connection:
                self.received.append(_read_all(connection))

    def result(self) -> list[bytes]:
        self.join(10)
        assert not self.is_alive()
        return self.received


def _deliver(
    settings: UnixSettings, directory: Path, events: Iterable[bytes], seconds: float = 10
) -> SinkOutcome:
    retries = Retries(base=0.01, cap=0.02)
    sink = QueuedSink(UnixTransport(settings), Queue(directory), settings.limits, retries, Timing())
    for event in events:
        sink.put(event)
    outcome = sink.finish(time.monotonic() + seconds)
    assert outcome.offered == outcome.delivered + outcome.rejected + outcome.undelivered
    return outcome


def _attempt(path: Path) -> Answer:
    transport = UnixTransport(UnixSettings(path))
    try:
        return _once(transport, _events(1))
    finally:
        transport.close()


def _once(transport: UnixTransport, events: Iterable[bytes], patience: float = _PATIENT) -> Answer:
    return transport.deliver(Batch(1, tuple(events)), patience)


def test_a_stream_gets_every_event_as_a_line_in_order(tmp_path: Path) -> None:
    """Over one connection, however many batches there are, and beyond what a socket holds."""
    events = _events(2000, size=1000)
    with _collector(tmp_path / "s") as listening:
        reader = _Reader(listening)
        settings = UnixSettings(tmp_path / "s", batch_events=100)

        outcome = _deliver(settings, tmp_path, events)

        assert reader.result() == [b"".join(event + b"\n" for event in events)]
    assert (outcome.kind, outcome.target) == ("unix", str(tmp_path / "s"))
    assert (outcome.delivered, outcome.batches, outcome.errors) == (2000, 20, ())
    assert outcome.bytes == sum(map(len, events))


def test_a_header_comes_before_the_first_event_of_each_connection(tmp_path: Path) -> None:
    """And before no datagram."""
    settings = UnixSettings(tmp_path / "s").carrying("text/csv", b"a,b")
    with _collector(tmp_path / "s") as listening:
        reader = _Reader(listening, connections=2)
        for _ in range(2):
            transport = UnixTransport(settings)
            assert _once(transport, [b"1,2"]).verdict is Verdict.ACCEPTED
            assert _once(transport, [b"3,4"]).verdict is Verdict.ACCEPTED
            transport.close()

        assert reader.result() == [b"a,b\n1,2\n3,4\n"] * 2
    assert UnixSettings(tmp_path / "s", socket="datagram").carrying("text/csv", b"a,b").header == b""


def test_a_datagram_socket_gets_every_event_as_a_datagram(tmp_path: Path) -> None:
    """Also more of them than wait in a socket's queue."""
    events = _events(300)
    received: list[bytes] = []
    with _collector(tmp_path / "s", socket.SOCK_DGRAM) as collector:
        reader = threading.Thread(
            target=lambda: received.extend(collector.recv(1 << 16) for _ in events), daemon=True
        )
        reader.start()

        outcome = _deliver(UnixSettings(tmp_path / "s", socket="datagram"), tmp_path, events)
        reader.join(10)

    assert received == [event + b"\n" for event in events]
    assert outcome.delivered == 300


def test_a_datagram_that_is_too_long_is_rejected_and_the_others_arrive(tmp_path: Path) -> None:
    """The kernel takes none of eight megabytes."""
    events = [b'{"short":1}', b'{"long":"' + b"x" * (8 << 20) + b'"}', b'{"short":2}']
    received: list[bytes] = []
    with _collector(tmp_path / "s", socket.SOCK_DGRAM) as collector:
        reader = threading.Thread(
            target=lambda: received.extend(iter(lambda: collector.recv(1 << 16), b"end")), daemon=True
        )
        reader.start()
        outcome = _deliver(UnixSettings(tmp_path / "s", socket="datagram"), tmp_path, events)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ending:
            ending.sendto(b"end", str(tmp_path / "s"))
        reader.join(10)

    assert (outcome.delivered, outcome.rejected) == (2, 1)
    assert set(received) == {b'{"short":1}\n', b'{"short":2}\n'}
    assert "takes no datagram as long as the event" in str(outcome.errors[0])


def test_a_collector_that_comes_late_gets_everything(tmp_path: Path) -> None:
    """The sink tries again until it is there."""
    events = _events(10)
    settings = UnixSettings(tmp_path / "s", batch_age=0)
    sink = QueuedSink(
        UnixTransport(settings), Queue(tmp_path), settings.limits, Retries(base=0.01, cap=0.02), Timing()
    )
    for event in events:
        sink.put(event)
    with _collector(tmp_path / "s") as listening:
        reader = _Reader(listening)
        outcome = sink.finish(time.monotonic() + 10)
        assert reader.result() == [b"".join(event + b"\n" for event in events)]
    assert outcome.delivered == 10


def test_a_collector_that_is_started_again_gets_what_it_had_not_read(tmp_path: Path) -> None:
    """What it left unread when it went counts as undelivered then, and is sent again."""
    events = _events(3)
    transport = UnixTransport(UnixSettings(tmp_path / "s"))
    with _collector(tmp_path / "s") as listening:
        closing = threading.Timer(0.05, _accept_and_close, (listening,))
        closing.start()

        lost = _once(transport, events)
        closing.join()
        reader = _Reader(listening)
        again = _once(transport, events)
        transport.close()

        assert reader.result() == [b"".join(event + b"\n" for event in events)]
    assert (lost.verdict, lost.uncertain) == (Verdict.UNREACHABLE, True)
    assert "connection reset by peer" in lost.what
    assert again.verdict is Verdict.ACCEPTED


def test_a_collector_that_stands_still_is_no_success(tmp_path: Path) -> None:
    """The kernel took the events, but nobody read them."""
    with _collector(tmp_path / "s"):
        transport = UnixTransport(UnixSettings(tmp_path / "s", timeout=0.1))
        answer = _once(transport, _events(1))
        transport.close()

    assert (answer.verdict, answer.uncertain) == (Verdict.UNREACHABLE, True)
    assert "nothing was read for 0.1 s" in answer.what


def test_there_is_no_waiting_beyond_the_time_to_deliver(tmp_path: Path) -> None:
    """Whatever the timeout; the events are counted, and the run goes on."""
    began = time.monotonic()
    with _collector(tmp_path / "s"):
        outcome = _deliver(UnixSettings(tmp_path / "s", timeout=60), tmp_path, _events(5), seconds=0.3)

    assert time.monotonic() - began < 5
    assert (outcome.delivered, outcome.undelivered) == (0, 5)
    assert "(they may have arrived all the same)" in str(outcome.errors[0])


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda _path: None, "ENOENT"),
        (lambda path: path.write_text(""), "ECONNREFUSED"),
    ],
)
def test_where_nobody_listens_the_reason_is_told(tmp_path: Path, prepare: object, word: str) -> None:
    """It may be mended before the time is over, so it is no refusal."""
    assert callable(prepare)
    prepare(tmp_path / "s")
    answer = _attempt(tmp_path / "s")

    assert (answer.verdict, answer.uncertain) == (Verdict.UNREACHABLE, False)
    assert word in answer.what


def test_a_socket_of_the_other_kind_is_told(tmp_path: Path) -> None:
    """A datagram socket takes no stream."""
    with _collector(tmp_path / "s", socket.SOCK_DGRAM):
        answer = _attempt(tmp_path / "s")

    assert "EPROTOTYPE" in answer.what
    assert answer.remedy == "start what reads a stream socket there"


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": Path("relative")},
        {"path": Path("/" + "ü" * 54)},
        {"mode": "shout"},
        {"socket": "raw"},
        {"mode": "listen", "socket": "datagram"},
        {"timeout": 0},
        {"batch_events": 0},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    """Before anything is opened."""
    with pytest.raises(UsageError):
        UnixSettings(**{"path": Path("/run/x"), **wrong})  # type: ignore[arg-type]  # wrong on purpose


def test_a_sink_is_opened_from_its_settings(tmp_path: Path) -> None:
    """As any other."""
    with _collector(tmp_path / "s") as listening:
        reader = _Reader(listening)
        sink = open_sink(UnixSettings(tmp_path / "s"), run_id="run", directory=tmp_path)
        sink.put(b"{}")
        outcome = sink.finish(time.monotonic() + 10)
        assert (reader.result(), outcome.delivered) == ([b"{}\n"], 1)
