"""Action files and the persistent process on the real kernel."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, cast

import pytest
from waiting import until

from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel
pytest_plugins = ["heeded"]

UID = 61357
EXECVE = f"-a always,exit -F arch=b64 -S execve -F uid={UID} -k exec"
PROGRAM = "import os; os.execv('/bin/true', ['true', 'hello'])"
MIG_AUDIT = (sys.executable, "-m", "mig_audit")
Work = Callable[[str], str]


def _parameters(folder: Path, name: str, **more: object) -> dict[str, object]:
    return {"window": "60s", "rules": [EXECVE], "raw_log": {"path": str(folder / f"{name}.log")}, **more}


def _state(kernel: Control) -> tuple[object, ...]:
    now = Snapshot.take(kernel)
    return (now.rules, *(now.status.setting(setting) for setting in Setting))


def _is_open(log: object) -> bool:
    """Say whether the canary that opens the window has come back."""
    path = Path(str(log))
    return path.exists() and b"op=mig-audit-canary" in path.read_bytes()


def _checked(envelope: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    assert find_problems(envelope, "audit.results.v1.schema.json") == []
    return cast("dict[str, Any]", envelope)


def _commands(envelope: dict[str, Any]) -> list[str]:
    return [event["details"].get("command", "") for event in envelope["elements"]["events"]]


@pytest.mark.usefixtures("signals_heeded")
def test_each_operation_of_an_action_records_its_window(
    kernel: Control, workload: Work, tmp_path: Path
) -> None:
    """One after the other; a signal ends the second in order, and the third is not run."""
    before = _state(kernel)
    first, second = _parameters(tmp_path, "1", limits={"events": 2}), _parameters(tmp_path, "2")
    packed = base64.b64encode(gzip.compress(json.dumps(second).encode())).decode()
    operations = [
        {"module": "audit", "parameters": first},
        {"module": "audit", "parameters": packed, "is_compressed": True},
        {"module": "audit", "parameters": _parameters(tmp_path, "3")},
    ]
    process = subprocess.Popen(
        [*MIG_AUDIT, "-i", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"operations": operations}).encode())
    process.stdin.close()
    process.stdin = None
    until(lambda: _is_open(tmp_path / "1.log"))
    workload(PROGRAM)
    until(lambda: _is_open(tmp_path / "2.log"))
    workload(PROGRAM)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)

    one, two, three = json.loads(stdout)
    assert _checked(one)["elements"]["window"]["reason"] == "events"
    assert _checked(two)["elements"]["window"]["why"] == "stopped by SIGINT"
    for each in (one, two):
        assert each["success"]
        assert "true hello" in _commands(each)
        assert each["elements"]["kernel"]["restored"]
        assert each["elements"]["privileges"]["main"]["capabilities"] == ["CAP_DAC_READ_SEARCH"]
    assert three["errors"] == ["not run: stopped by SIGINT before its turn came: nothing was done"]
    assert process.returncode == 1
    assert not (tmp_path / "3.log").exists()
    assert _state(kernel) == before


class _Agent:
    """An agent with a persistent process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [*MIG_AUDIT, "-P", "audit"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/"
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self._stdout = self.process.stdin, self.process.stdout
        self.address = self.next("register")["parameters"]["sockpath"]

    def next(self, kind: str) -> dict[str, Any]:
        """Return the next message of a class."""
        while True:
            message = json.loads(self._stdout.readline())
            if message["class"] == kind:
                return cast("dict[str, Any]", message)

    def query(self, parameters: object) -> subprocess.Popen[bytes]:
        """Start a query, as an agent does."""
        process = subprocess.Popen(
            [*MIG_AUDIT, "-m", "audit"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        message = {"class": "parameters", "parameters": parameters, "persistsock": self.address}
        assert process.stdin is not None
        process.stdin.write(json.dumps(message).encode())
        process.stdin.close()
        process.stdin = None
        return process


@pytest.fixture
def agent(kernel: Control) -> Iterator[_Agent]:
    """Have one, and end it."""
    assert kernel.status().pid == 0
    agent = _Agent()
    yield agent
    agent.process.kill()
    agent.process.communicate()


def _envelope(query: subprocess.Popen[bytes]) -> dict[str, Any]:
    stdout, stderr = query.communicate(timeout=60)
    assert (query.returncode, stderr) == (0, b"")
    return _checked(json.loads(stdout))


def test_the_end_of_the_agent_ends_a_window_in_order(
    kernel: Control, agent: _Agent, workload: Work, tmp_path: Path
) -> None:
    """Pings are answered until then, whoever asked has the findings, and the kernel is as it was."""
    before = _state(kernel)
    query = agent.query(_parameters(tmp_path, "1"))
    until(lambda: _is_open(tmp_path / "1.log"))
    workload(PROGRAM)
    agent.stdin.write(b'{"class":"ping"}\n')
    agent.stdin.flush()
    assert agent.next("ping") == {"class": "ping"}
    assert _state(kernel) != before
    agent.stdin.close()
    agent.process.stdin = None

    envelope = _envelope(query)
    assert envelope["success"]
    assert envelope["elements"]["window"]["why"] == "stopped by the end of the agent's messages"
    assert "true hello" in _commands(envelope)
    assert envelope["elements"]["kernel"]["restored"]
    assert envelope["elements"]["privileges"]["main"]["capabilities"] == ["CAP_DAC_READ_SEARCH"]
    alert = json.loads(agent.next("alert")["parameters"]["message"])
    assert (alert["module"], alert["foundanything"], alert["errors"]) == ("audit", True, None)
    assert alert["statistics"]["totalhits"] == envelope["statistics"]["totalhits"]
    assert agent.process.wait(60) == 0
    assert _state(kernel) == before


@pytest.mark.parametrize("who", ["client", "persistent", "both", "run"])
def test_the_kernel_is_restored_whoever_is_killed(
    kernel: Control, agent: _Agent, tmp_path: Path, who: str
) -> None:
    """The agent kills the client at its deadline, and the persistent process if it misses a ping."""
    before = _state(kernel)
    query = agent.query(_parameters(tmp_path, "1"))
    run = int(agent.next("log")["parameters"]["message"].split()[-1])
    until(lambda: _is_open(tmp_path / "1.log"))
    assert _state(kernel) != before
    if who in {"client", "both"}:
        query.kill()
    if who in {"persistent", "both"}:
        agent.process.kill()
    if who == "run":
        os.kill(run, signal.SIGKILL)
    stdout, _ = query.communicate(timeout=60)
    until(lambda: _state(kernel) == before)

    if who == "persistent":
        assert "ended before it answered" in json.loads(stdout)["errors"][0]
    if who == "run":
        assert "was killed by SIGKILL before it answered" in json.loads(stdout)["errors"][0]
    until(lambda: not Path(f"/proc/{run}").exists())


def test_migs_own_configuration_is_a_window_for_queries_without_parameters(
    kernel: Control, agent: _Agent, workload: Work, tmp_path: Path
) -> None:
    """Which is how MIG's investigators ask."""
    before = _state(kernel)
    rules = tmp_path / "audit.rules"
    rules.write_text(EXECVE)
    configuration = {"audit": {"rulespath": str(rules), "ratelimit": 0, "backloglimit": 16384}}
    message = {"class": "config", "parameters": {"config": configuration, "hostname": "h"}}
    agent.stdin.write(json.dumps(message).encode() + b"\n")
    agent.stdin.flush()
    assert "runs the configured parameters" in agent.next("log")["parameters"]["message"]
    logs = Path("/var/log/mig-audit")
    others = set(logs.glob("*.log"))
    query = agent.query({})
    until(lambda: any(map(_is_open, set(logs.glob("*.log")) - others)))
    workload(PROGRAM)
    query.terminate()

    envelope = _envelope(query)
    log = Path(envelope["elements"]["raw_log"]["path"])
    log.unlink()
    assert "true hello" in _commands(envelope)
    assert envelope["elements"]["window"]["why"] == "stopped by stop message"
    assert envelope["elements"]["kernel"]["during"]["backlog_limit"] == 16384
    assert _state(kernel) == before
