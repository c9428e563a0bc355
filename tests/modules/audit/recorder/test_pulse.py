"""Whether the recorder lives; the time is made by the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mig_audit.modules.audit.recorder.pulse import PATIENCE, SILENCE, WORD, Beat, Pulse, is_stopped

if TYPE_CHECKING:
    from pathlib import Path

WALL = 1_000_000.0


class Recorder:
    """One that is as it is told to be, at a time that is told as well."""

    def __init__(self) -> None:
        """Run."""
        self.now = 100.0
        self.stopped = False
        self.deeds: list[str] = []
        self.pulse = Pulse(
            self.wake, lambda: self.deeds.append("ended"), lambda: self.now, lambda: WALL + self.now
        )

    def wake(self) -> bool:
        """Continue."""
        self.deeds.append("woken")
        return self.stopped

    def after(self, seconds: float) -> list[str]:
        """Look so much later; return what was done."""
        self.now += seconds
        self.pulse.check()
        return self.deeds


def test_one_that_speaks_is_left_alone() -> None:
    """However long."""
    recorder = Recorder()
    for _ in range(1000):
        recorder.pulse.word()
        assert recorder.after(SILENCE - 0.1) == []


def test_one_that_was_stopped_is_continued_and_that_is_told() -> None:
    """Once; when it speaks again it has all its time again."""
    recorder = Recorder()
    recorder.stopped = True
    assert recorder.after(SILENCE) == recorder.after(PATIENCE - 0.1) == ["woken"]
    recorder.pulse.word()
    assert recorder.after(SILENCE - 0.1) == ["woken"]

    assert recorder.pulse.stops == [WALL + 100 + SILENCE]
    assert recorder.pulse.given_up == ""


def test_one_that_was_only_slow_is_no_story() -> None:
    """It is woken for nothing."""
    recorder = Recorder()
    recorder.after(SILENCE)
    recorder.pulse.word()

    assert recorder.pulse.stops == []


def test_one_that_cannot_be_woken_is_ended() -> None:
    """Once, with how long it was silent and when it last spoke."""
    recorder = Recorder()
    recorder.after(SILENCE)
    assert recorder.after(PATIENCE) == recorder.after(100) == ["woken", "ended"]

    assert recorder.pulse.given_up == f"it gave no sign of life for {SILENCE + PATIENCE:.0f} s"
    assert recorder.pulse.last == WALL + 100


def test_where_both_were_stopped_the_recorder_has_its_time_from_then_on() -> None:
    """The first look after an hour does not end it."""
    recorder = Recorder()

    assert recorder.after(3600) == ["woken"]


@pytest.mark.parametrize("over", [True, False])
def test_what_the_caller_cannot_wait_for_is_ended_even_if_it_speaks(over: bool) -> None:  # data
    """Unless it is done by then."""
    recorder = Recorder()
    recorder.pulse.give_up_at(101)
    recorder.pulse.word()
    if over:
        recorder.pulse.give_up_at(float("inf"))

    assert recorder.after(1) == ([] if over else ["ended"])
    assert bool(recorder.pulse.given_up) is not over


def test_words_are_due_more_often_than_they_are_missed() -> None:
    """Four times, and no more often than that."""
    now = [0.0]
    beat = Beat(lambda: now[0])
    said = 0
    for step in range(200):
        now[0] = step / 100
        said += beat.due()

    assert said == SILENCE / WORD


def test_a_stopped_process_is_known() -> None:
    """From one that runs, and from none."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert not is_stopped(process.pid)
        os.kill(process.pid, signal.SIGSTOP)
        limit = time.monotonic() + 10
        while not is_stopped(process.pid):
            assert time.monotonic() < limit
    finally:
        process.kill()
        process.wait()
    assert not is_stopped(process.pid)


@pytest.mark.parametrize(("state", "stopped"), [("T", True), ("t", True), ("S", False), ("D", False)])
def test_a_programs_name_is_not_taken_for_its_state(
    tmp_path: Path, state: str, stopped: bool
) -> None:  # data
    """It may hold anything."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 (x) T (y) {state} 1 7 7 0")

    assert is_stopped(7, str(tmp_path)) is stopped
