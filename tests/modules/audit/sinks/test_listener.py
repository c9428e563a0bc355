"""A unix socket of ours, and those who read from it, or do not."""

from __future__ import annotations

import json
import os
import socket
import stat
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from socket_reader import Reader, connected

from mig_audit.errors import UsageError
from mig_audit.modules.audit.sinks import HttpSettings, SinkSettings, UnixSettings, open_sink, opened_sinks
from mig_audit.modules.audit.sinks.batch import Batch
from mig_audit.modules.audit.sinks.interface import Answer, Verdict
from mig_audit.modules.audit.sinks.listener import ListeningTransport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_PATIENT = 1e6


def _events(count: int, size: int = 0) -> list[bytes]:
    return [json.dumps({"number": number, "text": "x" * size}).encode() for number in range(count)]


def _lines(events: Iterable[bytes]) -> bytes:
    return b"".join(event + b"\n" for event in events)


@contextmanager
def _listening(path: Path, timeout: float = 5) -> Iterator[ListeningTransport]:
    transport = ListeningTransport(UnixSettings(path, mode="listen", timeout=timeout))
    try:
        yield transport
    finally:
        transport.close()


def _once(transport: ListeningTransport, events: Iterable[bytes], patience: float = _PATIENT) -> Answer:
    return transport.deliver(Batch(1, tuple(events)), patience)


def test_every_reader_gets_every_event_from_its_connection_on(tmp_path: Path) -> None:
    """One that comes later gets what is handed over then."""
    events = _events(1000, size=500)
    with _listening(tmp_path / "s") as transport:
        first = [Reader(tmp_path / "s") for _ in range(3)]
        assert _once(transport, events).verdict is Verdict.ACCEPTED
        late = Reader(tmp_path / "s")
        assert _once(transport, events[:5]).verdict is Verdict.ACCEPTED

    assert [reader.result() for reader in first] == [_lines(events) + _lines(events[:5])] * 3
    assert late.result() == _lines(events[:5])


def test_every_reader_gets_the_header_first(tmp_path: Path) -> None:
    """Whenever it connects."""
    settings = UnixSettings(tmp_path / "s", mode="listen", timeout=0.2).carrying("text/csv", b"a,b")
    transport = ListeningTransport(settings)
    first = Reader(tmp_path / "s")
    assert _once(transport, [b"1,2"]).verdict is Verdict.ACCEPTED
    late = Reader(tmp_path / "s")
    assert _once(transport, [b"3,4"]).verdict is Verdict.ACCEPTED
    transport.close()

    assert first.result() == b"a,b\n1,2\n3,4\n"
    assert late.result() == b"a,b\n3,4\n"


def test_a_reader_that_does_not_take_the_header_gets_no_events(tmp_path: Path) -> None:
    """It is disconnected as one that does not take an event is."""
    settings = UnixSettings(tmp_path / "s", mode="listen", timeout=0.2).carrying("text/csv", b"a,b")
    transport = ListeningTransport(settings)
    with connected(tmp_path / "s") as still:
        answer = _once(transport, [b"1,2"])
        transport.close()
        assert still.recv(1 << 16) == b"a,b\n"

    assert (answer.verdict, answer.uncertain) == (Verdict.NOBODY, True)
    assert "nothing was read for 0.2 s" in answer.what


def test_where_nobody_reads_the_events_are_undelivered(tmp_path: Path) -> None:
    """Counted, with the reason, and without waiting for anybody."""
    began = time.monotonic()
    settings = UnixSettings(tmp_path / "s", mode="listen", batch_age=0)
    sink = open_sink(settings, run_id="run", directory=tmp_path)
    for event in _events(20):
        sink.put(event)
    outcome = sink.finish(time.monotonic() + 60)

    assert time.monotonic() - began < 10
    assert (outcome.offered, outcome.delivered, outcome.undelivered) == (20, 0, 20)
    (error,) = outcome.errors
    assert f"nobody was connected to {tmp_path / 's'}; 20 events were not delivered" in str(error)
    assert "remain in the raw log" in str(error)


def test_a_reader_that_stands_still_costs_the_others_only_time(tmp_path: Path) -> None:
    """It is disconnected, and sees the end of the stream at a place of its own; they get everything."""
    events = _events(2000, size=1000)
    with _listening(tmp_path / "s", timeout=0.2) as transport:
        still = connected(tmp_path / "s")
        reader = Reader(tmp_path / "s")
        answer = _once(transport, events)
        assert (answer.verdict, _once(transport, events).verdict) == (Verdict.ACCEPTED, Verdict.ACCEPTED)
    assert reader.result() == _lines(events) * 2
    assert "a reader of" in answer.what
    assert "nothing was read for 0.2 s" in answer.what
    with still:
        received = b""
        while piece := still.recv(1 << 16):
            received += piece
    assert _lines(events).startswith(received)
    assert len(received) < len(_lines(events))


