"""A replay of a run's raw log gives the run's events."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Callable

import pytest
from http_receiver import Receiver

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

_UID = 61357
_RULES = [
    f"-a always,exit -F arch=b64 -S execve -F uid={_UID} -k replayed",
    f"-a always,exit -F arch=b64 -S openat,rename,unlink,mkdir,chmod -F uid={_UID} -k replayed",
    f"-a always,exit -F arch=b64 -S connect,kill,setuid -F uid={_UID} -k replayed",
]
_WORK = r"""
import os, socket, tempfile
folder = tempfile.mkdtemp()
for process in range(4):
    if os.fork():
        continue
    for i in range(100):
        name = os.path.join(folder, f"{process} \u00fc\n{i}")
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT))
        os.chmod(name, 0o4755)
        os.rename(name, name + "x")
        os.unlink(name + "x")
        os.mkdir(name)
        os.rmdir(name)
        os.kill(os.getpid(), 0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect_ex(f"\0mig-audit {i}")
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.connect_ex(("::1", 1024 + i))
        try:
            os.setuid(i)
        except PermissionError:
            pass
        if not i % 10:
            os.spawnv(os.P_WAIT, "/bin/true", ["true", f"{i}\n'\"", "\u202e" * 50, "x" * i * 100])
    os._exit(0)
for process in range(4):
    os.wait()
os.rmdir(folder)
"""


def _replay(log: Path, *options: str, command: str = "replay") -> bytes:
    line = [sys.executable, "-m", "mig_audit", command, str(log), *options]
    result = subprocess.run(line, capture_output=True, check=True)
    assert result.stderr == b""
    return result.stdout


def test_a_replay_is_byte_for_byte_what_the_run_sent(
    run: Callable[..., Any], workload: Callable[[str], None], tmp_path: Path
) -> None:
    """Of several processes at once; the run's own changes to audit are there as well, unless they are left out."""
    with Receiver() as receiver:
        sink = {"type": "http", "url": receiver.url, "body": "ndjson"}
        begun = run({"window": "60s", "rules": _RULES, "sinks": [sink]})
        workload(_WORK)
        begun.process.send_signal(signal.SIGTERM)
        envelope = begun.finish()
        sent = b"".join(request.body for request in receiver.accepted)

    assert envelope["errors"] is None
    lines = sent.splitlines()
    assert len(lines) > 4 * 100 * 9
    processes = envelope["elements"]["processes"]
    assert processes["main"] == begun.process.pid
    assert processes["recorder"] == envelope["elements"]["kernel"]["during"]["pid"]
    own = [option for pid in processes.values() for option in ("--own-pid", str(pid))]
    assert _replay(begun.log, *own) == sent
    result = tmp_path / "result.json"
    result.write_text(json.dumps(envelope))
    assert _replay(result) == sent
    assert _replay(result, "--format", "mozdef", command="events") == sent
    everything = _replay(begun.log).splitlines()
    assert len(everything) == len(lines) + envelope["statistics"]["events"]["own"]
    assert [line for line in everything if line in set(lines)] == lines


def test_the_result_of_a_quiet_run_shows_nothing(run: Callable[..., Any], tmp_path: Path) -> None:
    """Its raw log has its canaries and its changes to audit, and nothing else."""
    begun = run({"window": "60s", "rules": [f"-a always,exit -S getsid -F uid={_UID} -k quiet"]})
    envelope = begun.end()
    result = tmp_path / "result.json"
    result.write_text(json.dumps(envelope))

    assert envelope["statistics"]["totalhits"] == 0
    assert _replay(result) == _replay(result, command="events") == b""
    assert len(_replay(begun.log).splitlines()) == envelope["statistics"]["events"]["own"] > 0
