"""`mig-audit run` on the real kernel, against what the tests did themselves."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import psutil
import pytest
from run_state import the_undertaking

import mig_audit
from mig_audit.modules.audit.kernel import protocol
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.rules import parse_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.kernel.control import Control

pytestmark = pytest.mark.kernel

UID = 61357
EXECVE = f"-a always,exit -F arch=b64 -S execve -F uid={UID} -k numbered-exec"
OPENAT = f"-a always,exit -F arch=b64 -S openat -F uid={UID} -k numbered-open"
CONNECT = f"-a always,exit -F arch=b64 -S connect -F uid={UID} -k numbered-connect"
GETPPID = f"-a always,exit -F arch=b64 -S getppid -F uid={UID} -k flood"
ALL_EVENTS = {"limit": 100000, "max_size": "256MiB"}

NUMBERED = """
import os, socket
for i in range(500):
    pid = os.fork()
    if not pid:
        os.execv("/bin/true", ["true", f"number {i}"])
    os.waitpid(pid, 0)
    try:
        os.close(os.open(f"/etc/mig-audit-no-such-file-{i}", os.O_RDONLY))
    except FileNotFoundError:
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", 20000 + i))
"""
FEW = """
import os
for i in range(20):
    pid = os.fork()
    if not pid:
        os.execv("/bin/true", ["true", f"number {i}"])
    os.waitpid(pid, 0)
"""
FLOOD = """
import os, time
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    for _ in range(1000):
        os.getppid()
