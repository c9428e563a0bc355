"""The whole sink against a real server that misbehaves: what the caller is told, and what arrived."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from http_receiver import Receiver, Reply

import mig_audit
from mig_audit.errors import InternalError, UsageError
from mig_audit.modules.audit.sinks import HttpSettings, SinkOutcome, open_sink
from mig_audit.modules.audit.sinks.batch import Batch
from mig_audit.modules.audit.sinks.http import HttpTransport
from mig_audit.modules.audit.sinks.interface import Answer, Verdict
from mig_audit.modules.audit.sinks.queue import Queue
from mig_audit.modules.audit.sinks.retry import Retries
from mig_audit.modules.audit.sinks.worker import QueuedSink, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_QUICK = Retries(base=0.01, cap=0.02)
_PATIENT = 1e6


def _events(count: int, size: int = 0) -> list[bytes]:
    return [json.dumps({"number": number, "text": "ä" * size}).encode() for number in range(count)]


def _deliver(
    settings: HttpSettings,
    directory: Path,
    events: Iterable[bytes],
    seconds: float = 10.0,
    run_id: str = "run",
) -> SinkOutcome:
    """Put events, finish within so many seconds, with pauses of milliseconds between attempts."""
    retries = Retries(settings.max_attempts, _QUICK.base, cap=_QUICK.cap)
    sink = QueuedSink(HttpTransport(settings, run_id), Queue(directory), settings.limits, retries, Timing())
    for event in events:
        sink.put(event)
    outcome = sink.finish(time.monotonic() + seconds)
    assert outcome.offered == outcome.delivered + outcome.rejected + outcome.undelivered
    return outcome


def _post(settings: HttpSettings, events: Iterable[bytes] = (b"{}",), patience: float = _PATIENT) -> Answer:
    """Make one attempt."""
    transport = HttpTransport(settings, "run")
    try:
        return transport.deliver(Batch(1, tuple(events)), patience)
    finally:
        transport.close()


def _received(receiver: Receiver) -> list[bytes]:
    """Return the events that were accepted, taken out of JSON arrays as they were put in."""
    events: list[bytes] = []
    for request in receiver.accepted:
        texts = [json.dumps(value).encode() for value in json.loads(request.body)]
        assert b"[" + b",".join(texts) + b"]" == request.body
        events += texts
    return events


@pytest.fixture
def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
    return port


@pytest.fixture
def unanswered() -> Iterator[str]:
    """Return the URL of an endpoint whose host does not complete a connection."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        port = sock.getsockname()[1]
        full = [socket.socket() for _ in range(4)]  # more than its backlog holds
        for client in full:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}/"
        for client in full:
            client.close()


def test_events_arrive_as_they_were_put(tmp_path: Path) -> None:
    """In order, in batches, over one connection."""
    events = _events(250, 20)
    with Receiver() as receiver:
        outcome = _deliver(HttpSettings(receiver.url, batch_events=100), tmp_path, events)
    assert _received(receiver) == events
    assert [len(json.loads(request.body)) for request in receiver.requests] == [100, 100, 50]
    assert {request.connection for request in receiver.requests} == {1}
    assert outcome == SinkOutcome(
        "http", receiver.url, 250, 250, 0, 0, 3, 3, 0, sum(map(len, events)), None, ()
    )


@pytest.mark.parametrize(
    ("kind", "media", "bodies"),
    [
        ("array", "application/json", [b'[{"a":1},{"b":2}]', b'[{"c":3}]']),
        ("ndjson", "application/x-ndjson", [b'{"a":1}\n{"b":2}\n', b'{"c":3}\n']),
        ("single", "application/json", [b'{"a":1}', b'{"b":2}', b'{"c":3}']),
    ],
)
def test_bodies(tmp_path: Path, kind: str, media: str, bodies: list[bytes]) -> None:
    """An array even of one event, lines that all end, or one event a request."""
    with Receiver() as receiver:
        settings = HttpSettings(receiver.url, body=kind, batch_events=2)
        _deliver(settings, tmp_path, [b'{"a":1}', b'{"b":2}', b'{"c":3}'])
    assert [request.body for request in receiver.requests] == bodies
    assert {request.headers["content-type"] for request in receiver.requests} == {media}


