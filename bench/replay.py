#!/usr/bin/env python3
"""Measure `mig-audit replay` beside every other reader of audit logs that Debian has, on the same logs, in turn.

    python bench/replay.py LOG... [--rounds 5] [--tools NAME,...] [--laurel PROGRAM]

Each round runs every tool once on a log, start-up included, output to /dev/null, and compares it with laurel in the
same round, so that what the machine does beside it hits both. Printed are medians over the rounds: CPU (user and
system) per record, its ratio to laurel's, and the peak of resident memory. A tool that takes too long is stopped, and
what it had taken by then is printed as that than which it takes more. Tools that are not installed are left out, and
said so:

    mig-audit         with the standard library alone (no site packages)
    mig-audit+fast    with what the `fast` extra installs, if it is there
    laurel            decoding what it can (translate.universal and user-db), as one JSON object an event
    ausearch          raw: finds and prints events; -i: interprets every field
    auparse           through python3-audit: every field interpreted; +json: and printed

To install the others: apt-get install laurel auditd python3-audit.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple, Optional

_ROOT = Path(__file__).resolve().parent.parent
_FAST = ("orjson",)  # what the extra installs
_REFERENCE = "laurel"
_LOOK = 0.02  # seconds between looks at a tool's memory
_LAUREL = """
directory = "{folder}"
statusreport-period = 0
[auditlog]
file = "-"
[translate]
universal = true
user-db = true
"""


class Tool(NamedTuple):
    """One contender; the log is its last argument, or its stdin."""

    name: str
    command: tuple[str, ...]
    by_stdin: bool = False
    environment: Optional[dict[str, str]] = None


class Measured(NamedTuple):
    """One run: seconds of CPU, KiB of memory, and whether it came to its end."""

    cpu: float
    memory: int
    whole: bool


def tools(folder: Path, laurel: str) -> list[Tool]:
    """Return the contenders that are installed, and say which are not."""
    ours = (sys.executable, "-m", "mig_audit", "replay")
    here = {**os.environ, "PYTHONPATH": str(_ROOT)}
    config = folder / "laurel.toml"
    config.write_text(_LAUREL.format(folder=folder))
    python, events = "/usr/bin/python3", str(Path(__file__).parent / "auparse_events.py")
    asked: list[tuple[Tool, bool]] = [
        (Tool("mig-audit", (sys.executable, "-S", *ours[1:]), environment=here), True),
        (Tool("mig-audit+fast", ours, environment=here), all(map(importlib.util.find_spec, _FAST))),
        (Tool(_REFERENCE, (laurel, "-c", str(config)), by_stdin=True), _installed(laurel)),
        (Tool("ausearch raw", ("ausearch", "--raw", "-if")), _installed("ausearch")),
        (Tool("ausearch -i", ("ausearch", "-i", "-if")), _installed("ausearch")),
        (Tool("auparse", (python, events)), _has_auparse(python)),
        (Tool("auparse+json", (python, events, "--json")), _has_auparse(python)),
    ]
    for tool, installed in asked:
        if not installed:
            print(f"bench: {tool.name} is not installed, left out")
    return [tool for tool, installed in asked if installed]


def _installed(program: str) -> bool:
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is not None


def _has_auparse(python: str) -> bool:
    return subprocess.run([python, "-c", "import auparse"], capture_output=True, check=False).returncode == 0


def measure(tool: Tool, log: Path, longest: float) -> Measured:
    """Run a tool once.

    Its memory is looked at while it runs: what wait4 tells includes that of the process that started it.
    """
    command = [*tool.command] if tool.by_stdin else [*_with_log(tool.command, log)]
    environment = tool.environment or {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    with log.open("rb") as source, Path(os.devnull).open("wb") as null, tempfile.TemporaryFile() as said:
        stdin = source if tool.by_stdin else subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=stdin, stdout=null, stderr=said, env=environment)
        end, memory, stopped = time.monotonic() + longest, 0, False
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            memory = max(memory, _peak(process.pid))
            if time.monotonic() > end:
                process.send_signal(signal.SIGKILL)
                stopped = True
            time.sleep(_LOOK)
        process.returncode = os.waitstatus_to_exitcode(status)
        if not stopped and process.returncode not in {0, 1}:
            said.seek(0)
            raise SystemExit(f"bench: {tool.name} failed: {said.read().decode(errors='replace')}")
    return Measured(usage.ru_utime + usage.ru_stime, memory, not stopped)


def _with_log(command: tuple[str, ...], log: Path) -> list[str]:
    return [*command, str(log)] if command[-1] != "--json" else [*command[:-1], str(log), command[-1]]


def _peak(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def compare(chosen: list[Tool], log: Path, rounds: int, longest: float) -> None:
    """Run all on one log, and print its part of the table."""
    with log.open("rb") as lines:
        records = sum(1 for _ in lines)
    runs: dict[str, list[Measured]] = {tool.name: [] for tool in chosen}
    for _ in range(rounds):
        for tool in chosen:
            # What took too long once is not tried again.
            if not runs[tool.name] or runs[tool.name][-1].whole:
                runs[tool.name].append(measure(tool, log, longest))
    print(f"\n{log}: {records} records, {log.stat().st_size >> 20} MiB, {rounds} rounds")
    print(f"{'tool':16} {'us/record':>9} {'ratio':>6} {'peak MiB':>8}")
    for name, measured in runs.items():
        more = "" if measured[-1].whole else ">"
        cpu = f"{more}{statistics.median(run.cpu for run in measured) / records * 1e6:.2f}"
        ratio = f"{more}{_ratio(measured, runs.get(_REFERENCE, []))}"
        memory = statistics.median(run.memory for run in measured) / 1024
        print(f"{name:16} {cpu:>9} {ratio:>6} {memory:8.1f}", flush=True)


def _ratio(measured: list[Measured], reference: list[Measured]) -> str:
    if not reference:
        return "-"
    return f"{statistics.median(ours.cpu / theirs.cpu for ours, theirs in zip(measured, reference)):.2f}"


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "logs", nargs="+", type=Path, metavar="LOG", help="plain: not every tool decompresses"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tools", help="only these, with commas between them")
    parser.add_argument("--laurel", default="laurel", help="another build of it")
    parser.add_argument("--longest", type=float, default=120.0, help="seconds after which a tool is stopped")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        chosen = tools(Path(folder), options.laurel)
        if options.tools:
            wanted = options.tools.split(",")
            chosen = [tool for tool in chosen if tool.name in wanted]
        for log in options.logs:
            compare(chosen, log, options.rounds, options.longest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