"""

Start = Callable[..., Any]
Work = Callable[[str], None]


def _of_key(envelope: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [event for event in envelope["elements"]["events"] if key in event["details"].get("keys", [])]


def test_every_execve_open_and_connect_is_there_and_decoded(run: Start, workload: Work) -> None:
    """500 of 500 of each, with the arguments, paths and addresses that the program used."""
    begun = run({"window": "20s", "rules": [EXECVE, OPENAT, CONNECT], "events": ALL_EVENTS})
    workload(NUMBERED)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    commands = [event["details"]["argv"] for event in _of_key(envelope, "numbered-exec")]
    assert [argv for argv in commands if argv[0] == "true"] == [["true", f"number {i}"] for i in range(500)]
    opens = [event for event in _of_key(envelope, "numbered-open") if "no-such-file" in event["summary"]]
    assert [event["details"]["path"] for event in opens] == [
        f"/etc/mig-audit-no-such-file-{i}" for i in range(500)
    ]
    assert {(event["details"]["success"], event["details"]["errno"]) for event in opens} == {
        (False, "ENOENT")
    }
    connects = [event["summary"] for event in _of_key(envelope, "numbered-connect")]
    assert connects == [f"Connect: 127.0.0.1:{20000 + i}" for i in range(500)]

    assert envelope["success"]
    assert envelope["foundanything"]
    assert envelope["errors"] is None
    assert begun.code == 0
    assert envelope["elements"]["kernel"]["restored"]
    assert envelope["statistics"]["records"]["balanced"]
    assert envelope["statistics"]["loss"]["events_missing"] == {"min": 0, "max": 0, "why": ""}


@pytest.mark.smoke
def test_a_window_ends_by_itself_and_on_time(run: Start, workload: Work) -> None:
    """The envelope says when, and why."""
    started = time.monotonic()
    begun = run({"window": "4s", "rules": [EXECVE]})
    workload(FEW)
    envelope = begun.finish()

    assert time.monotonic() - started >= 4
    assert envelope["elements"]["window"]["reason"] == "window"
    assert len(_of_key(envelope, "numbered-exec")) == 21  # the program itself, and its twenty children


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_mid_window_still_gives_the_envelope(
    run: Start, workload: Work, number: signal.Signals
) -> None:
    """With what was recorded until then, and the kernel restored."""
    begun = run({"window": "60s", "rules": [EXECVE]})
    workload(FEW)
    begun.process.send_signal(number)
    envelope = begun.finish(10)

    assert envelope["elements"]["window"]["why"] == f"stopped by {number.name}"
    assert len(_of_key(envelope, "numbered-exec")) == 21
    assert envelope["elements"]["kernel"]["restored"]
    assert begun.code == 0


def test_the_kernel_is_restored_when_the_run_is_killed(run: Start, kernel: Control) -> None:
    """An agent kills its child at the deadline; the recorder is not that child."""
    before = Snapshot.take(kernel)
    begun = run({"window": "60s", "rules": [EXECVE]})
    begun.process.kill()

    limit = time.monotonic() + 5
    while Snapshot.take(kernel).rules != before.rules or kernel.status().enabled != before.status.enabled:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_the_guard_stands_in_for_a_recorder_that_was_killed(run: Start, kernel: Control) -> None:
    """The kernel is restored, and the envelope says what happened, and with which outcome for each rule."""
    begun = run({"window": "60s", "rules": [EXECVE], "kernel": {"canary": "1s"}})
    limit = time.monotonic() + 20
    while begun.log.read_bytes().count(b"op=mig-audit-canary") < 2:  # the first one opens the window
        assert time.monotonic() < limit
        time.sleep(0.01)
    os.kill(kernel.status().pid, signal.SIGKILL)
    envelope = begun.finish(20)

    assert envelope["elements"]["kernel"]["restored"]
    assert [rule["ending"] for rule in envelope["elements"]["rules"]] == ["removed"]
    assert envelope["elements"]["window"]["reason"] == "died"
    assert envelope["elements"]["window"]["ended"] is not None
    assert "the recorder was killed by SIGKILL" in envelope["errors"][0]
    assert len(envelope["errors"]) == 1
    assert envelope["success"]
    loss = envelope["statistics"]["loss"]
    assert (loss["kernel_lost"], loss["canary"]["returned"] > 0) == (0, True)
    assert loss["events_missing"]["max"] is None
    assert "the recorder was heard of for the last time" in loss["events_missing"]["why"]
    assert envelope["statistics"]["records"]["balanced"]
    assert begun.code == 1


def test_rules_that_were_there_stay(run: Start, kernel: Control) -> None:
    """One that is asked for again is not ours, and not ours to remove."""
    theirs = parse_rule(f"-a always,exit -F arch=b64 -S chmod -F uid={UID} -k theirs").rule.pack()
    kernel.add_rule(theirs)
    try:
        listed = kernel.rules()
        begun = run(
            {
                "window": "60s",
                "rules": [f"-a always,exit -F arch=b64 -S chmod -F uid={UID} -k theirs", EXECVE],
            }
        )
        envelope = begun.end()
        assert kernel.rules() == listed
    finally:
        kernel.delete_rule(theirs)

    rules = envelope["elements"]["rules"]
    assert [(rule["outcome"], rule.get("ending")) for rule in rules] == [
        ("exists", None),
        ("added", "removed"),
    ]


def test_a_rule_that_the_kernel_refuses_stops_no_other(run: Start, workload: Work) -> None:
    """It is told with the kernel's word, and the exit code is 1."""
    begun = run({"window": "60s", "rules": ["-w /no/such/folder/file -p wa -k nothing", EXECVE]})
    workload(FEW)
    envelope = begun.end()

    assert [rule["outcome"] for rule in envelope["elements"]["rules"]] == ["refused", "added"]
    assert "ENOENT" in envelope["errors"][0]
    assert "/no/such/folder/file" in envelope["errors"][0]
    assert len(_of_key(envelope, "numbered-exec")) == 21
    assert envelope["success"]
    assert begun.code == 1


_OWNER = """
import socket, sys, time
sys.path.insert(0, sys.argv[1])
from mig_audit.modules.audit.kernel import stream
owner = stream.claim(11, 1 << 20)
print("owner", flush=True)
received = 0
while True:
    try:
        owner.socket.recv(16384)
    except BlockingIOError:
        time.sleep(0.01)
"""


