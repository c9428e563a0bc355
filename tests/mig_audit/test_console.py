"""What people read beside the data."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import contextmanager
from subprocess import PIPE
from typing import TYPE_CHECKING

import pytest

from mig_audit.console import _show_progress, progress, say

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_a_file_name_in_the_progress_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what we write does: back to the beginning of the line, and clear it."""
    _show_progress("a\x1b[2J\nb: 5 records")

    assert capsys.readouterr().err == "\r\x1b[Ka\\x1b[2J\\nb: 5 records"


def test_what_is_said_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Under our name."""
    say("a\x1b[2J\nmig-audit: b")

    assert capsys.readouterr().err == "mig-audit: a\\x1b[2J\\nmig-audit: b\n"


@contextmanager
def _terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> Iterator[tuple[int, int]]:
    """Let stderr be a terminal; give its other end, and its descriptor."""
    person, ours = os.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with open(ours, "w", closefd=False) as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        yield person, ours
    os.close(ours)
    os.close(person)


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (80, b"/var/log/audit/audit.log: 5 records"),
        (36, b"/var/log/audit/audit.log: 5 records"),
        (35, b".../log/audit/audit.log: 5 records"),
        (24, b"...audit.log: 5 records"),
        (0, b"/var/log/audit/audit.log: 5 records"),
    ],
)
def test_progress_is_one_line_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int, shown: bytes
) -> None:
    """What wraps cannot be erased; the end of it is what changes."""
    with _terminal(monkeypatch, columns) as (person, _):
        progress()("/var/log/audit/audit.log: 5 records")
        seen = os.read(person, 1000)

    assert seen == b"\r\x1b[K" + shown


def test_progress_is_not_shown_among_data(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where both go to a terminal, the data show how far it is."""
    with _terminal(monkeypatch, 80) as (person, ours), open(os.devnull, "wb") as null:  # noqa: PTH123 - a device
        progress(ours)("among data")
        progress(null.fileno())("beside data")
        seen = os.read(person, 1000)

    assert seen == b"\r\x1b[Kbeside data"
    assert capfd.readouterr().err == ""


def test_a_terminal_that_was_hung_up_stops_no_work() -> None:
    """Whoever records over ssh loses the connection, and not the result."""
    show = "from mig_audit.console import progress, say; show = progress(); show('1'); input(); show('2'); say('3')"
    person, ours = os.openpty()
    command = [sys.executable, "-c", f"{show}; print('done')"]
    worker = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=ours)
    os.close(ours)
    seen = os.read(person, 1000)
    os.close(person)
    said, _ = worker.communicate(b"\n", 30)

    assert (seen, said, worker.returncode) == (b"\r\x1b[K1", b"done\n", 0)


_SHOW = """
import fcntl, os, signal, sys
from mig_audit.console import to_stdout
signal.signal(signal.SIGUSR1, lambda *_: None)
if sys.argv[1] == "waits":
    os.set_blocking(1, False)
sys.stderr.write("ready\\n")
sys.stderr.flush()
to_stdout("x" * 300_000)
"""


@pytest.mark.parametrize("buffering", [[], ["-u"]])
@pytest.mark.parametrize("kind", ["blocks", "waits"])
def test_a_slow_reader_gets_all_of_it(buffering: list[str], kind: str) -> None:
    """Whatever signals come meanwhile, with and without a buffer, and where another program set O_NONBLOCK."""
    command = [sys.executable, *buffering, "-c", _SHOW, kind]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, env=environment) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        assert writer.stderr.readline() == b"ready\n"
        first = os.read(writer.stdout.fileno(), 1)  # it has begun
        for _ in range(20):
            writer.send_signal(signal.SIGUSR1)
            time.sleep(0.01)
        rest = writer.stdout.read()

    assert (first + rest, writer.returncode) == (b"x" * 300_000, 0)


def test_a_disk_that_fills_is_told_without_a_buffer_too() -> None:
    """What was taken of it is not all."""
    command = [sys.executable, "-u", "-c", "from mig_audit.console import to_stdout; to_stdout('x' * 30_000)"]
    limited = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *command]
    with tempfile.TemporaryFile() as file:
        done = subprocess.run(limited, stdout=file, stderr=PIPE, text=True, check=False)

    assert done.returncode == 1
    assert "stdout could not be written: File too large" in done.stderr
