"""`mig-audit events`, as a process."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from kernel_events import lines_of, syscall_body

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND = [sys.executable, "-m", "mig_audit", "events"]


def _log(**more: object) -> bytes:
    lines = []
    for serial in range(4):
        body = syscall_body(
            exe=f'"/usr/bin/p{serial}"', key=f'"k{serial % 2}"', pid=serial + 10, uid=serial % 3, **more
        )
        lines += lines_of(
            ("SYSCALL", body),
            ("EXECVE", f'argc=2 a0="p" a1="{serial}"'),
            ("EOE", ""),
            serial=serial,
            time=1_700_000_000.0 + serial,
        )
    return b"".join(line + b"\n" for line in lines)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return a log of four programs, a second from each other."""
    path = tmp_path / "raw.log"
    path.write_bytes(_log())
    return path


def _run(*arguments: object, code: int = 0, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [*_COMMAND, *map(str, arguments)]
    result = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60)
    assert result.returncode == code, result.stderr.decode()
    return result


def _shown(*arguments: object) -> list[int]:
    output = _run(*arguments, "--format", "mozdef").stdout
    return [int(json.loads(line)["details"]["argv"][1]) for line in output.splitlines()]


def test_without_options_every_event_is_a_line_for_people(log: Path) -> None:
    """Data on stdout alone, and no colours where there is no terminal."""
    result = _run(log)

    assert [line.rpartition(b" ")[2] for line in result.stdout.splitlines()] == [b"0", b"1", b"2", b"3"]
    assert b"\x1b" not in result.stdout
    assert result.stderr == b""


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_has_colours_unless_they_are_declined(
    log: Path, environment: dict[str, str], *, coloured: bool
) -> None:
    """By NO_COLOR, or by a terminal without any."""
    master, slave = os.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in {"TERM", "NO_COLOR"}}
    try:
        subprocess.run(
            [*_COMMAND, str(log)], stdout=slave, env={**kept, **environment}, check=True, timeout=60
        )
        shown = os.read(master, 1 << 16)
    finally:
        os.close(slave)
        os.close(master)

    assert (b"\x1b[" in shown) is coloured
    assert shown.count(b"\n") == 4


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--where", "pid > 11"], [2, 3]),
        (["--where", "pid > 10", "--where", "exe ~ '[12]$'"], [1, 2]),
        (["--key", "k1"], [1, 3]),
        (["--key", "k0", "--key", "k1"], [0, 1, 2, 3]),
        (["--user", "2"], [2]),
        (["--user", "1000"], [0, 1, 2, 3]),
        (["--exe", "/usr/bin/p3"], [3]),
        (["--exe", "p3", "--exe", "p0"], [0, 3]),
        (["--exe", "bin/p3"], []),
        (["--since", "+1s", "--until", "+2s"], [1, 2]),
        (["--since", "2023-11-14T22:13:22Z"], [2, 3]),
        (["--until", "22:13:20"], [0]),
        (["--since", "1s"], []),
        (["--key", "k1", "--since", "+2s", "--where", "success"], [3]),
    ],
)
def test_the_options_select_events(log: Path, options: list[str], shown: list[int]) -> None:
    """By expression, key, user, program and time; all of them must fit."""
    assert _shown(log, *options) == shown


@pytest.mark.parametrize(
    ("since", "until"), [("23:00", "01:00"), ("+2s", "+1s"), ("2026-11-22", "2026-11-21"), ("1m", "2m")]
)
def test_a_time_that_ends_before_it_begins_is_said(log: Path, since: str, until: str) -> None:
    """A clock's hours are those of the first event's day, and of no other one."""
    result = _run(log, "--since", since, "--until", until)

    assert result.stdout == b""
    assert f"no event can be selected: --until {until} is before --since {since}\n" in result.stderr.decode()


def test_what_cannot_be_selected_is_said(log: Path) -> None:
    """A mistake looks like a clean host otherwise."""
    result = _run(log, "--where", "syscall = opn")

    assert result.stdout == b""
    assert b"no event can be selected: there is no system call opn" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--where", "exe ="], b"column 6"),
        (["--since", "noon"], b"no point in time"),
        (["--top=keys,colours"], b"colours"),
        (["--rows", "0"], b"no number of rows"),
        (["--format", "xml"], b"xml"),
        (["--json"], b"--top"),
        (["--top", "--tree"], b"two answers"),
        (["--trust-pids", "long"], b"no duration"),
    ],
)
def test_a_mistake_in_the_options_ends_with_2(log: Path, options: list[str], words: bytes) -> None:
    """And a word on it."""
    assert words in _run(log, *options, code=2).stderr


def test_tables_show_the_most_frequent(log: Path) -> None:
    """Of the kinds that were asked for, among the events that were selected."""
    assert _run(log, "--top=keys,exes", "-n", 1, "--where", "pid != 10").stdout.decode() == (
        "keys\n  2  k1\n\nexes\n  1  /usr/bin/p1\n"
    )