def test_a_slow_reader_never_holds_up_who_puts(tmp_path: Path) -> None:
    """The queue takes what the reader has not."""
    settings = UnixSettings(tmp_path / "s", mode="listen", timeout=30, batch_age=0)
    sink = open_sink(settings, run_id="run", directory=tmp_path)
    with connected(tmp_path / "s"):
        slowest = 0.0
        for event in _events(3000, size=1000):
            began = time.monotonic()
            sink.put(event)
            slowest = max(slowest, time.monotonic() - began)
        outcome = sink.finish(time.monotonic() + 0.5)

    assert slowest < 5
    assert outcome.undelivered == 3000


def test_a_reader_that_leaves_is_nobody_for_what_it_has_not_read(tmp_path: Path) -> None:
    """It may have got it all the same."""
    with _listening(tmp_path / "s") as transport:
        leaving = connected(tmp_path / "s")
        closing = threading.Timer(0.05, leaving.close)
        closing.start()
        answer = _once(transport, _events(1))
        closing.join()
        again = _once(transport, _events(1))

    assert (answer.verdict, answer.uncertain) == (Verdict.NOBODY, True)
    assert (again.verdict, again.uncertain, again.cause) == (Verdict.NOBODY, False, "no reader")


def test_the_socket_is_private_from_its_first_moment_and_gone_at_the_end(tmp_path: Path) -> None:
    """Whatever the umask is."""
    before = os.umask(0)
    try:
        with _listening(tmp_path / "s"):
            status = (tmp_path / "s").lstat()
            assert stat.S_ISSOCK(status.st_mode)
            assert stat.S_IMODE(status.st_mode) == 0o600
    finally:
        os.umask(before)
    assert not (tmp_path / "s").exists()


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    """One that a killed run left behind."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as old:
        old.bind(str(tmp_path / "s"))
    with _listening(tmp_path / "s") as transport:
        reader = Reader(tmp_path / "s")
        assert _once(transport, _events(1)).verdict is Verdict.ACCEPTED
    assert reader.result() == _lines(_events(1))


@pytest.mark.parametrize("kind", ["file", "directory", "link", "listener"])
def test_anything_else_is_left_alone(tmp_path: Path, kind: str) -> None:
    """A file, a folder, a link to somewhere, a socket that somebody listens to."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        if kind == "file":
            path.write_text("precious")
        elif kind == "directory":
            path.mkdir()
        elif kind == "link":
            path.symlink_to(tmp_path / "elsewhere")
        else:
            other.bind(str(path))
            other.listen()
        before = path.lstat()

        with pytest.raises(UsageError, match="already"), _listening(path):
            pass

        assert path.lstat() == before


def test_a_folder_that_others_can_change_is_refused(tmp_path: Path) -> None:
    """They could put another socket in the place of ours."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)

    with pytest.raises(UsageError, match="can be changed by other users"), _listening(shared / "s"):
        pass
    with pytest.raises(UsageError, match="ENOENT"), _listening(tmp_path / "nosuch" / "s"):
        pass


def test_a_socket_that_somebody_put_in_the_place_of_ours_stays(tmp_path: Path) -> None:
    """We remove what we made."""
    with _listening(tmp_path / "s"):
        (tmp_path / "s").unlink()
        (tmp_path / "s").write_text("theirs")
    assert (tmp_path / "s").read_text() == "theirs"


def test_what_opens_before_another_fails_is_closed(tmp_path: Path) -> None:
    """No socket is left of a run that never began."""
    settings: list[SinkSettings] = [
        UnixSettings(tmp_path / "s", mode="listen"),
        HttpSettings("http://127.0.0.1/", token_file=tmp_path / "nosuch"),
    ]

    with (
        pytest.raises(UsageError, match="nosuch"),
        opened_sinks(settings, run_id="run", beside=tmp_path / "raw.log"),
    ):
        pass

    assert not (tmp_path / "s").exists()


def test_more_readers_than_there_is_room_for_are_sent_away(tmp_path: Path) -> None:
    """64 are served, and the next sees the end of the stream at once."""
    with _listening(tmp_path / "s") as transport:
        readers = [Reader(tmp_path / "s") for _ in range(65)]
        while _once(transport, []).verdict is Verdict.NOBODY:
            pass
        assert _once(transport, _events(1)).verdict is Verdict.ACCEPTED

    assert sorted(len(reader.result()) for reader in readers) == [0] + [len(_lines(_events(1)))] * 64
