#!/usr/bin/env python3
"""Measure a run while two programs flood audit: does its window end in time, and how much memory does it take.

Two programs of one user call getppid(2) in a tight loop for longer than the window. Needs root and a free audit pid;
the rule is restricted to that user id, and everything is put back.

    python bench/flood.py [--window 5] [--drain 5] [--rounds 3] [PARAMETERS.json]

PARAMETERS.json is merged over the run's own parameters, for instance to name a sink. Prints for each round: how much
later than asked the window ended and how long the whole run took, in seconds, the
records received, those that were missing, and in MiB the peak of resident memory (VmHWM) of each process, of the sum of
what all have at one time (VmRSS, in which what they share is counted three times), and of the memory of all of them
together (the sum of Pss, which counts that once).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil

_UID = 61357
_RULE = f"-a always,exit -F arch=b64 -S getppid -F uid={_UID} -k bench"
_FLOOD = "import os, time\nend = time.monotonic() + {}\nwhile time.monotonic() < end:\n    for _ in range(1000): os.getppid()"
_PYTHON = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
_PEAK = re.compile(r"^VmHWM:\s+([0-9]+) kB", re.MULTILINE)
_SHARE = re.compile(r"^Pss:\s+([0-9]+) kB", re.MULTILINE)
_NOW = re.compile(r"^VmRSS:\s+([0-9]+) kB", re.MULTILINE)
_STEP = 0.05


class Watched(NamedTuple):
    """What was seen of a run: its time in seconds, and the peak of each process in MiB by what it is."""

    seconds: float
    peaks: dict[str, float]


def _peaks(process: subprocess.Popen[bytes], peaks: dict[str, float]) -> None:
    """Read the peaks of the run, its recorder and the guard, as long as there is anything to read."""
    try:
        recorders = [child.pid for child in psutil.Process(process.pid).children()]
    except psutil.NoSuchProcess:
        return
    names = {process.pid: "main", **dict.fromkeys(recorders, "recorder"), **dict.fromkeys(_guards(), "guard")}
    resident = together = 0
    for pid, name in names.items():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            share = _SHARE.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
        except OSError:
            continue
        peak, now = _PEAK.search(status), _NOW.search(status)
        if peak and now and share:
            peaks[name] = max(peaks.get(name, 0.0), int(peak[1]) / 1024)
            resident += int(now[1])
            together += int(share[1])
    peaks["sum"] = max(peaks.get("sum", 0.0), resident / 1024)
    peaks["together"] = max(peaks.get("together", 0.0), together / 1024)


def _guards() -> list[int]:
    """Return the guards: they are copies of a recorder that nobody is the parent of."""
    return [
        each.pid
        for each in psutil.process_iter(["ppid", "cmdline"])
        if each.info["ppid"] == 1 and "recorder.process" in " ".join(each.info["cmdline"] or ())
    ]


def watch(parameters: Path, result: Path) -> Watched:
    """Run, and look at its memory until it has ended."""
    began, peaks = time.monotonic(), dict[str, float]()
    command = [sys.executable, "-m", "mig_audit", "run", str(parameters), "-o", str(result)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            _peaks(process, peaks)
            time.sleep(_STEP)
    return Watched(time.monotonic() - began, peaks)


def _late(envelope: dict[str, Any]) -> float:
    window = envelope["elements"]["window"]
    started, ended = (datetime.fromisoformat(window[name]) for name in ("started", "ended"))
    late: float = (ended - started).total_seconds() - window["asked"]
    return late


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--window", type=float, default=5.0)
    parser.add_argument("--drain", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("parameters", nargs="?", type=Path)
    options = parser.parse_args()
    more = json.loads(options.parameters.read_text()) if options.parameters else {}
    print(f"{'late':>6} {'run':>6} {'received':>9} {'missing':>20} {'overruns':>8}  peak MiB")
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            document = {
                "window": f"{options.window:g}s",
                "drain": f"{options.drain:g}s",
                "rules": [_RULE],
                "raw_log": {"path": str(folder / "raw.log"), "max_size": "4GiB"},
                **more,
            }
            (folder / "params.json").write_text(json.dumps(document))
            command = [_PYTHON, "-I", "-S", "-c", _FLOOD.format(options.window + 2)]
            floods = [subprocess.Popen(command, user=_UID, cwd="/") for _ in range(2)]
            watched = watch(folder / "params.json", folder / "result.json")
            for flood in floods:
                flood.kill()
                flood.wait()
            envelope = json.loads((folder / "result.json").read_text())
        loss, records = envelope["statistics"]["loss"], envelope["statistics"]["records"]
        missing = f"{loss['events_missing']['min']}..{loss['events_missing']['max']}"
        peaks = "  ".join(f"{name} {peak:.1f}" for name, peak in watched.peaks.items())
        print(
            f"{_late(envelope):6.3f} {watched.seconds:6.2f} {records['received']:9} {missing:>20} "
            f"{loss['overruns']:8}  {peaks}",
            flush=True,
        )


if __name__ == "__main__":
    main()
