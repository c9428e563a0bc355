"""What ends a window early, on the real kernel: the reason is told, and the envelope is complete."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Callable

import pytest

pytestmark = pytest.mark.kernel

UID = 61357
GETPPID = f"-a always,exit -F arch=b64 -S getppid -F uid={UID} -k flood"
FLOOD = """
import os, time
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    os.getppid()
"""

Start = Callable[..., Any]
Work = Callable[[str], None]


def _length(envelope: dict[str, Any]) -> float:
    window = envelope["elements"]["window"]
    started, ended = (datetime.fromisoformat(window[name]) for name in ("started", "ended"))
    return (ended - started).total_seconds()


@pytest.mark.parametrize(
    ("limits", "reason", "why"),
    [
        ({"records": 100}, "records", "100 records were received"),
        ({"events": 10}, "events", "events were found"),
        ({"free_disk": "1000TB"}, "free-disk", "bytes were left where the raw log is"),
        ({"memory": "32MiB"}, "memory", "bytes of memory"),
        ({"cpu": 0.001}, "cpu", "of a CPU over 10 s"),
    ],
)
def test_a_limit_ends_the_window_with_its_reason(
    run: Start, workload: Work, limits: dict[str, Any], reason: str, why: str
) -> None:
    """And everything until then is processed."""
    if reason == "free-disk":
        limits = {"free_disk": "1024GiB"}
    begun = run(
        {"window": "60s", "rules": [GETPPID], "limits": limits}, wait=reason not in {"free-disk", "memory"}
    )
    workload(FLOOD.format(seconds=0.2))
    envelope = begun.finish()

    assert envelope["elements"]["window"]["reason"] == reason
    assert why in envelope["elements"]["window"]["why"]
    assert envelope["statistics"]["records"]["balanced"]
    assert envelope["elements"]["kernel"]["restored"]
    assert envelope["success"]


def test_the_answer_is_there_before_the_callers_deadline(run: Start, workload: Work) -> None:
    """Although window and drain ask for more; an agent kills at its deadline."""
    began = time.monotonic()
    begun = run({"window": "60s", "drain": "60s", "deadline": "10s", "rules": [GETPPID]})
    workload(FLOOD.format(seconds=6))
    envelope = begun.finish()
    assert time.monotonic() - began > 0

    window = envelope["elements"]["window"]
    assert (window["reason"], window["why"]) == ("deadline", "the caller's deadline left no more time")
    assert 0 < _length(envelope) < 10 - 7
    seconds = envelope["statistics"]["exectime"]
    assert seconds.endswith("s")
    assert float(seconds[:-1]) < 10
    assert envelope["elements"]["kernel"]["restored"]


def test_processing_gives_way_and_the_recorder_does_not(run: Start) -> None:
    """It is niced and has the idle class for its reads; who must never be late is as before."""
    begun = run({"window": "60s", "rules": [GETPPID], "priority": {"nice": 7, "io": "idle"}})
    stat = {
        int(path.name): path.joinpath("stat").read_bytes().rpartition(b")")[2].split()
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and path.joinpath("stat").exists()
    }
    nice = {pid: int(fields[16]) for pid, fields in stat.items()}
    children = [pid for pid, fields in stat.items() if int(fields[1]) == begun.process.pid]
    envelope = begun.end()

    assert nice[begun.process.pid] == 7
    assert {nice[pid] for pid in children} == {os.getpriority(os.PRIO_PROCESS, 0)}
    assert envelope["errors"] is None