def test_a_request_says_who_sends_what(tmp_path: Path) -> None:
    """Path and query as given, headers of ours and of the settings, the token from its file."""
    (tmp_path / "token").write_text("hunter2\n")
    with Receiver() as receiver:
        settings = HttpSettings(
            f"{receiver.url}in/box?x=1",
            headers=(("X-Source", "host one"), ("User-Agent", "other")),
            token_file=tmp_path / "token",
        )
        _deliver(settings, tmp_path, [b"{}"])
        _deliver(HttpSettings(receiver.url), tmp_path, [b"{}"])
    first, second = receiver.requests
    assert (first.method, first.path) == ("POST", "/in/box?x=1")
    assert first.headers["authorization"] == "Bearer hunter2"
    assert first.headers["x-source"] == "host one"
    assert first.headers["user-agent"] == "other"
    assert first.headers["accept-encoding"] == "identity"
    assert second.headers["user-agent"] == f"mig-audit/{mig_audit.__version__}"
    assert "authorization" not in second.headers


def test_a_single_event_is_said_to_be_what_it_is() -> None:
    """Not every format is JSON."""
    with Receiver() as receiver:
        _post(HttpSettings(receiver.url, body="single", media_type="text/csv"), [b"a,b"])

    assert receiver.requests[0].headers["content-type"] == "text/csv"


def test_an_idempotency_key_belongs_to_one_batch(tmp_path: Path) -> None:
    """It is the same when a batch is repeated, and another for each batch, endpoint and run."""
    with Receiver([Reply(503)]) as receiver:
        _deliver(HttpSettings(receiver.url, batch_events=1), tmp_path, _events(2))
        _deliver(HttpSettings(f"{receiver.url}x", batch_events=1), tmp_path, _events(1))
        _deliver(HttpSettings(receiver.url, batch_events=1), tmp_path, _events(1), run_id="other")
    keys = [request.headers["idempotency-key"] for request in receiver.requests]
    assert keys[0] == keys[1]
    assert len(set(keys)) == len(keys) - 1 == 4
    assert keys[0].startswith("run-")
    assert keys[4].startswith("other-")


