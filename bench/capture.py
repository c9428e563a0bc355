#!/usr/bin/env python3
"""Capture a corpus from the live kernel: several processes of one user do varied things, and every record is kept.

Needs root and a free audit pid. Rules are restricted to one user id that nobody has, the processes are slowed down
where the kernel's queue is full (so that nothing is lost), and everything is put back. No record is made up or
repeated.

    python bench/capture.py corpus.log [--records 300000] [--processes 6]

A million records are about 220 MB, and take a minute or so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from workload import user_messages

from mig_audit.modules.audit.kernel import protocol
from mig_audit.modules.audit.recorder import rawlog
from mig_audit.modules.audit.recorder.client import RecorderProcess
from mig_audit.modules.audit.recorder.plan import Plan
from mig_audit.modules.audit.rules import parse_rule

_UID = 61357
_RULES = (
    "-S openat,creat -k open",
    "-S rename,renameat,renameat2,link,linkat,symlink,symlinkat -k rename",
    "-S unlink,unlinkat,rmdir,mkdir,mkdirat,chdir -k folder",
    "-S chmod,fchmodat,chown,fchownat -k attributes",
    "-S execve,execveat -k exec",
    "-S connect -k network",
    "-S kill -k signal",
    "-S setuid,setresuid -k identity",
)
_FOLDER = "/tmp"  # noqa: S108 - the workload makes folders of its own in it, under random names
_RUN_ID = os.urandom(8).hex()
_LONGEST = 600.0  # seconds


def _plan() -> Plan:
    rules = (f"-a always,exit -F arch=b64 {rule} -F uid={_UID}" for rule in _RULES)
    return Plan(
        rules=tuple(parse_rule(rule).rule.pack() for rule in rules),
        own_rules=(),
        run_id=_RUN_ID,
        window=_LONGEST,
        canary=0,
        stream="unicast",
        receive_buffer=64 << 20,
        max_log_size=8 << 30,
        backlog_limit=65536,
        rate_limit=None,
        failure=None,
        wait_time=None,
    )


def _start(processes: int) -> list[subprocess.Popen[bytes]]:
    """Start the workload on the system's Python: ours may be where only root can read."""
    python = shutil.which("python3", path="/usr/bin:/bin")
    if python is None:
        raise SystemExit("there is no python3 in /usr/bin that every user can run")
    program = (Path(__file__).parent / "workload.py").read_bytes()
    started = []
    for number in range(processes):
        command = [python, "-I", "-S", "-", str(number)]
        environment = {"TMPDIR": _FOLDER, "PATH": "/usr/bin:/bin"}
        worker = subprocess.Popen(
            command, stdin=subprocess.PIPE, user=_UID, group=_UID, extra_groups=[], cwd="/", env=environment
        )
        assert worker.stdin is not None  # noqa: S101 - it was asked for
        worker.stdin.write(program)
        worker.stdin.close()
        started.append(worker)
    return started


def _send_messages(sock: socket.socket, number: int) -> None:
    for kind, text in user_messages(number):
        payload = text.encode() + b"\0"
        size = protocol.HEADER.size + len(payload)
        sock.sendto(protocol.HEADER.pack(size, kind, protocol.NLM_F_REQUEST, number, 0) + payload, (0, 0))


def _record(recorder: RecorderProcess, records: int, processes: int) -> None:
    """Let the workload run until there are enough records."""
    while recorder.ready is None and not recorder.gone:
        recorder.listen(1)
    fault = recorder.ready.error if recorder.ready else recorder.failure
    if fault:
        raise SystemExit(f"nothing can be recorded: {fault}")
    workers = _start(processes)
    number = 0
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol.NETLINK_AUDIT) as sock:
            while not recorder.gone and (recorder.progress is None or recorder.progress.received < records):
                recorder.listen(0)
                _send_messages(sock, number)
                number += 1
                time.sleep(0.002)
                if any(worker.poll() is not None for worker in workers):
                    raise SystemExit("a process of the workload ended early")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path, help="a file that does not exist yet")
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--processes", type=int, default=6)
    options = parser.parse_args()
    log = rawlog.create(options.log)
    began = time.monotonic()
    recorder = RecorderProcess.start(log, _RUN_ID)
    recorder.send(_plan())
    try:
        _record(recorder, options.records, options.processes)
    finally:
        recorder.stop()
        recorder.farewell()
        os.close(log)
        _clean(Path(_FOLDER))
    ended, restoration = recorder.ended, recorder.restoration
    if ended is None or restoration is None or not restoration.restored:
        print(f"capture: NOT put back: {recorder.failure}, {restoration}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - began
    print(f"{options.log}: {ended.written} records, {ended.size} bytes, {seconds:.0f} s, kernel restored")
    return 0


def _clean(folder: Path) -> None:
    for left in folder.glob("bench-*-*"):
        if left.is_dir() and left.stat().st_uid == _UID:
            shutil.rmtree(left)


if __name__ == "__main__":
    sys.exit(main())
