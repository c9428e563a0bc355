"""A run gives its events in the format that was asked for."""

from __future__ import annotations

import json
import shlex
import signal
from typing import TYPE_CHECKING, Any, Callable

import pytest

from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.kernel

RULE = "-a always,exit -F arch=b64 -S execve -F uid=61357 -k T1059_formats"
WORK = """
import os
for i in range(5):
    pid = os.fork()
    if not pid:
        os.execv("/bin/true", ["true", f"number {i}"])
    os.waitpid(pid, 0)
"""


def _of_text(events: Sequence[Any]) -> list[list[str]]:
    return [
        shlex.split(event.rpartition(" Execve: ")[2])
        for event in events
        if "[T1059_formats] Execve: true" in event
    ]


def _of_ecs(events: Sequence[Any]) -> list[list[str]]:
    ours = [event for event in events if event.get("threat", {}).get("technique") == {"id": ["T1059"]}]
    lines = [event["process"]["command_line"] for event in ours if event["process"]["name"] == "true"]
    return [shlex.split(line) for line in lines]


def _of_libaudit_go(events: Sequence[Any]) -> list[list[str]]:
    ours = [event["Data"] for event in events if event["Data"].get("key") == "T1059_formats"]
    return [[data["a0"], data["a1"]] for data in ours if data.get("comm") == "true"]


@pytest.mark.parametrize(
    ("name", "read"), [("text", _of_text), ("ecs", _of_ecs), ("libaudit-go", _of_libaudit_go)]
)
def test_a_run_gives_events_in_the_format_that_was_asked_for(
    run: Callable[..., Any],
    workload: Callable[[str], None],
    name: str,
    read: Callable[[Sequence[Any]], list[list[str]]],
) -> None:
    """Text, or JSON of another shape; the envelope is valid either way, and people can read it."""
    begun = run({"window": "20s", "rules": [RULE], "events": {"format": name, "limit": 1000}})
    workload(WORK)
    begun.process.send_signal(signal.SIGTERM)
    envelope = begun.finish()

    assert read(envelope["elements"]["events"]) == [["true", f"number {number}"] for number in range(5)]
    assert find_problems(json.loads(json.dumps(envelope)), "audit.results.v1.schema.json") == []
    assert begun.code == 0