def test_nothing_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    """Neither a proxy, nor an authority, nor a password from .netrc."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login alice password hunter2")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port}")
    with Receiver() as receiver:
        assert _deliver(HttpSettings(receiver.url), tmp_path, [b"{}"]).delivered == 1
    assert "authorization" not in receiver.requests[0].headers


def test_a_proxy_is_used_if_it_is_set(tmp_path: Path) -> None:
    """It gets the request with the whole URL."""
    with Receiver() as proxy:
        settings = HttpSettings("http://collector.invalid/in", proxy=proxy.url)
        assert _deliver(settings, tmp_path, [b"{}"]).delivered == 1
    assert proxy.requests[0].path == "http://collector.invalid/in"


def test_refused_connections_are_waited_out(tmp_path: Path, free_port: int) -> None:
    """An endpoint that is started later gets everything."""
    events, receivers = _events(30), []

    def start() -> None:
        time.sleep(0.3)
        receivers.append(Receiver(port=free_port))

    starter = threading.Thread(target=start)
    starter.start()
    outcome = _deliver(HttpSettings(f"http://127.0.0.1:{free_port}/", batch_events=10), tmp_path, events)
    starter.join()
    with receivers[0]:
        assert _received(receivers[0]) == events
    assert outcome.delivered == 30
    assert outcome.retries > 0
    assert outcome.last_error == f"POST http://127.0.0.1:{free_port}/ failed: connection refused"
    assert outcome.errors == ()


def test_an_endpoint_that_is_not_there_is_named(tmp_path: Path, free_port: int) -> None:
    """What, where, how many, and what to do; nothing can have arrived."""
    url = f"http://127.0.0.1:{free_port}/"
    outcome = _deliver(HttpSettings(url), tmp_path, _events(120), seconds=0.3)
    (error,) = outcome.errors
    assert str(error) == (
        f"POST {url} failed: connection refused; 120 events were not delivered and remain in the raw log: "
        "start the endpoint, then send the raw log again"
    )


@pytest.mark.parametrize(
    "faults",
    [
        [Reply(reset_after=0)],
        [Reply(reset_after=1000), Reply(reset_after=-1)],
        [Reply(500)] * 5,
        [Reply(408), Reply(425), Reply(502), Reply(503), Reply(504)],
        [Reply(429, headers={"Retry-After": "0"})],
        [Reply(200, close=True)] * 3,
        [Reply(200, headers={"Connection": "close"})] * 3,
        [Reply(503, body=b"x" * 200_000)],
        [Reply(503, chunked=True, body=b"later")],
        [Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n")],
        [Reply(raw=b"")],
        [Reply(raw=b"HTTP/1.1 503")],
        [Reply(raw=b"\x00" * 100_000)],
    ],
    ids=str,
)
def test_passing_faults_cost_nothing(tmp_path: Path, faults: list[Reply]) -> None:
    """Resets, errors, closed connections and nonsense: everything arrives, in order, in the end."""
    events = _events(60, 50)
    with Receiver(faults) as receiver:
        outcome = _deliver(HttpSettings(receiver.url, batch_events=20), tmp_path, events)
    assert list(dict.fromkeys(_received(receiver))) == events
    assert (outcome.delivered, outcome.errors) == (60, ())


def test_any_schedule_of_faults_delivers_at_least_once(tmp_path: Path) -> None:
    """Forty random schedules: every event arrives, first arrivals are in order, repeats have the same key."""
    faults = [
        Reply(),
        Reply(close=True),
        Reply(500),
        Reply(503, chunked=True, body=b"x"),
        Reply(413, early=True),
        Reply(429, headers={"Retry-After": "0"}),
        Reply(reset_after=0),
        Reply(reset_after=50),
        Reply(reset_after=-1),
        Reply(raw=b""),
        Reply(raw=b"HTTP/1.1 200"),
    ]
    for seed in range(40):
        rng = random.Random(seed)  # noqa: S311  # a test that can be repeated
        events = _events(rng.randrange(1, 60))
        with Receiver(rng.choices(faults, k=rng.randrange(12))) as receiver:
            settings = HttpSettings(receiver.url, batch_events=rng.randrange(1, 20), max_attempts=100)
            outcome = _deliver(settings, tmp_path, events)
        # What is too large for a single event is rejected: by this script, at random.
        assert outcome.delivered + outcome.rejected == len(events), seed
        arrived = list(dict.fromkeys(_received(receiver)))
        assert arrived == [event for event in events if event in arrived], seed
        assert len(arrived) >= outcome.delivered, seed
        keys: dict[str, bytes] = {}
        for request in receiver.requests:
            assert keys.setdefault(request.headers["idempotency-key"], request.body) == request.body, seed


def test_retry_after_is_waited_for(tmp_path: Path) -> None:
    """A second is a second, though our own pauses are milliseconds."""
    with Receiver([Reply(429, headers={"Retry-After": "1"})]) as receiver:
        outcome = _deliver(HttpSettings(receiver.url), tmp_path, _events(3))
    first, second = receiver.requests
    assert second.at - first.at >= 0.95
    assert (outcome.delivered, outcome.retries) == (3, 1)


def test_a_busy_endpoint_is_given_up_after_so_many_attempts(tmp_path: Path) -> None:
    """Its answer is quoted; the next batch gets through."""
    with Receiver([Reply(500, body=b"database is locked")] * 3) as receiver:
        outcome = _deliver(HttpSettings(receiver.url, batch_events=10, max_attempts=3), tmp_path, _events(20))
    assert (outcome.delivered, outcome.undelivered, outcome.attempts) == (10, 10, 4)
    (error,) = outcome.errors
    assert str(error) == (
        f"POST {receiver.url} answered 500 Internal Server Error: database is locked; 10 events were not delivered "
        "(they may have arrived all the same) and remain in the raw log: "
        "see why the endpoint is overloaded or failing, then send the raw log again"
    )


def test_an_answer_that_comes_before_the_body_is_read_is_heard(tmp_path: Path) -> None:
    """413 from an endpoint that closes without reading on: the batch is split, not sent for ever."""
    events = _events(64, 20_000)  # more than the sockets' buffers hold
    with Receiver([Reply(413, early=True)]) as receiver:
        outcome = _deliver(HttpSettings(receiver.url, batch_bytes=1 << 24), tmp_path, events)
    assert _received(receiver) == events
    assert (outcome.delivered, outcome.batches) == (64, 2)
    assert outcome.last_error is not None
    assert "answered 413" in outcome.last_error


def test_a_refusal_is_final_and_quoted(tmp_path: Path) -> None:
    """Four hundred and something: rejected, with what the endpoint says, on one printable line."""
    with Receiver([Reply(422, body=b'{"error":\n"no \x1b[31mfield"}')]) as receiver:
        outcome = _deliver(HttpSettings(receiver.url, batch_events=5), tmp_path, _events(10))
    assert (outcome.delivered, outcome.rejected, outcome.attempts) == (5, 5, 2)
    assert "422 Unprocessable" in outcome.errors[0].what
    assert '{"error": "no [31mfield"}; 5 events were rejected' in outcome.errors[0].what


@pytest.mark.parametrize("location", ["http://other.example/x", "http://[", "//", "\x80"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, location: str) -> None:
    """Whatever they say: the events stay here, and the remedy says where the endpoint wanted them."""
    with Receiver([Reply(status, headers={"Location": location})]) as receiver:
        answer = _post(HttpSettings(receiver.url))
    assert answer.verdict is Verdict.REFUSED
    assert "redirects are not followed: name the final URL, at " in answer.remedy
    assert ("other.example" in answer.remedy) == ("other.example" in location)


@pytest.mark.parametrize("status", [200, 302, 400, 500])
def test_an_answer_without_an_end_is_not_read_to_the_end(status: int) -> None:
    """No more than its beginning, at any status, and at once."""
    began = time.monotonic()
    with Receiver([Reply(status, headers={"Location": "http://other.example/"}, endless=True)]) as receiver:
        answer = _post(HttpSettings(receiver.url))
    assert time.monotonic() - began < 5
    assert answer.verdict is {200: Verdict.ACCEPTED, 500: Verdict.BUSY}.get(status, Verdict.REFUSED)


def test_an_endpoint_that_never_answers_costs_the_read_timeout() -> None:
    """And the batch may have arrived."""
    with Receiver([Reply(silent=True)]) as receiver:
        began = time.monotonic()
        answer = _post(HttpSettings(receiver.url, read_timeout=0.2))
        assert 0.1 < time.monotonic() - began < 5
    assert answer.what == f"POST {receiver.url} failed: no complete answer within 0.2 s"
    assert (answer.verdict, answer.uncertain) == (Verdict.UNREACHABLE, True)


def test_an_endpoint_that_drips_costs_the_read_timeout() -> None:
    """A byte now and then does not prolong it, as it would a timeout of the socket."""
    with Receiver([Reply(drip=0.05, headers={"X-Long": "x" * 500})]) as receiver:
        began = time.monotonic()
        answer = _post(HttpSettings(receiver.url, read_timeout=0.3))
        assert time.monotonic() - began < 5
    assert answer.what.endswith("failed: no complete answer within 0.3 s")
    assert answer.uncertain


def test_an_endpoint_that_does_not_read_costs_the_read_timeout() -> None:
    """A body that fits into no buffer is not sent for ever."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        began = time.monotonic()
        answer = _post(HttpSettings(url, read_timeout=0.3), [b"x" * (1 << 24)])
        assert time.monotonic() - began < 5
    assert answer.verdict is Verdict.UNREACHABLE
    assert answer.what.endswith("failed: no complete answer within 0.3 s")