def test_tables_may_be_json(log: Path) -> None:
    """One object a line."""
    output = _run(log, "--top=keys", "--json").stdout

    assert [json.loads(line) for line in output.splitlines()] == [
        {"kind": "keys", "value": "k0", "events": 2},
        {"kind": "keys", "value": "k1", "events": 2},
    ]


def test_the_tree_shows_processes_and_their_ancestors(tmp_path: Path) -> None:
    """Of the events that were selected."""
    log = tmp_path / "raw.log"
    lines = []
    for serial, (pid, ppid) in enumerate([(10, 1), (11, 10), (12, 11)]):
        body = syscall_body(pid=pid, ppid=ppid, exe=f'"/bin/p{pid}"')
        records = [("SYSCALL", body), ("EXECVE", f'argc=1 a0="p{pid}"'), ("EOE", "")]
        lines += lines_of(*records, serial=serial, time=1_700_000_000 + serial / 1000)
    log.write_bytes(b"".join(line + b"\n" for line in lines))

    assert _run(log, "--tree", "--exe", "p12").stdout.decode() == (
        "10 p10\n└─ 11 p11\n   └─ 22:13:20.002 12 p12  (1 event)\n"
    )
    assert [json.loads(line)["pid"] for line in _run(log, "--tree", "--json").stdout.splitlines()] == [
        10,
        11,
        12,
    ]
    assert b'"parentexe":"/bin/p11"' in _run(log, "--enrich", "--format", "mozdef").stdout
    assert b"p12" in _run(log, "--enrich", "--where", "parent = /bin/p11").stdout


def test_a_result_is_read_by_its_raw_log(log: Path, tmp_path: Path) -> None:
    """The envelope holds only the first events."""
    told = {"path": str(log), "sha256": hashlib.sha256(log.read_bytes()).hexdigest()}
    result = tmp_path / "result.json"
    result.write_text(json.dumps({"elements": {"raw_log": told}}))

    assert _shown(result) == [0, 1, 2, 3]


def test_a_result_shows_what_its_run_found(log: Path, tmp_path: Path) -> None:
    """Without the run's own work on audit; several files are shown whole, which is said."""
    change = b"op=set audit_pid=2 old=0 auid=0 ses=1 res=1 pid=12"
    log.write_bytes(b"type=CONFIG_CHANGE msg=audit(1699999999.000:900): %b\n" % change + log.read_bytes())
    told = {
        "raw_log": {"path": str(log), "sha256": hashlib.sha256(log.read_bytes()).hexdigest()},
        "processes": {"main": 10, "recorder": 11, "guard": 12},
        "window": {"started": "2023-11-14T22:13:20.000+00:00", "ended": None},
        "kernel": {"configured": True, "other_runs": [], "drift": []},
    }
    result = tmp_path / "result.json"
    result.write_text(json.dumps({"elements": told}))

    assert len(_run(log).stdout.splitlines()) == 5
    assert len(_run(result).stdout.splitlines()) == 4
    replayed = [*_COMMAND[:-1], "replay", str(result)]
    assert len(subprocess.run(replayed, capture_output=True, check=True).stdout.splitlines()) == 4
    both = _run(result, log)
    assert len(both.stdout.splitlines()) == 5
    assert b"name %b alone" % str(result).encode() in both.stderr
    over = subprocess.run([*replayed, "-o", str(result)], capture_output=True, check=False)
    assert (over.returncode, b"is also where the output goes" in over.stderr) == (2, True)


def test_a_log_may_come_from_stdin() -> None:
    """From a pipe."""
    assert len(_run("-", stdin=_log()).stdout.splitlines()) == 4


def test_a_damaged_log_is_shown_and_said(log: Path) -> None:
    """Exit code 1."""
    log.write_bytes(log.read_bytes() + b"nonsense\n")

    assert b"1 line is no record" in _run(log, code=1).stderr


def test_nothing_reaches_a_terminal_that_could_harm_it(tmp_path: Path) -> None:
    """Colours are ours alone: what a program is called cannot clear the screen."""
    log = tmp_path / "raw.log"
    evil = b"\x1b[2J\x07\r\n".hex().upper()
    log.write_bytes(
        b"".join(line + b"\n" for line in lines_of(("SYSCALL", syscall_body(exe=evil)), ("EOE", "")))
    )
    master, slave = pty.openpty()
    with subprocess.Popen([*_COMMAND, str(log)], stdout=slave, stderr=slave) as process:
        os.close(slave)
        output = b""
        while True:
            try:
                block = os.read(master, 65536)
            except OSError:
                break  # the other end is closed
            output += block
    os.close(master)

    assert process.returncode == 0
    assert b"\x1b[" in output
    assert b"\x1b[2J" not in output
    assert b"\\x1b[2J\\x07" in output


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    """As in `mig-audit events LOG | head`."""
    log = tmp_path / "raw.log"
    log.write_bytes(_log() * 5000)
    with subprocess.Popen([*_COMMAND, str(log)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_file_behind_top_is_told_where_it_belongs() -> None:
    """The kinds of tables may stand there too, so that a file is taken for them."""
    result = _run("--top", "audit.log", code=2)

    assert b"audit.log is not among keys, " in result.stderr
    assert b"name the FILE before --top" in result.stderr
