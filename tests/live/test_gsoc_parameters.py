"""The GSoC module's parameters, as MIG's agent sent them, over one real window."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest
from http_receiver import Receiver
from socket_reader import Reader

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

_UID = 61357
_RULES = {
    "delete": True,
    "enable": "1",
    "file_rules": [],
    "syscall_rules": [
        {
            "actions": ["exit", "always"],
            "syscalls": ["openat"],
            "key": "numbered-open",
            "fields": [
                {"name": "arch", "op": "eq", "value": 64},
                {"name": "uid", "op": "eq", "value": _UID},
            ],
        }
    ],
}
_NUMBERED = """
import os
for i in range(200):
    try:
        os.close(os.open(f"/etc/mig-audit-no-such-file-{i}", os.O_RDONLY))
    except FileNotFoundError:
        pass
"""


def _wait_for(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def _events(reader: Reader) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reader.result().splitlines()]


def _paths(events: list[dict[str, Any]]) -> list[str]:
    paths = [event["details"].get("path", "") for event in events]
    return [path for path in paths if "no-such-file" in path]


def test_a_document_of_the_gsoc_module_works_under_the_agent(
    kernel: Control, workload: Callable[[str], None], tmp_path: Path
) -> None:
    """Every event is POSTed by itself, and every reader of the socket gets it as a line; the rules that were there stay."""
    (tmp_path / "audit.rules.json").write_text(json.dumps(_RULES))
    before = kernel.rules()
    with Receiver() as receiver:
        parameters = {
            "rulefilepath": "audit.rules.json",
            "serveraddress": receiver.url,
            "outputsockets": [str(tmp_path / "x.sock")],
        }
        command = [sys.executable, "-m", "mig_audit", "-m", "audit"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(
                json.dumps({"class": "parameters", "parameters": parameters}).encode() + b"\n"
            )
            process.stdin.flush()
            _wait_for((tmp_path / "x.sock").exists)
            readers = [Reader(tmp_path / "x.sock") for _ in range(2)]
            _wait_for(lambda: kernel.status().enabled == 1 and kernel.rules() != before)
            workload(_NUMBERED)
            process.stdin.write(b'{"class":"stop"}\n')
            process.stdin.close()
            envelope = json.loads(process.stdout.read())
        posted = [json.loads(request.body) for request in receiver.accepted]
    Path(envelope["elements"]["raw_log"]["path"]).unlink()

    assert (envelope["success"], envelope["errors"], process.returncode) == (True, None, 0)
    assert _paths(posted) == [f"/etc/mig-audit-no-such-file-{i}" for i in range(200)]
    assert [_events(reader) for reader in readers] == [posted, posted]
    assert [sink["kind"] for sink in envelope["elements"]["sinks"]] == ["http", "unix"]
    assert {sink["delivered"] for sink in envelope["elements"]["sinks"]} == {len(posted)}
    assert [rule["outcome"] for rule in envelope["elements"]["rules"]] == ["skipped", "added", "setting"]
    assert not (tmp_path / "x.sock").exists()
