"""A real rsyslog that says what it understood: each message as JSON, its structured data taken apart."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PROGRAM = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
_PATIENCE = 90.0  # seconds
_CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="256k" parser.escapeControlCharactersOnReceive="off")
module(load="imptcp")
module(load="mmpstrucdata")
template(name="understood" type="list") {{
    constant(value="{{")
    property(name="pri" outname="priority" format="jsonf") constant(value=",")
    property(name="timereported" outname="timestamp" dateFormat="rfc3339" format="jsonf") constant(value=",")
    property(name="hostname" outname="hostname" format="jsonf") constant(value=",")
    property(name="app-name" outname="program" format="jsonf") constant(value=",")
    property(name="procid" outname="procid" format="jsonf") constant(value=",")
    property(name="msgid" outname="msgid" format="jsonf") constant(value=",")
    property(name="msg" outname="message" format="jsonf") constant(value=",\\"data\\":")
    property(name="$!all-json-plain")
    constant(value="}}\\n")
}}
input(type="imptcp" path="{folder}/in" ruleset="all")
ruleset(name="all" queue.type="direct") {{
    action(type="mmpstrucdata" sd_name.lowercase="off")
    action(type="omfile" file="{folder}/out" template="understood")
}}
"""


class Understood(NamedTuple):
    """What rsyslog made of one message; ``data`` maps ids to their parameters."""

    priority: str
    timestamp: str
    hostname: str
    program: str
    procid: str
    msgid: str
    message: str
    data: dict[str, dict[str, str]]


def understand(messages: Iterable[bytes], folder: Path) -> list[Understood]:
    """Send messages to rsyslog, each with a newline at its end, and return what it understood, in order.

    Skips the test where there is no rsyslog.
    """
    if _PROGRAM is None:
        pytest.skip("rsyslogd is not installed: no real receiver of RFC 5424")
    content = [*messages]
    configuration, output = folder / "rsyslog.conf", folder / "out"
    configuration.write_text(_CONFIGURATION.format(folder=folder))
    command = [_PROGRAM, "-n", "-f", str(configuration), "-i", str(folder / "pid")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        try:
            _send(folder / "in", content, time.monotonic() + _PATIENCE)
            _wait(output, len(content), time.monotonic() + _PATIENCE)
        finally:
            process.terminate()
            process.communicate()
    return [_read(line) for line in output.read_text("utf-8").split("\n") if line]


def _read(line: str) -> Understood:
    document: dict[str, Any] = json.loads(line)
    data = document.pop("data").get("rfc5424-sd", {})
    return Understood(**document, data=data)


def _send(place: Path, messages: list[bytes], deadline: float) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        while True:
            try:
                connection.connect(str(place))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                assert time.monotonic() < deadline, "rsyslogd does not listen"
                time.sleep(0.05)
        connection.sendall(b"".join(message + b"\n" for message in messages))


def _wait(output: Path, count: int, deadline: float) -> None:
    while not output.exists() or output.read_bytes().count(b"\n") < count:
        assert time.monotonic() < deadline, "rsyslogd did not write all messages"
        time.sleep(0.1)
