"""Filters in a real window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mig_audit.modules.audit.plain_result import describe

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.kernel

_UID = 61357
_PROGRAM = """
import os
for number in range(30):
    if not os.fork():
        os.execv("/bin/true", ["true", str(number)])
    os.wait()
"""


def test_what_filters_take_away_is_counted_and_the_raw_log_has_it(
    run: Callable[..., Any], workload: Callable[[str], None]
) -> None:
    """Total is own, filtered and found; a filter that can never match is told."""
    begun = run(
        {
            "window": "60s",
            "rules": [f"-a always,exit -F arch=b64 -S execve -F uid={_UID} -k numbered"],
            "filters": [
                {"name": "teens", "drop": "argument ~ '^1[0-9]$'"},
                {"name": "mistake", "drop": "syscall = opn"},
                {"name": "some", "sample": 5, "where": "argument ~ '^2[0-9]$'"},
            ],
        }
    )
    workload(_PROGRAM)
    begun.process.terminate()
    envelope = begun.finish()
    events = envelope["statistics"]["events"]
    numbers = [event["details"]["argv"][1] for event in envelope["elements"]["events"]
               if event["details"].get("argv", [""])[0] == "true"]  # fmt: skip

    assert numbers == [*map(str, range(10)), "20", "25"]
    assert events["filtered"] == {"teens": 10, "mistake": 0, "some": 8}
    assert events["total"] == events["own"] + 18 + envelope["statistics"]["totalhits"]
    assert envelope["statistics"]["records"]["balanced"]
    assert any(
        "'mistake' can never match: there is no system call opn" in error for error in envelope["errors"]
    )
    assert begun.code == 1
    assert "stat: filter teens took away 10 events" in describe(envelope, found_only=False)
    assert sum(b' a1="15"' in line for line in begun.log.read_bytes().splitlines()) == 1
