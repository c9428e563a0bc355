"""Captured logs become what audisp-json 2.2.10 prints of them, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from audisp_json_logs import (
    HOST,
    LINE_LIMIT,
    PASSWD,
    PROC,
    RECORDS,
    joined,
    log,
    printed,
    printed_names,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE = [name for name in printed_names() if name != "longpath"]


@pytest.fixture(autouse=True)
def _utc() -> Iterator[None]:
    """Let local time be UTC, as where the lines were printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_every_captured_log_has_its_counterpart() -> None:
    """None is left out of the comparison."""
    logs = {path.name.partition(".")[0] for path in RECORDS.glob("*.log.xz")} - {"busy-host"}

    assert logs == set(printed_names())


@pytest.mark.parametrize("name", WHOLE)
def test_a_log_becomes_what_audisp_json_prints(name: str) -> None:
    """And every record is accounted for."""
    data = log(name)
    lines, account = write(data)

    assert joined(lines) == printed(name)
    assert account.balanced
    assert (account.aside, account.pending) == (0, 0)
    assert account.in_events == data.count(b"\n")


def test_processes_that_still_run_have_names() -> None:
    """As /proc has them when the event is printed."""
    assert joined(write(log("exec"), PROC)[0]) == printed("exec-with-proc")


def test_lines_that_are_too_long_for_audisp_json_are_whole() -> None:
    """It cuts them at 4,095 bytes, without the end of the line, so that the next event is glued to them."""
    lines, _ = write(log("longpath"))
    theirs = [line + b"\n" if len(line) < LINE_LIMIT else line[:LINE_LIMIT] for line in lines]

    assert b"".join(theirs) == printed("longpath")
    assert sum(len(line) >= LINE_LIMIT for line in lines) == 7
    assert all(line.endswith(b'"}}') for line in lines)


@pytest.mark.parametrize("name", ["exec", "synth-fields", "synth-interleave"])
def test_a_log_in_pieces_gives_the_same(name: str) -> None:
    """The pipeline is fed blocks of any number of lines."""
    for lines_at_once in (1, 7):
        assert joined(write(log(name), lines_at_once=lines_at_once)[0]) == printed(name)


@pytest.mark.parametrize("name", WHOLE)
def test_replay_prints_what_audisp_json_prints(name: str) -> None:
    """The command, as somebody else runs it."""
    command = [sys.executable, "-m", "mig_audit", "replay", "--format", "audisp-json"]
    host = ["--passwd", str(PASSWD), "--hostname", HOST, "--proc", "/nonexistent"]
    path = str(RECORDS / f"{name}.log.xz")
    result = subprocess.run(
        [*command, *host, path], capture_output=True, check=True, timeout=60, env={**os.environ, "TZ": "UTC"}
    )

    assert result.stdout == printed(name)
