"""Events of a real window on their way to a real HTTP server."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from http_receiver import Receiver, Reply
from nginx import TOKEN, nginx_before

from mig_audit.modules.audit.events import Origin
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.pipeline import Pipeline

pytestmark = pytest.mark.kernel

UID = 61357
OPENAT = f"-a always,exit -F arch=b64 -S openat -F uid={UID} -k numbered-open"
NUMBERED = """
import os
for i in range(500):
    try:
        os.close(os.open(f"/etc/mig-audit-no-such-file-{i}", os.O_RDONLY))
    except FileNotFoundError:
        pass
"""

Start = Callable[..., Any]
Work = Callable[[str], None]


def _events(receiver: Receiver) -> list[dict[str, Any]]:
    """Return the events that were accepted, in order, whatever the form of the body."""
    events = []
    for request in receiver.accepted:
        lines = request.body.splitlines() if b"\n" in request.body else [request.body]
        for line in lines:
            document = json.loads(line)
            events += document if isinstance(document, list) else [document]
    return events


def _of_raw_log(log: Path) -> list[dict[str, Any]]:
    """Return the events that the raw log holds, made anew from it."""
    pipeline = Pipeline(make_format("mozdef", Origin.here()), (), limit=10**6, max_size=1 << 30)
    pipeline.feed(log.read_bytes())
    pipeline.flush()
    own = (b"CONFIG_CHANGE", b"mig-audit-canary")
    return [json.loads(event) for event in pipeline.kept if not any(mark in event for mark in own)]


def _numbers(events: list[dict[str, Any]]) -> list[str]:
    paths = [event["details"].get("path", "") for event in events]
    return [path for path in paths if "no-such-file" in path]


@pytest.mark.parametrize("body", ["array", "ndjson", "single"])
def test_every_event_arrives_through_nginx(
    run: Start, workload: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    """One by one the events that the raw log holds; the token and the limit for bodies are nginx's."""
    monkeypatch.setenv("RECEIVER_TOKEN", TOKEN)
    folder = tmp_path / "nginx"
    folder.mkdir()
    with Receiver() as receiver, nginx_before(receiver.port, folder, limit="64k") as url:
        sink = {"type": "http", "url": url, "body": body, "token": {"environment": "RECEIVER_TOKEN"}}
        begun = run({"window": "30s", "rules": [OPENAT], "sinks": [sink]})
        workload(NUMBERED)
        begun.process.send_signal(signal.SIGTERM)
        envelope = begun.finish()
        arrived = _events(receiver)

    assert arrived == _of_raw_log(begun.log)
    assert _numbers(arrived) == [f"/etc/mig-audit-no-such-file-{i}" for i in range(500)]
    (outcome,) = envelope["elements"]["sinks"]
    assert outcome["delivered"] == outcome["offered"] == len(arrived) == envelope["statistics"]["totalhits"]
    assert envelope["elements"]["events"] == []
    assert envelope["errors"] is None
    assert begun.code == 0
    assert TOKEN not in json.dumps(envelope) + begun.stderr


def test_an_endpoint_that_recovers_gets_every_event(run: Start, workload: Work) -> None:
    """After refusals that say to come back."""
    troubles = [Reply(503), Reply(429, headers={"Retry-After": "1"}), Reply(reset_after=10)]
    with Receiver(troubles) as receiver:
        begun = run({"window": "30s", "rules": [OPENAT], "sinks": [{"type": "http", "url": receiver.url}]})
        workload(NUMBERED)
        begun.process.send_signal(signal.SIGTERM)
        envelope = begun.finish()
        arrived = _events(receiver)

    assert arrived == _of_raw_log(begun.log)
    assert envelope["elements"]["sinks"][0]["retries"] >= 3
    assert begun.code == 0


def test_an_endpoint_that_is_not_there_costs_no_event(run: Start, workload: Work) -> None:
    """Exit code 5, every event counted, all of them in the raw log, and ready to be sent again in the spool."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    sink = {"type": "http", "url": f"http://127.0.0.1:{port}/"}
    begun = run({"window": "30s", "drain": "2s", "rules": [OPENAT], "sinks": [sink], "events": {"limit": 10}})
    workload(NUMBERED)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    (outcome,) = envelope["elements"]["sinks"]
    assert outcome["undelivered"] == outcome["offered"] == envelope["statistics"]["totalhits"] >= 500
    assert f"127.0.0.1:{port}" in envelope["errors"][0]
    spool = Path(outcome["spool"]["path"])
    assert spool.name == "raw.log.1.spool"
    assert str(spool) in envelope["errors"][0]
    assert [json.loads(line) for line in spool.read_bytes().splitlines()] == _of_raw_log(begun.log)
    assert outcome["spooled"] == envelope["statistics"]["loss"]["events_spooled"] == outcome["undelivered"]
    assert len(envelope["elements"]["events"]) == 10
    assert len(_numbers(_of_raw_log(begun.log))) == 500
    assert envelope["elements"]["kernel"]["restored"]
    assert begun.code == 5


def test_our_own_connections_are_not_recorded(run: Start) -> None:
    """A sink that caused events would never come to an end."""
    with Receiver() as receiver:
        rules = [{"profile": "network"}, {"profile": "exec"}]
        begun = run({"window": "60s", "rules": rules, "sinks": [{"type": "http", "url": receiver.url}]})
        time.sleep(2)  # for what a connection of ours would cause
        envelope = begun.end()
        arrived = _events(receiver)

    own = [event for event in arrived if event["details"]["pid"] == str(begun.process.pid)]
    assert own == []
    assert envelope["statistics"]["totalhits"] < 1000


def test_a_token_that_is_not_there_is_told_before_anything_is_touched(run: Start) -> None:
    """Exit code 2, with the variable's name."""
    sink = {"type": "http", "url": "http://127.0.0.1:9/", "token": {"environment": "MIG_AUDIT_NO_SUCH_TOKEN"}}
    begun = run({"window": "3s", "rules": [OPENAT], "sinks": [sink]}, wait=False)
    envelope = begun.finish()

    assert "MIG_AUDIT_NO_SUCH_TOKEN" in envelope["errors"][0]
    assert begun.code == 2
    assert not begun.log.exists()
