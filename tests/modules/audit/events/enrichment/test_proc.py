"""What /proc says of processes."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events.enrichment import Proc
from mig_audit.modules.audit.events.enrichment.proc import boot

_HERE = Proc.here(Path("/proc"))


def test_it_says_of_this_process_what_psutil_says() -> None:
    """An independent reader of the same files."""
    pid, known = os.getpid(), psutil.Process()
    stat = _HERE.stat(pid)

    assert stat is not None
    assert (stat.ppid, stat.comm) == (known.ppid(), known.name()[:15])
    assert abs(stat.start / 1000 - known.create_time()) < 1.1  # psutil counts from whole seconds of boot
    assert _HERE.exe(pid) == known.exe()
    assert _HERE.command(pid) == shlex.join(known.cmdline())
    assert set(_HERE.pids()) >= {1, pid}


def test_a_start_is_a_time() -> None:
    """To a clock tick, so that it can be held against a record's."""
    before = time.time()
    with subprocess.Popen(["sleep", "5"]) as process:
        stat = _HERE.stat(process.pid)
        after = time.time()
        process.kill()

    assert stat is not None
    assert before - 0.011 <= stat.start / 1000 <= after + 0.001


def test_a_process_that_is_gone_says_nothing() -> None:
    """Neither does one that is not ours to ask."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    pid = process.pid

    assert (_HERE.stat(pid), _HERE.exe(pid), _HERE.command(pid), _HERE.cgroup(pid)) == (None,) * 4
    assert (_HERE.environment(pid), _HERE.in_initial_namespace(pid)) == (None, None)


def test_the_environment_is_that_of_the_start() -> None:
    """In order."""
    command = ["/bin/sh", "-c", "echo; sleep 5"]
    with subprocess.Popen(command, env={"B": "1", "A": "x=y"}, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()  # before that, it may be about to start
        environment = _HERE.environment(process.pid)
        process.kill()

    assert environment == [(b"B", b"1"), (b"A", b"x=y")]


@pytest.mark.parametrize("comm", ["a b", ") S 1 (", "((", "x) S 99"])
def test_a_name_may_hold_anything(tmp_path: Path, comm: str) -> None:
    """Brackets do not move the columns."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(f"7 ({comm}) S 3{' 0' * 17} 250 0 0\n")
    proc = Proc(tmp_path, boot=lambda: 1000.0, hertz=100)

    assert proc.stat(7) == (3, comm, 250, 1_002_500.0)


@given(st.binary(max_size=120))
def test_no_content_breaks_it(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """A copy of /proc may hold anything."""
    root = tmp_path_factory.mktemp("proc")
    (root / "7").mkdir()
    for name in ("stat", "cmdline", "environ", "status"):
        (root / "7" / name).write_bytes(content)
    proc = Proc(root, boot=lambda: 0.0, hertz=100)

    assert proc.stat(7) is None or content.count(b" ") > 10
    proc.command(7)
    proc.environment(7)
    assert proc.in_initial_namespace(7) in {None, True, False}
    assert proc.pid_max is None


@pytest.mark.parametrize(
    ("waits", "told"), [([0, 20, 0], 0), ([0, 30, 0, 0, 2, 0, *[0, 10, 0] * 6], 2)], ids=["once", "always"]
)
def test_a_wait_between_the_readings_of_two_clocks_moves_no_boot(waits: list[int], told: int) -> None:
    """They are read again; where each time there is a wait, the quickest reading counts."""
    waiting, at = iter(waits), [1000]

    def clock() -> int:
        at[0] += next(waiting, 0)
        return at[0]

    assert boot(clock, clock) == told
