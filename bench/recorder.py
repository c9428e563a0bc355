#!/usr/bin/env python3
"""Measure whether the recorder is ever late: as a process of its own, and as a thread beside the parser.

Two programs call getppid(2) in a tight loop while the main process parses, correlates and decodes what is recorded, as
in a run. Needs root and a free audit pid; rules are restricted to one user id, and everything is put back.

    python bench/recorder.py [--seconds 5] [--rounds 3]

Prints, for each way and round: records received, what the kernel lost, socket overruns, and the CPU of the reader per
record in microseconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from mig_audit.modules.audit.events import HostNames, Origin
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.kernel import stream
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.loading import add_rules
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot, release, restore
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.modules.audit.recorder import rawlog
from mig_audit.modules.audit.recorder.client import RecorderProcess
from mig_audit.modules.audit.recorder.drain import Drain
from mig_audit.modules.audit.recorder.plan import Plan
from mig_audit.modules.audit.recorder.tail import Tail
from mig_audit.modules.audit.rules import parse_rule

_UID = 61357
_RULE = f"-a always,exit -F arch=b64 -S getppid -F uid={_UID} -k bench"
_FLOOD = "import os, time\nend = time.monotonic() + {}\nwhile time.monotonic() < end:\n    for _ in range(1000): os.getppid()"


class Measured(NamedTuple):
    """One round: CPU is of the thread or process that reads the socket, in seconds."""

    received: int
    lost: int
    overruns: int
    cpu: float


def _plan(seconds: float) -> Plan:
    return Plan(
        rules=(parse_rule(_RULE).rule.pack(),),
        own_rules=(),
        run_id="0" * 16,
        window=seconds,
        canary=0,
        stream="unicast",
        receive_buffer=16 << 20,
        max_log_size=4 << 30,
        backlog_limit=8192,
        rate_limit=None,
        failure=None,
        wait_time=0,
    )


def _pipeline() -> Pipeline:
    return Pipeline(make_format("mozdef", Origin("bench", HostNames())), (), limit=1 << 30, max_size=0)


def as_process(log: int, seconds: float) -> Measured:
    """Record as a run does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    recorder = RecorderProcess.start(log, os.urandom(8).hex())
    recorder.send(_plan(seconds))
    tail, pipeline = Tail(log), _pipeline()
    while recorder.ended is None and not recorder.gone:
        recorder.listen(0)
        pipeline.feed(tail.block())
    recorder.farewell()
    if recorder.ended is None or recorder.found is None:
        raise SystemExit(f"the recorder failed: {recorder.failure}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lost = recorder.ended.status.lost - recorder.found.before.status.lost
    return Measured(recorder.ended.received, lost, recorder.ended.overruns, _cpu(after) - _cpu(before))


def as_thread(log: int, seconds: float) -> Measured:
    """Record in a thread of the process that parses."""
    plan, cpu = _plan(seconds), 0.0
    with Control.open() as control:
        before = Snapshot.take(control)
        settings = plan.settings(before.status, tune=True)
        outcomes: list[RuleOutcome] = []
        source = stream.claim(before.status.words, plan.receive_buffer)
        drain, writer = Drain(source), rawlog.RawLogWriter(log, plan.max_log_size)
        end = time.monotonic() + seconds

        def read() -> None:
            nonlocal cpu
            while time.monotonic() < end:
                writer.append(*drain.block())
                if drain.idle:
                    time.sleep(0.005)
            cpu = time.thread_time()

        try:
            add_rules(control, plan.rules, outcomes.append)
            for setting, value in settings.items():
                control.set(setting, value, before.status.words)
            thread = threading.Thread(target=read)
            thread.start()
            tail, pipeline = Tail(log), _pipeline()
            while thread.is_alive():
                pipeline.feed(tail.block())
            lost = control.status().lost - before.status.lost
            release(control, before.status, os.getpid())
        finally:
            source.close()
            restore(control, before, settings, outcomes)
    return Measured(drain.tally.received, lost, drain.tally.overruns, cpu)


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Run the rounds, the two ways in turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    print(f"{'reader':8} {'received':>9} {'lost':>9} {'overruns':>8} {'us/record':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for name, way in (("process", as_process), ("thread", as_thread)):
                log = rawlog.create(Path(folder) / f"{name}{number}.log")
                command = [
                    python,
                    "-I",
                    "-S",
                    "-c",
                    f"import time; time.sleep(0.5)\n{_FLOOD.format(options.seconds)}",
                ]
                floods = [subprocess.Popen(command, user=_UID, cwd="/") for _ in range(2)]
                measured = way(log, options.seconds)
                for flood in floods:
                    flood.wait()
                os.close(log)
                cpu = measured.cpu / max(measured.received, 1) * 1e6
                print(
                    f"{name:8} {measured.received:9} {measured.lost:9} {measured.overruns:8} {cpu:9.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
