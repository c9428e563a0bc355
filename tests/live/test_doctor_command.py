"""`mig-audit doctor` on the real kernel: it tells what is there, and changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest

from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.rules import parse_rule
from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

UID = 61357
EXECVE = f"-a always,exit -F arch=b64 -S execve -F uid={UID} -k doctor"
DOCTOR = (sys.executable, "-m", "mig_audit", "doctor", "--json")


def _doctor(*prefix: str) -> tuple[dict[str, Any], int]:
    result = subprocess.run([*prefix, *DOCTOR], capture_output=True, check=False, cwd="/")
    assert result.stdout, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    assert find_problems(document, "audit.doctor.v1.schema.json") == []
    assert document["exit_code"] == result.returncode
    return document, result.returncode


def _runs() -> list[tuple[str, float]]:
    folder = Path("/run/mig-audit")
    return [(each.name, each.stat().st_mtime) for each in folder.iterdir()] if folder.exists() else []


def test_it_changes_nothing(kernel: Control) -> None:
    """Rules, status and state files are the same afterwards, and no serial number was used."""
    rule = parse_rule(EXECVE).rule.pack()
    kernel.add_rule(rule)
    before, files = Snapshot.take(kernel), _runs()

    document, code = _doctor()

    assert Snapshot.take(kernel) == before
    assert _runs() == files
    kernel.delete_rule(rule)
    assert code == 0
    assert (document["can_record"], document["stream"], document["can_configure"]) == (True, "unicast", True)
    assert document["rules"] == len(before.rules)
    assert document["status"]["backlog_limit"] == before.status.backlog_limit


def test_a_recording_run_is_named(run: Callable[..., Any]) -> None:
    """With exit code 4: another run would only read."""
    begun = run({"window": "60s", "rules": [EXECVE]})
    document, code = _doctor()
    begun.process.send_signal(signal.SIGTERM)
    assert begun.finish()["elements"]["kernel"]["restored"]

    assert code == 4
    assert [(each["pid"], each["state"]) for each in document["runs"]] == [(begun.process.pid, "recording")]
    (owner,) = [each for each in document["neighbours"] if "owner" in each["roles"]]
    assert owner["pid"] == document["status"]["pid"]


def test_a_listener_is_found_and_named(kernel: Control) -> None:  # noqa: ARG001  # the lock
    """As journald's socket would be."""
    program = (
        "import socket, sys; open('/proc/self/comm', 'w').write('systemd-journal')\n"
        "s = socket.socket(16, socket.SOCK_RAW, 9); s.bind((0, 1)); print(flush=True); sys.stdin.read()"
    )
    listener = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert listener.stdout is not None
    listener.stdout.readline()
    document, code = _doctor()
    listener.communicate()

    assert code == 0
    (found,) = [each for each in document["neighbours"] if each["pid"] == listener.pid]
    assert (found["comm"], found["roles"], found["certain"]) == ("systemd-journal", ["listener"], True)
    assert "journald" in found["says"]


def test_a_name_that_commands_a_terminal_is_shown_and_commands_none(kernel: Control) -> None:  # noqa: ARG001  # the lock
    """Nor does a newline in it end it, or begin a line of ours."""
    program = (
        "import socket, sys; open('/proc/self/comm', 'wb').write(b'\\x1b[31mA\\nok k')\n"
        "s = socket.socket(16, socket.SOCK_RAW, 9); s.bind((0, 1)); print(flush=True); sys.stdin.read()"
    )
    listener = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert listener.stdout is not None
    listener.stdout.readline()
    document, _ = _doctor()
    told = subprocess.run(DOCTOR[:-1], capture_output=True, check=False, cwd="/").stdout.decode()
    listener.communicate()

    (found,) = [each for each in document["neighbours"] if each["pid"] == listener.pid]
    assert found["comm"] == r"\x1b[31mA\x0aok k"
    assert rf"neighbour: \x1b[31mA\x0aok k (pid {listener.pid}, listener)" in told
    assert all(line.isprintable() for line in told.split("\n"))


def test_anybody_may_ask(kernel: Control) -> None:  # noqa: ARG001  # the lock
    """Exit code 3, the remedy, and what could not be seen."""
    if not os.access(sys.executable, os.X_OK) or shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    probe = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups")
    if subprocess.run(
        [*probe, sys.executable, "-c", "import mig_audit"], capture_output=True, check=False
    ).returncode:
        pytest.skip("the Python that runs the tests is where only root can read")
    document, code = _doctor(*probe)

    assert code == 3
    assert document["status"] is None
    assert document["checks"][0]["remedy"] == "run mig-audit as root, or with CAP_AUDIT_CONTROL"
    assert "unknown" in {check["state"] for check in document["checks"]}


@pytest.mark.parametrize(
    ("prefix", "code", "words"),
    [
        (("unshare", "--user", "--map-root-user"), 4, "user namespaces"),
        (("unshare", "--pid", "--fork", "--mount-proc"), 3, "pid namespace of its own"),
        (("setpriv", "--bounding-set=-audit_control"), 3, "this root has no CAP_AUDIT_CONTROL"),
    ],
)
def test_each_kind_of_container_is_told_apart(
    kernel: Control,  # noqa: ARG001  # the lock
    prefix: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    """The kernel has one errno for most of them."""
    if shutil.which(prefix[0]) is None:
        pytest.skip(f"{prefix[0]} is not installed")
    document, ended = _doctor(*prefix)

    assert ended == code
    assert words in document["checks"][0]["says"]
    assert not document["can_record"]