@pytest.fixture
def owner() -> Iterator[subprocess.Popen[bytes]]:
    """Own the audit pid in another process."""
    root = str(Path(mig_audit.__file__).resolve().parent.parent)
    process = subprocess.Popen([sys.executable, "-c", _OWNER, root], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"owner\n"
    yield process
    process.kill()
    process.communicate()


def test_beside_another_owner_multicast_takes_over(
    kernel: Control, owner: subprocess.Popen[bytes], run: Start, workload: Work
) -> None:
    """The pid is not taken, everything is recorded, and the envelope names the owner."""
    begun = run({"window": "60s", "rules": [EXECVE], "events": ALL_EVENTS})
    workload(FEW)
    assert kernel.status().pid == owner.pid
    envelope = begun.end()

    assert kernel.status().pid == owner.pid
    assert envelope["elements"]["kernel"]["stream"] == "multicast"
    assert f"pid {owner.pid}" in envelope["elements"]["kernel"]["owner"]
    assert len(_of_key(envelope, "numbered-exec")) == 21
    assert envelope["elements"]["kernel"]["restored"]
    assert envelope["errors"] is None
    assert begun.code == 0
    owner.kill()
    owner.wait()
    kernel.set(Setting.PID, 0, kernel.status().words)


def test_insisting_on_unicast_beside_another_owner_fails(
    kernel: Control, owner: subprocess.Popen[bytes], run: Start
) -> None:
    """Exit code 4, with who is in the way and what to do; nothing was touched."""
    before = kernel.rules()
    begun = run({"window": "3s", "rules": [EXECVE], "kernel": {"stream": "unicast"}}, wait=False)
    envelope = begun.finish()

    assert not envelope["success"]
    assert f"process {owner.pid} owns the audit pid" in envelope["errors"][0]
    assert begun.code == 4
    assert kernel.rules() == before
    assert not begun.log.exists()
    owner.kill()
    owner.wait()
    kernel.set(Setting.PID, 0, kernel.status().words)


def test_ausearch_reads_the_raw_log_and_counts_the_same_events(run: Start, workload: Work) -> None:
    """auditd's own reader has no complaint about it."""
    if shutil.which("ausearch") is None:
        pytest.skip("ausearch is not installed (make test-tools)")
    begun = run({"window": "20s", "rules": [EXECVE, OPENAT, CONNECT]})
    workload(NUMBERED)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    result = subprocess.run(["ausearch", "-if", str(begun.log), "-i"], capture_output=True, check=False)
    assert result.stderr == b""
    stamps = set(re.findall(rb"msg=audit\(([^)]*)\)", result.stdout))
    assert len(stamps) == envelope["statistics"]["events"]["total"]
    assert len(begun.log.read_bytes().splitlines()) == envelope["elements"]["raw_log"]["records"]


def test_a_flood_ends_on_time_in_bounded_memory_and_is_not_silent(run: Start, workload: Work) -> None:
    """Two programs in a tight loop: what was lost is told, and the kernel is restored in time."""
    begun = run({"window": "5s", "drain": "5s", "rules": [GETPPID], "raw_log": {"max_size": "256MiB"}})
    started = time.monotonic()
    flood = [threading.Thread(target=workload, args=(FLOOD.format(seconds=6),)) for _ in range(2)]
    for thread in flood:
        thread.start()
    peak = _watch_memory(begun.process, 12)
    envelope = begun.finish()
    took = time.monotonic() - started
    for thread in flood:
        thread.join()

    assert took < 5 + 5 + 4
    assert 20 << 20 < peak < 64 << 20
    assert envelope["elements"]["kernel"]["restored"]
    assert envelope["statistics"]["records"]["balanced"]
    loss, records = envelope["statistics"]["loss"], envelope["statistics"]["records"]
    told = loss["kernel_lost"] or loss["serial_gap"] or records["unprocessed"] or records["unwritten"]
    assert bool(told) == bool(envelope["errors"])
    assert begun.code == (1 if told else 0)


def _watch_memory(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Return the peak, in bytes, of what the processes of the run have together, until it ends."""
    guard = the_undertaking().guard.pid
    peak, limit = 0, time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < limit:
        children = [each.pid for each in _children(process.pid)]
        peak = max(peak, sum(map(_share, (process.pid, guard, *children))))
        time.sleep(0.05)
    return peak


def _share(pid: int) -> int:
    """Return the memory of a process (its Pss): of what it shares with others, its share."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    match = re.search(r"^Pss:\s+([0-9]+) kB", rollup, re.MULTILINE)
    return int(match[1]) << 10 if match else 0


def _children(pid: int) -> list[Any]:
    try:
        return list(psutil.Process(pid).children())
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 256 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", place], check=False
    ).returncode:
        pytest.skip("cannot mount a tmpfs here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_ends_the_window_in_order(run: Start, workload: Work, small_disk: Path) -> None:
    """Whole records up to the end, the reason, and a restored kernel."""
    log = small_disk / "raw.log"
    parameters = {"window": "30s", "rules": [GETPPID], "raw_log": {"path": str(log)}}
    begun = run({**parameters, "limits": {"free_disk": "0B"}})
    workload(FLOOD.format(seconds=1))
    envelope = begun.finish(20)

    assert envelope["elements"]["window"]["reason"] == "raw-log"
    assert any("ENOSPC" in error and "free space" in error for error in envelope["errors"])
    assert envelope["elements"]["kernel"]["restored"]
    assert envelope["statistics"]["records"]["unwritten"] > 0
    assert envelope["statistics"]["records"]["balanced"]
    _assert_loss_is_told(envelope)
    assert log.read_bytes().endswith(b"\n")
    assert begun.code == 1


def test_a_raw_log_at_its_bound_ends_the_window(run: Start, workload: Work) -> None:
    """It never exceeds it."""
    begun = run({"window": "30s", "rules": [GETPPID], "raw_log": {"max_size": "64KiB"}})
    workload(FLOOD.format(seconds=1))
    envelope = begun.finish(20)

    assert envelope["elements"]["window"]["reason"] == "raw-log"
    assert begun.log.stat().st_size <= 64 << 10
    _assert_loss_is_told(envelope)
    assert begun.code == 1


def _assert_loss_is_told(envelope: dict[str, Any]) -> None:
    """See that events are known to be missing where their records could not be written: each of these is one record."""
    missing, records = envelope["statistics"]["loss"]["events_missing"], envelope["statistics"]["records"]
    assert 0 < missing["min"] <= missing["max"]
    assert records["unwritten"] // 3 <= missing["max"]
    assert missing["why"].startswith(f"{records['unwritten']} records came and could not be written")


def test_an_agents_message_is_answered_in_migs_way(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """No newline, then the end of stdin: one object on stdout, no newline, exit code 0."""
    parameters = {"window": "1s", "rules": [EXECVE], "raw_log": {"path": str(tmp_path / "raw.log")}}
    message = json.dumps({"class": "parameters", "parameters": parameters}).encode()
    result = subprocess.run(
        [sys.executable, "-m", "mig_audit", "-m", "audit"], input=message, capture_output=True, check=False
    )

    envelope = json.loads(result.stdout)
    assert list(envelope) == ["foundanything", "success", "elements", "statistics", "errors"]
    assert envelope["success"]
    assert not result.stdout.endswith(b"\n")
    assert result.returncode == 0


def test_an_agents_stop_message_ends_the_window(kernel: Control, tmp_path: Path) -> None:
    """It still answers."""
    parameters = {"window": "60s", "rules": [EXECVE], "raw_log": {"path": str(tmp_path / "raw.log")}}
    message = json.dumps({"class": "parameters", "parameters": parameters}).encode()
    process = subprocess.Popen(
        [sys.executable, "-m", "mig_audit", "-m", "audit"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(message + b"\n")
    process.stdin.flush()
    limit = time.monotonic() + 20
    while kernel.status().enabled != 1:
        assert time.monotonic() < limit
        time.sleep(0.01)
    process.stdin.write(b'{"class":"stop"}\n')
    stdout, _ = process.communicate(timeout=20)

    envelope = json.loads(stdout)
    assert envelope["elements"]["window"]["why"] == "stopped by stop message"
    assert envelope["elements"]["kernel"]["restored"]
    assert process.returncode == 0


def _without(capabilities: str, folder: Path) -> tuple[dict[str, Any], int]:
    """Run as root without some capabilities."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    parameters = {"window": "1s", "rules": [EXECVE], "raw_log": {"path": str(folder / "raw.log")}}
    command = ["setpriv", f"--bounding-set={capabilities}", sys.executable, "-m", "mig_audit", "run", "-"]
    result = subprocess.run(command, input=json.dumps(parameters).encode(), capture_output=True, check=False)
    return json.loads(result.stdout), result.returncode


def test_without_the_capability_the_error_names_it(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """Exit code 3, one sentence, and no file left."""
    envelope, code = _without("-audit_control", tmp_path)

    assert code == 3
    assert len(envelope["errors"]) == 1
    assert "CAP_AUDIT_CONTROL" in envelope["errors"][0]
    assert envelope["elements"] is None
    assert list(tmp_path.iterdir()) == []


def test_without_net_admin_the_buffer_is_smaller_and_the_run_goes_on(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """The envelope says how large it is, and what would help."""
    envelope, code = _without("-net_admin", tmp_path)

    assert code == 1
    assert "CAP_NET_ADMIN" in " ".join(envelope["errors"])
    assert 0 < envelope["elements"]["kernel"]["receive_buffer"] < 16 << 20


def test_in_a_user_namespace_the_kernel_hides_audit_and_that_is_said(kernel: Control, tmp_path: Path) -> None:  # noqa: ARG001  # the lock
    """Exit code 4, as in a container."""
    parameters = {"window": "1s", "rules": [EXECVE], "raw_log": {"path": str(tmp_path / "raw.log")}}
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-m", "mig_audit", "run", "-"]
    result = subprocess.run(command, input=json.dumps(parameters).encode(), capture_output=True, check=False)

    assert result.returncode == 4, result.stderr
    assert "namespace" in json.loads(result.stdout)["errors"][0]


def test_auditd_keeps_its_pid_and_gets_its_records(
    kernel: Control, auditd: Path, run: Start, workload: Work
) -> None:
    """Both have every event of the window; the envelope names auditd."""
    owner = kernel.status().pid
    begun = run({"window": "60s", "rules": [EXECVE], "events": ALL_EVENTS})
    workload(FEW)
    envelope = begun.end()

    assert kernel.status().pid == owner
    assert envelope["elements"]["kernel"]["owner"] == f"auditd (pid {owner})"
    (named,) = [each for each in envelope["elements"]["kernel"]["neighbours"] if each["pid"] == owner]
    assert (named["comm"], named["roles"]) == ("auditd", ["owner", "socket"])
    assert envelope["elements"]["kernel"]["restored"]
    assert len(_of_key(envelope, "numbered-exec")) == 21
    theirs = [
        line
        for line in auditd.read_bytes().splitlines()
        if b"type=SYSCALL" in line and b"numbered-exec" in line
    ]
    assert len(theirs) == 21
    assert begun.code == 0


def _log_as_a_program(text: bytes) -> None:
    """Send a message from user space (AUDIT_USER_LOGIN), as sshd does."""
    payload = text + b"\0"
    header = protocol.HEADER.pack(protocol.HEADER.size + len(payload), 1112, 1, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol.NETLINK_AUDIT) as sock:
        sock.sendto(header + payload, (0, 0))


def test_a_program_cannot_forge_a_record(run: Start) -> None:
    """A newline in its message stays a part of that message, in the raw log and in the event."""
    forged = b'type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=59 success=yes exit=0 key="forged"'
    begun = run({"window": "30s", "rules": [EXECVE]})
    _log_as_a_program(b'op=login acct="root" res=failed\n' + forged + b'\x1dUID="nobody"')
    time.sleep(0.5)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    (event,) = [
        event for event in envelope["elements"]["events"] if event["details"]["recordtypes"] == ["USER_LOGIN"]
    ]
    assert event["category"] == "session"
    assert not _of_key(envelope, "forged")
    lines = begun.log.read_bytes().splitlines()
    assert len(lines) == envelope["elements"]["raw_log"]["records"]
    (line,) = [line for line in lines if b"USER_LOGIN" in line]
    assert bytes.fromhex(line.rpartition(b"MIG_RAW=")[2].decode()).endswith(forged + b'\x1dUID="nobody"\'')
    assert envelope["statistics"]["records"]["balanced"]
    assert begun.code == 0


def test_events_can_have_the_form_of_audisp_json(run: Start, workload: Work) -> None:
    """They are texts then, and what it prints nothing of is counted."""
    events = {**ALL_EVENTS, "format": "audisp-json"}
    begun = run({"window": "20s", "rules": [EXECVE, CONNECT], "events": events})
    workload(FEW + "import socket\nsocket.socket(type=socket.SOCK_DGRAM).connect(('127.0.0.1', 20000))\n")
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    lines = [line for line in envelope["elements"]["events"] if '"auditkey": "numbered-exec"' in line]
    summaries = [json.loads(line)["summary"] for line in lines]
    assert [summary for summary in summaries if summary.startswith("Execve: true")] == [
        f"Execve: true number {i}" for i in range(20)
    ]
    assert envelope["statistics"]["events"]["unrepresented"] >= 1
    assert envelope["statistics"]["records"]["balanced"]
    assert begun.code == 0
