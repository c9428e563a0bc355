#!/usr/bin/env python3
"""Measure what a run costs the programs that it records: the time that execve("/bin/true") takes.

Rounds of three kinds in turn: with the rule loaded, audit switched on and nobody who reads; the same with somebody who
reads and does nothing else, which is what any recorder costs; and with `mig-audit run` doing all it does. Which of them
is first changes from round to round. A round starts /bin/true so many times, one after the other, and takes the time
until each has ended: the kernel makes the records at the end of the call, when posix_spawn has returned already. All
have the same backlog limit, and no program ever waits for the backlog. Needs root, a free audit pid, and nothing else
to do; the rule is restricted to one user id, and everything is put back.

    python bench/latency.py [--rounds 20] [--count 1000] [--program /bin/true]

Prints the median and the 99th percentile of each round in microseconds, then the median over the rounds of their ratio
to the rule alone, and how far the kernel's backlog_wait_time_actual moved.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.protocol import MAX_DATAGRAM
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.kernel.stream import claim
from mig_audit.modules.audit.rules import parse_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from multiprocessing.synchronize import Event

_UID = 61357
_RULE = f"-a always,exit -F arch=b64 -S execve -F uid={_UID} -k bench"
_BACKLOG = 8192
_RECEIVE_BUFFER = 16 << 20
_CANARY = b"op=mig-audit-canary"
_PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
_PROGRAM = """
import os, time
clock, spawn, wait, took = time.perf_counter_ns, os.posix_spawn, os.waitpid, []
for number in range({count} + 50):
    begin = clock()
    wait(spawn({program!r}, [{program!r}], {{}}), 0)
    took.append(clock() - begin)
print(*took[50:])
"""
_PAUSE = 0.005  # seconds that a reader lets records gather, as the recorder does


class Times(NamedTuple):
    """The times of one round, in microseconds."""

    median: float
    p99: float


def work(program: str, count: int) -> Times:
    """Start a program so many times, as the user that the rule is for."""
    command = [_PYTHON, "-I", "-S", "-c", _PROGRAM.format(program=program, count=count)]
    result = subprocess.run(command, user=_UID, cwd="/", stdout=subprocess.PIPE, check=True)
    took = [int(text) / 1000 for text in result.stdout.split()]
    return Times(statistics.median(took), statistics.quantiles(took, n=100)[-1])


@contextlib.contextmanager
def rule_alone(control: Control) -> Iterator[None]:
    """Load the rule, with nobody who reads."""
    before = control.status()
    rule = parse_rule(_RULE).rule.pack()
    settings = {Setting.BACKLOG_LIMIT: _BACKLOG, Setting.BACKLOG_WAIT_TIME: 0, Setting.ENABLED: 1}
    control.add_rule(rule)
    try:
        for setting, value in settings.items():
            control.set(setting, value, before.words)
        yield
    finally:
        for setting in reversed(settings):
            control.set(setting, before.setting(setting) or 0, before.words)
        control.delete_rule(rule)


@contextlib.contextmanager
def run(folder: Path) -> Iterator[None]:
    """Have mig-audit record the same."""
    log, parameters = folder / "raw.log", folder / "params.json"
    log.unlink(missing_ok=True)
    document = {
        "window": "10m",
        "rules": [_RULE],
        "raw_log": {"path": str(log)},
        "kernel": {"backlog_limit": _BACKLOG},
    }
    parameters.write_text(json.dumps(document))
    command = [sys.executable, "-m", "mig_audit", "run", str(parameters), "-o", str(folder / "result.json")]
    with subprocess.Popen(command) as process:
        try:
            while not (log.exists() and _CANARY in log.read_bytes()):
                if process.poll() is not None:
                    raise SystemExit("bench: the run has ended by itself; it said why")
                time.sleep(0.05)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
    loss = json.loads((folder / "result.json").read_text())["statistics"]["loss"]
    if loss["events_missing"] != {"min": 0, "max": 0, "why": ""}:
        print(f"events are missing: {loss}")


@contextlib.contextmanager
def reader(control: Control) -> Iterator[None]:
    """Load the rule, and read what comes in a process that forgets it."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    with rule_alone(control):
        process = context.Process(target=_read, args=(control.status().words, ready, done))
        process.start()
        try:
            ready.wait()
            yield
        finally:
            done.set()
            process.join()


def _read(words: int, ready: Event, done: Event) -> None:
    source = claim(words, _RECEIVE_BUFFER)
    buffer = bytearray(MAX_DATAGRAM)
    ready.set()
    while not done.wait(_PAUSE):
        with contextlib.suppress(BlockingIOError):
            while True:
                source.socket.recv_into(buffer)
    with Control.open() as control:
        control.set(Setting.PID, 0, words)


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--program", default="/bin/true")
    options = parser.parse_args()
    rounds: list[dict[str, Times]] = []
    with Control.open() as control, tempfile.TemporaryDirectory() as name:
        kinds: dict[str, Callable[[], AbstractContextManager[None]]] = {
            "alone": lambda: rule_alone(control),
            "reader": lambda: reader(control),
            "run": lambda: run(Path(name)),
        }
        waited = control.status().backlog_wait_time_actual or 0
        print(f"load before: {os.getloadavg()[0]:.2f}")
        print("  ".join(f"{kind:>8}: median      p99" for kind in kinds))
        for number in range(options.rounds):
            order = deque(kinds)
            order.rotate(number)
            taken = {}
            for kind in order:
                with kinds[kind]():
                    taken[kind] = work(options.program, options.count)
            rounds.append(taken)
            print(
                "  ".join(f"{taken[kind].median:16.0f} {taken[kind].p99:8.0f}" for kind in kinds), flush=True
            )
        waited = (control.status().backlog_wait_time_actual or 0) - waited
    for kind in ("reader", "run"):
        for index, what in enumerate(Times._fields):
            ratio = statistics.median(taken[kind][index] / taken["alone"][index] for taken in rounds)
            print(f"{kind} / alone, {what}, median of {options.rounds} rounds: {ratio:.3f}")
    print(f"backlog_wait_time_actual: {waited} jiffies more")


if __name__ == "__main__":
    main()
