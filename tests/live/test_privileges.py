"""What each process of a run may do on the real kernel: seen from outside while it records, and tried from within."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import denied
import pytest

from mig_audit.capabilities import Capability
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import Snapshot

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control
    from mig_audit.modules.audit.kernel.journal import Undertaking

pytestmark = pytest.mark.kernel

UID = 61357
EXECVE = f"-a always,exit -F arch=b64 -S execve -F uid={UID} -k privileges"
RULES = {Capability.AUDIT_CONTROL, Capability.DAC_READ_SEARCH}
RECORDER = {*RULES, Capability.AUDIT_WRITE}

Start = Callable[..., Any]


class Sets(NamedTuple):
    """The capabilities of one thread."""

    inheritable: int
    permitted: int
    effective: int
    bounding: int


def _threads(pid: int) -> list[Sets]:
    return [_sets(task / "status") for task in Path(f"/proc/{pid}/task").iterdir()]


def _sets(status: Path) -> Sets:
    fields = dict(line.split(":\t") for line in status.read_text().splitlines())
    return Sets(*(int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd")))


def _only(*wanted: Capability) -> Sets:
    """Return the sets of a thread that kept these of what this process has, and no way to others."""
    mask = sum(1 << each for each in wanted) & _sets(Path("/proc/self/status")).permitted
    return Sets(0, mask, mask, 0)


def _names(*wanted: Capability) -> list[str]:
    return [f"CAP_{each.name}" for each in sorted(wanted)]


def _undertaking() -> Undertaking:
    with Runs() as runs:
        (undertaking,) = runs.undertakings()
    return undertaking


def test_in_the_window_each_process_may_do_what_it_has_to(run: Start, tmp_path: Path) -> None:
    """The parser and every thread of a sink have no power over audit, and the result says what was seen."""
    sinks = [
        {"type": "http", "url": "http://127.0.0.1:9/"},
        {"type": "unix", "mode": "listen", "path": str(tmp_path / "s")},
    ]
    begun = run({"window": "60s", "rules": [EXECVE], "sinks": sinks, "drain": "0s"})
    undertaking = _undertaking()
    threads = _threads(begun.process.pid)
    recorder, guard = _threads(undertaking.recorder.pid), _threads(undertaking.guard.pid)
    begun.process.send_signal(signal.SIGTERM)
    told = begun.finish()["elements"]["privileges"]

    assert len(threads) >= 3
    assert set(threads) == {_only(Capability.DAC_READ_SEARCH)}
    assert recorder == [_only(*RECORDER)]
    assert guard == [_only(*RULES)]
    assert told == {
        "main": {"capabilities": _names(Capability.DAC_READ_SEARCH), "no_new_privileges": True},
        "recorder": {"capabilities": _names(*RECORDER), "no_new_privileges": True},
        "guard": {"capabilities": _names(*RULES), "no_new_privileges": True},
        "why": "",
    }


def test_what_is_asked_for_decides_what_is_kept(run: Start, tmp_path: Path) -> None:
    """To enrich is to look at others' processes, and a collector's socket is the collector's."""
    parameters = {
        "window": "60s",
        "rules": [EXECVE],
        "enrich": {},
        "sinks": [{"type": "unix", "path": str(tmp_path / "nobody")}],
        "drain": "0s",
    }
    told = run(parameters).end()["elements"]["privileges"]

    main = {Capability.DAC_OVERRIDE, Capability.DAC_READ_SEARCH, Capability.SYS_PTRACE}
    assert told["main"]["capabilities"] == _names(*main)
    assert told["recorder"]["capabilities"] == _names(*RECORDER)