def test_sending_may_take_longer_than_connecting() -> None:
    """The time to connect does not bound the time to send, not even on a connection that is used again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = HttpSettings(
            f"http://127.0.0.1:{listener.getsockname()[1]}/", connect_timeout=0.2, read_timeout=10.0
        )

        def serve() -> None:
            with listener.accept()[0] as sock, sock.makefile("rb") as reader:
                for _ in range(2):
                    length = 0
                    while line := reader.readline().strip().lower():
                        length = int(line[15:]) if line.startswith(b"content-length:") else length
                    time.sleep(0.5)
                    reader.read(length)
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        server = threading.Thread(target=serve)
        server.start()
        transport = HttpTransport(settings, "run")
        for number in (1, 2):
            assert transport.deliver(Batch(number, (b"x" * (1 << 24),)), _PATIENT) == Answer(Verdict.ACCEPTED)
        transport.close()
        server.join()


def test_a_host_that_does_not_answer_costs_the_connect_timeout(unanswered: str) -> None:
    """And nothing can have arrived."""
    began = time.monotonic()
    answer = _post(HttpSettings(unanswered, connect_timeout=0.2))
    assert time.monotonic() - began < 5
    assert answer.what == f"POST {unanswered} failed: no connection within 0.2 s"
    assert not answer.uncertain


def test_no_attempt_takes_longer_than_there_is_time() -> None:
    """Whatever the timeouts are."""
    with Receiver([Reply(silent=True)]) as receiver:
        began = time.monotonic()
        assert _post(HttpSettings(receiver.url), patience=0.2).verdict is Verdict.UNREACHABLE
        assert time.monotonic() - began < 5


def test_a_name_that_does_not_resolve_is_told() -> None:
    """In the resolver's words, and nothing can have arrived."""
    answer = _post(HttpSettings("http://collector.invalid/"))
    assert answer.what.startswith("POST http://collector.invalid/ failed: host name not resolved: ")
    assert not answer.uncertain


