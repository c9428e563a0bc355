"""The whole sink through a real nginx: its token check, its limit for bodies, its own way to close connections."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from http_receiver import Receiver, Reply
from nginx import TOKEN, nginx_before

from mig_audit.modules.audit.sinks import HttpSettings, SinkOutcome, open_sink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return the endpoint behind nginx."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def nginx(tmp_path: Path, receiver: Receiver) -> Iterator[str]:
    """Return the URL of an nginx in front of the receiver."""
    with nginx_before(receiver.port, tmp_path, limit="4k") as url:
        yield url


def _deliver(settings: HttpSettings, directory: Path, events: list[bytes]) -> SinkOutcome:
    sink = open_sink(
        settings, run_id="run", directory=directory, environment={"TOKEN": TOKEN, "BAD": "wrong"}
    )
    for event in events:
        sink.put(event)
    return sink.finish(time.monotonic() + 30)


def _events(count: int) -> list[bytes]:
    return [json.dumps({"number": number, "text": "x" * (number % 97)}).encode() for number in range(count)]


@pytest.mark.parametrize("kind", ["array", "ndjson", "single"])
def test_every_event_arrives_once_and_in_order(
    nginx: str, receiver: Receiver, tmp_path: Path, kind: str
) -> None:
    """One by one, though batches of 64 KiB meet a limit of 4 KiB."""
    events = _events(1000)
    settings = HttpSettings(nginx, body=kind, batch_bytes=1 << 16, token_env="TOKEN")  # noqa: S106  # a name
    outcome = _deliver(settings, tmp_path, events)
    arrived: list[bytes] = []
    for request in receiver.requests:
        assert len(request.body) <= 4096
        assert request.headers["authorization"] == "Bearer hunter2"
        value = json.loads(request.body) if kind == "array" else map(json.loads, request.body.splitlines())
        arrived += [json.dumps(event).encode() for event in value]
    assert arrived == events
    assert (outcome.delivered, outcome.rejected, outcome.undelivered, outcome.errors) == (1000, 0, 0, ())
    assert len({request.headers["idempotency-key"] for request in receiver.requests}) == len(
        receiver.requests
    )
    refused = outcome.attempts - outcome.batches
    assert (refused > 0) == (kind != "single")
    assert refused < 40


def test_an_event_that_is_too_large_by_itself_is_rejected(
    nginx: str, receiver: Receiver, tmp_path: Path
) -> None:
    """And only that one; the error says by whom and what to raise."""
    events = _events(20)
    events[7] = json.dumps({"text": "x" * 5000}).encode()
    outcome = _deliver(HttpSettings(nginx, token_env="TOKEN"), tmp_path, events)  # noqa: S106  # a name
    arrived = [event for request in receiver.requests for event in json.loads(request.body)]
    assert arrived == [json.loads(event) for event in events[:7] + events[8:]]
    assert (outcome.delivered, outcome.rejected) == (19, 1)
    (error,) = outcome.errors
    assert "answered 413 " in error.what
    assert "1 event was rejected" in error.what
    assert error.remedy.startswith("raise the endpoint's limit for the size of a request")


def test_a_wrong_token_is_told(nginx: str, receiver: Receiver, tmp_path: Path) -> None:
    """Nothing gets through, and the token is not repeated."""
    outcome = _deliver(HttpSettings(nginx, token_env="BAD"), tmp_path, _events(10))  # noqa: S106  # a name
    assert receiver.requests == []
    assert outcome.rejected == 10
    (error,) = outcome.errors
    assert "answered 401 Unauthorized" in error.what
    assert "check the token" in error.remedy
    assert "wrong" not in str(error)


def test_an_endpoint_that_fails_behind_it_is_waited_out(
    nginx: str, receiver: Receiver, tmp_path: Path
) -> None:
    """nginx answers 502 where the endpoint closed the connection; the batch is sent again, under the same key."""
    receiver.script.extend([Reply(raw=b""), Reply(raw=b"")])
    outcome = _deliver(HttpSettings(nginx, token_env="TOKEN"), tmp_path, _events(10))  # noqa: S106  # a name
    assert (outcome.delivered, outcome.retries, outcome.errors) == (10, 2, ())
    assert outcome.last_error is not None
    assert "answered 502 Bad Gateway" in outcome.last_error
    assert len({request.headers["idempotency-key"] for request in receiver.requests}) == 1