def test_under_an_agent_no_thread_is_left_out(kernel: Control, tmp_path: Path) -> None:
    """Not even the one that waits for the agent's stop message, which was there before."""
    document = {"window": "60s", "rules": [EXECVE], "raw_log": {"path": str(tmp_path / "raw.log")}}
    command = [sys.executable, "-m", "mig_audit", "-m", "audit"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(json.dumps({"class": "parameters", "parameters": document}).encode() + b"\n")
    process.stdin.flush()
    _wait_until_open(kernel)
    threads = _threads(process.pid)
    answer, _ = process.communicate(b'{"class":"stop"}\n', timeout=30)

    assert sorted(threads) == sorted([_only(), _only(Capability.DAC_READ_SEARCH)])
    assert json.loads(answer)["elements"]["kernel"]["restored"]


# Its main process tries to change audit when it gets SIGUSR1: handlers run in the thread that parses records.
_TRIES = """
import signal, sys
from pathlib import Path
from mig_audit.cli import main
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.status import Setting

def attempt(*_):
    with Control.open() as control:
        try:
            control.set(Setting.ENABLED, 0, 11)
            told = "done"
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
    Path(sys.argv[1]).write_text(told)

signal.signal(signal.SIGUSR1, attempt)
sys.exit(main(sys.argv[2:]))
"""


def test_the_main_process_cannot_change_audit_and_the_kernel_is_restored(
    kernel: Control, tmp_path: Path
) -> None:
    """Not even when it tries, nor when the recorder is dead and somebody has to."""
    before = Snapshot.take(kernel)
    told, result = tmp_path / "told", tmp_path / "result.json"
    log = {"path": str(tmp_path / "raw.log")}
    document = {"window": "60s", "rules": [EXECVE], "raw_log": log, "kernel": {"canary": "1s"}}
    (tmp_path / "params.json").write_text(json.dumps(document))
    arguments = [str(told), "run", "-o", str(result), str(tmp_path / "params.json")]
    process = subprocess.Popen([sys.executable, "-c", _TRIES, *arguments], stderr=subprocess.DEVNULL)
    _wait_until_begun(Path(log["path"]))
    process.send_signal(signal.SIGUSR1)
    _wait(lambda: told.exists() and told.read_text() != "")

    assert told.read_text().startswith("NotPermittedError: setting enabled to 0: EPERM")
    assert kernel.status().enabled == 1
    os.kill(kernel.status().pid, signal.SIGKILL)
    process.wait(timeout=30)
    elements = json.loads(result.read_text())["elements"]
    assert elements["kernel"]["restored"]
    after = Snapshot.take(kernel)
    assert (after.rules, after.status.enabled) == (before.rules, before.status.enabled)


@pytest.mark.parametrize("killed", [False, True], ids=["recorder", "guard"])
def test_rules_for_paths_that_only_their_owner_can_reach(
    run: Start, kernel: Control, tmp_path: Path, *, killed: bool
) -> None:
    """The kernel looks them up with the rights of who adds and deletes them."""
    before = kernel.rules()
    folder = tmp_path / "theirs" / "private"
    folder.mkdir(parents=True)
    shutil.copy("/bin/true", folder / "program")
    for path in (folder / "program", folder, folder.parent):
        os.chown(path, UID, UID)
        path.chmod(0o700)
    rules = [
        f"-w {folder}/file -p wa",
        f"-a always,exit -F arch=b64 -S execve -F exe={folder}/program",
        f"-a always,exit -F arch=b64 -S openat -F dir={folder} -F perm=r",
    ]
    begun = run({"window": "60s", "rules": rules, "kernel": {"canary": "1s"}})
    if killed:
        _wait_until_begun(begun.log)
        os.kill(_undertaking().recorder.pid, signal.SIGKILL)
    elements = (begun.finish() if killed else begun.end())["elements"]

    assert [(rule["outcome"], rule["ending"]) for rule in elements["rules"]] == [("added", "removed")] * 3
    assert elements["kernel"]["restored"]
    assert kernel.rules() == before


@pytest.mark.parametrize(("mode", "kept"), [(0o755, []), (0o1777, [Capability.FOWNER])])
def test_the_result_can_be_put_into_another_users_folder(
    kernel: Control,  # noqa: ARG001  # the lock
    tmp_path: Path,
    mode: int,
    kept: list[Capability],
) -> None:
    """In place of a file of theirs, complete, with mode 0600."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    target = folder / "result.json"
    target.write_text("old")
    for path in (target, folder):
        os.chown(path, UID, UID)
    folder.chmod(mode)
    log = {"path": str(tmp_path / "raw.log")}
    command = [sys.executable, "-m", "mig_audit", "run", "-o", str(target), "-"]
    document = json.dumps({"window": "100ms", "rules": [EXECVE], "raw_log": log}).encode()
    result = subprocess.run(command, input=document, capture_output=True, check=False, cwd="/")

    assert result.returncode == 0, result.stderr
    told = json.loads(target.read_text())["elements"]["privileges"]
    needed = {Capability.DAC_OVERRIDE, Capability.DAC_READ_SEARCH, *kept}
    assert told["main"]["capabilities"] == _names(*needed)
    assert target.stat().st_mode & 0o7777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["result.json"]


@pytest.mark.skipif(
    platform.machine() not in denied.CAPSET, reason="the number of capset(2) here is not known"
)
def test_where_nothing_can_be_given_up_that_is_said(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """A container whose seccomp filter denies it is recorded all the same."""
    log = {"path": str(tmp_path / "raw.log")}
    command = [sys.executable, denied.PROGRAM, sys.executable, "-m", "mig_audit", "run", "-"]
    document = json.dumps({"window": "100ms", "rules": [EXECVE], "raw_log": log}).encode()
    result = subprocess.run(command, input=document, capture_output=True, check=False, cwd="/")

    assert result.returncode == 0, result.stderr
    elements = json.loads(result.stdout)["elements"]
    told = elements["privileges"]
    assert told["why"] == "capset: EPERM (Operation not permitted)"
    assert [told[name]["no_new_privileges"] for name in ("main", "recorder", "guard")] == [True] * 3
    assert "CAP_AUDIT_CONTROL" in told["main"]["capabilities"]
    assert elements["kernel"]["restored"]


def test_a_user_who_is_lent_capabilities_can_record(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """As a service's ambient ones; one that must write to root's folder keeps what that takes."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    os.chown(tmp_path, UID, UID)
    lent = "+audit_control,+audit_write,+audit_read,+net_admin,+dac_read_search,+sys_ptrace,+dac_override"
    user = [
        f"--reuid={UID}",
        f"--regid={UID}",
        "--clear-groups",
        f"--inh-caps={lent}",
        f"--ambient-caps={lent}",
    ]
    log = {"path": str(tmp_path / "raw.log")}
    document = json.dumps({"window": "100ms", "rules": [EXECVE], "raw_log": log}).encode()
    command = ["setpriv", *user, sys.executable, "-m", "mig_audit", "run", "-"]
    result = subprocess.run(command, input=document, capture_output=True, check=False, cwd="/")

    assert result.returncode == 0, (result.stdout, result.stderr)
    elements = json.loads(result.stdout)["elements"]
    told = elements["privileges"]
    assert told["main"]["capabilities"] == _names(Capability.DAC_READ_SEARCH)
    assert told["recorder"]["capabilities"] == _names(Capability.DAC_OVERRIDE, *RECORDER)
    assert told["guard"]["capabilities"] == _names(Capability.DAC_OVERRIDE, *RULES)
    assert elements["kernel"]["restored"]


@pytest.mark.parametrize(
    ("capability", "words", "path"),
    [
        ("audit_write", "no canary could be sent", "refused"),
        ("net_admin", "without CAP_NET_ADMIN it is bounded by net.core.rmem_max", "alive"),
    ],
)
def test_without_a_capability_a_run_goes_on_and_says_what_it_lacks(
    kernel: Control,  # noqa: ARG001  # the lock
    tmp_path: Path,
    capability: str,
    words: str,
    path: str,
) -> None:
    """As root in a container: exit code 1, and one error that names the capability."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    log = {"path": str(tmp_path / "raw.log")}
    document = {
        "window": "100ms",
        "rules": [EXECVE],
        "raw_log": log,
        "kernel": {"receive_buffer": "64MiB"},
    }
    command = ["setpriv", f"--bounding-set=-{capability}", sys.executable, "-m", "mig_audit", "run", "-"]
    result = subprocess.run(
        command, input=json.dumps(document).encode(), capture_output=True, check=False, cwd="/"
    )

    assert result.returncode == 1, result.stderr
    envelope = json.loads(result.stdout)
    (error,) = envelope["errors"]
    assert words in error
    assert f"CAP_{capability.upper()}" in error
    assert envelope["success"]
    assert envelope["statistics"]["loss"]["canary"]["path"] == path
    assert envelope["elements"]["kernel"]["restored"]


def _wait(condition: Callable[[], bool], seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.01)


def _wait_until_open(kernel: Control) -> None:
    _wait(lambda: kernel.status().enabled == 1)


def _wait_until_begun(log: Path) -> None:
    """Wait for the second canary: the first one opens the window, of which the main process hears only then."""
    _wait(lambda: log.exists() and log.read_bytes().count(b"op=mig-audit-canary") >= 2)