def test_finish_cuts_an_attempt_that_began_before_it(tmp_path: Path) -> None:
    """Though its read timeout is far away: finish comes back at its deadline, and no thread stays behind."""
    with Receiver([Reply(silent=True)]) as receiver:
        sink = open_sink(HttpSettings(receiver.url, batch_events=1), run_id="run", directory=tmp_path)
        sink.put(b"{}")
        for _ in range(300):
            if receiver.requests:
                break
            time.sleep(0.01)
        began = time.monotonic()
        outcome = sink.finish(began + 0.2)
        assert time.monotonic() - began < 5
    assert "no answer before the time to deliver was over" in outcome.errors[0].what
    assert "1 event was not delivered (it may have arrived all the same)" in outcome.errors[0].what
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sink-")]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("body", [b"", b"fine", b"x" * 60_000])
def test_a_connection_is_used_again(tmp_path: Path, body: bytes, *, chunked: bool) -> None:
    """As long as the answer is read to its end, of whatever kind it is."""
    with Receiver(default=Reply(body=body, chunked=chunked)) as receiver:
        _deliver(HttpSettings(receiver.url, body="single"), tmp_path, _events(5))
    assert [request.connection for request in receiver.requests] == [1] * 5


def test_the_token_shows_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not in an outcome, an error, a repr or a log, even if the endpoint repeats it."""
    caplog.set_level(0)
    (tmp_path / "token").write_text("hunter2hunter2")
    replies = [Reply(503, body=b"Bearer hunter2hunter2"), Reply(401, body=b"bad token hunter2hunter2")]
    with Receiver(replies) as receiver:
        settings = HttpSettings(receiver.url, token_file=tmp_path / "token")
        outcome = _deliver(settings, tmp_path, _events(3))
        transport = HttpTransport(settings, "run")
    assert receiver.requests[0].headers["authorization"] == "Bearer hunter2hunter2"
    shown = f"{outcome} {[str(error) for error in outcome.errors]} {settings} {transport} {caplog.text}"
    assert "[token]" in shown
    assert "hunter2" not in shown


def test_keys_in_the_query_and_in_headers_show_nowhere(tmp_path: Path) -> None:
    """They do not belong there; but endpoints ask for them there, and repeat a request that they refuse."""
    body = b"cannot POST /x?a=1&amp;key=s3cretquery (key: s3cret query, X-Key: s3cretheader, X-Stage: test)"
    with Receiver([Reply(404, body=body)]) as receiver:
        settings = HttpSettings(
            f"{receiver.url}?a=1&key=s3cretquery&q=s3cret+query",
            headers=(("X-Key", "s3cretheader"), ("X-Stage", "test")),
        )
        (error,) = _deliver(settings, tmp_path, _events(1)).errors
    assert "s3cret" not in str(error)
    assert "(key: [query], X-Key: [header], X-Stage: test)" in str(error)


def test_cookies_are_not_kept(tmp_path: Path) -> None:
    """An endpoint leaves nothing behind that would be sent back."""
    with Receiver(default=Reply(headers={"Set-Cookie": "a=b"})) as receiver:
        _deliver(HttpSettings(receiver.url, batch_events=1), tmp_path, _events(2))
    assert all("cookie" not in request.headers for request in receiver.requests)


def test_what_is_wrong_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    """A file that is missing, a folder that is missing, a URL that requests cannot use, a run id that is no text."""
    url = "http://127.0.0.1/"
    with pytest.raises(UsageError, match="CA file"):
        open_sink(HttpSettings(url, ca_file=tmp_path / "no"), run_id="run", directory=tmp_path)
    settings = HttpSettings(url, token_env="SINK_TOKEN")  # noqa: S106  # a variable's name
    with pytest.raises(UsageError, match="SINK_TOKEN is empty"):
        open_sink(settings, run_id="run", directory=tmp_path, environment={})
    with pytest.raises(UsageError, match=r"the queue of the sink cannot be created in .*: ENOENT"):
        open_sink(HttpSettings(url), run_id="run", directory=tmp_path / "no")
    for host in ("*.example", "a..b", "x" * 70, "-ü"):
        with pytest.raises(UsageError, match="no possible host") as caught:
            open_sink(HttpSettings(f"http://{host}/?hunter2"), run_id="run", directory=tmp_path)
        assert "hunter2" not in str(caught.value)
    with pytest.raises(InternalError, match="run id"):
        open_sink(HttpSettings(url), run_id="a\nb", directory=tmp_path)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("sink-")]


def test_requests_is_not_imported_before_a_sink_is_opened() -> None:
    """A run without a sink does not pay for it."""
    code = "import sys, mig_audit.modules.audit.sinks; sys.exit('requests' in sys.modules or 'urllib3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
