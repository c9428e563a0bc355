"""`mig-audit deliver`, as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from http_receiver import Receiver, Reply

from mig_audit.modules.audit.spooled import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

EVENTS = [b'{"number":%d}' % number for number in range(30)]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Return a spool of the second sink of a run."""
    path = tmp_path / "raw.log.2.spool"
    path.write_bytes(b"".join(event + b"\n" for event in EVENTS))
    return path


def _deliver(
    spool: Path, urls: Sequence[str], *options: str, body: str = "ndjson"
) -> subprocess.CompletedProcess[str]:
    sinks = [
        {"type": "http", "url": url, "body": body, "batch": {"events": 10}, "max_attempts": 1} for url in urls
    ]
    document = {"rules": [], "drain": "20s", "sinks": sinks, "limits": {"free_disk": "0B"}}
    command = [sys.executable, "-m", "mig_audit", "deliver", "-", str(spool), *options]
    return subprocess.run(
        command, input=json.dumps(document), capture_output=True, text=True, check=False, timeout=60
    )


def _outcome(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    outcome: dict[str, Any] = json.loads(result.stdout)
    return outcome


def test_a_spool_is_sent_to_the_sink_that_it_is_of(spool: Path) -> None:
    """Byte for byte, in order; the account is on stdout, and nothing is left."""
    with Receiver() as other, Receiver() as receiver:
        result = _deliver(spool, [other.url, receiver.url])
        received = [line for request in receiver.accepted for line in request.body.splitlines()]

    assert result.returncode == 0, result.stderr
    assert received == EVENTS
    assert other.accepted == []
    outcome = _outcome(result)
    assert (outcome["offered"], outcome["delivered"], outcome["spool"]) == (30, 30, None)
    assert list(spool.parent.iterdir()) == [spool]


def test_what_does_not_get_through_again_is_in_another_spool(spool: Path) -> None:
    """Exactly that, so that it can be sent again; exit code 5."""
    with Receiver([Reply(200), Reply(503), Reply(200)]) as receiver:
        result = _deliver(spool, [receiver.url], "--sink", "1")

    assert result.returncode == 5
    outcome = _outcome(result)
    rest = Path(outcome["spool"]["path"])
    assert rest == spool.with_name("raw.log.2.spool.1.spool")
    assert rest.read_bytes().splitlines() == EVENTS[10:20]
    assert str(rest) in result.stderr


def test_what_is_no_file_is_no_spool(spool: Path) -> None:
    """An endless device is not read, and a pipe's writer not waited for."""
    os.mkfifo(spool.with_name("fifo"))
    with Receiver() as receiver:
        for path in (Path("/dev/zero"), spool.with_name("fifo")):
            result = _deliver(path, [receiver.url], "--sink", "1")
            assert result.returncode == 2
            assert f"{path} is not a file" in result.stderr
        assert receiver.accepted == []


def test_a_line_without_an_end_is_refused(spool: Path) -> None:
    """It is no event of ours."""
    os.truncate(spool, LONGEST + 10_000)
    with Receiver() as receiver:
        result = _deliver(spool, [receiver.url], "--sink", "1")

    assert result.returncode == 2
    assert f"line 31 has more than {LONGEST} bytes" in result.stderr


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("raw.log.2.spool", ("--sink", "3"), "the parameters have no sink 3"),
        ("raw.log.2.spool", ("--sink", "0"), "the parameters have no sink 0"),
        ("events", (), "does not say which sink it is for"),
        ("nosuch.1.spool", (), "ENOENT"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_reason(
    spool: Path, name: str, options: tuple[str, ...], words: str
) -> None:
    """Exit code 2; nothing is sent."""
    with Receiver() as receiver:
        result = _deliver(spool.with_name(name), [receiver.url, receiver.url], *options)

    assert result.returncode == 2
    assert words in result.stderr
    assert receiver.accepted == []


def test_of_a_file_that_is_no_spool_nothing_is_sent(spool: Path) -> None:
    """Not even the lines before the first odd one; exit code 2."""
    with spool.open("ab") as file:
        file.write(b"type=EOE msg=audit(1.500:1): \n")
    with Receiver() as receiver:
        result = _deliver(spool, [receiver.url, receiver.url])

    assert result.returncode == 2
    assert "is no spool of mozdef events: line 31 is no JSON object" in result.stderr
    assert receiver.accepted == []
    assert list(spool.parent.iterdir()) == [spool]
