"""`mig-audit files`, as a process."""

from __future__ import annotations

import csv
import json
import lzma
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from file_truth import DATA, content

from mig_audit.validation import find_problems

if TYPE_CHECKING:
    from pathlib import Path

_LOG = DATA / "d2_dupappend" / "raw.log.xz"
_COLUMNS = 27


def _run(*arguments: object, code: int = 0, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mig_audit", "files", *map(str, arguments)]
    result = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60)
    assert result.returncode == code, result.stderr.decode()
    return result


def test_rows_are_objects_that_fit_their_schema() -> None:
    """One a line; nothing is said where nothing is to be said."""
    result = _run(_LOG, "--hostname", "db1")
    rows = [json.loads(line) for line in result.stdout.splitlines()]

    assert result.stderr == b""
    assert len(rows) == 115
    assert [problem for row in rows for problem in find_problems(row, "audit.files.v1.schema.json")] == []
    assert {row["host"] for row in rows} == {"db1"}


def test_a_row_has_all_that_is_known() -> None:
    """Who, what, which file, where in it, and how sure that is."""
    rows = [
        json.loads(line)
        for line in _run(_LOG, "--hostname", "db1", "--passwd", os.devnull).stdout.splitlines()
    ]

    assert next(row for row in rows if row["row"] == "WRITE" and row.get("start") == 50) == {
        "time": "2026-11-21T07:35:11.283+00:00",
        "host": "db1",
        "serial": 10909193,
        "row": "WRITE",
        "call": "write",
        "pid": 18808,
        "exe": "/tmp/fa/d2_dupappend",  # noqa: S108  # in a log
        "user": "0",
        "login": "61004",
        "fd": 3,
        "file": 5,
        "path": "/tmp/fa/run/d2_dupappend/log",  # noqa: S108
        "path_confidence": "exact",
        "dev": "fe:00",
        "inode": 2516166,
        "start": 50,
        "start_confidence": "probable",
        "bytes": 51,
        "flags": ["append"],
    }


def test_the_table_has_the_columns_of_each_kind_in_their_order() -> None:
    """Between tabs; further kinds of rows are not in it."""
    lines = _run(DATA / "d3_forkexec" / "raw.log.xz", "--format", "table").stdout.decode().splitlines()
    cells = [line.split("\t") for line in lines]
    fork = next(row for row in cells if row[0] == "FORK")
    run = "/tmp/fa/run/d3_forkexec"  # noqa: S108  # in a log

    assert {row[0] for row in cells} == {"READ", "WRITE", "PREAD", "OPEN", "CLOSE", "LSEEK", "DUP", "FORK"}
    assert ["OPEN", f"{run}/shared", "19217", "3"] in cells
    assert ["WRITE", f"{run}/shared", "777", "777", "19217"] in cells
    assert ["LSEEK", "19217", "3", f"{run}/shared", "0"] in cells
    assert ["CLOSE", f"{run}/shared"] in cells
    assert ["WRITE", "?", "-", "15", "19230"] in cells or ["WRITE", "?", "-", "15"] in [
        row[:4] for row in cells
    ]
    assert fork == ["FORK", "19217", "19218"]


def test_the_csv_has_a_header_and_every_row() -> None:
    """With all columns."""
    lines = _run(_LOG, "--format", "csv").stdout.decode().splitlines()
    header, *rows = csv.reader(lines)

    assert len(header) == _COLUMNS
    assert len(rows) == 115
    assert {len(row) for row in rows} == {_COLUMNS}
    assert dict(zip(header, rows[-1]))["path"] == "/tmp/fa/run/d2_dupappend/log"  # noqa: S108  # in a log


def test_a_log_may_come_in_many_ways(tmp_path: Path) -> None:
    """Plain, compressed, on stdin, and in pieces."""
    log = lzma.decompress(_LOG.read_bytes())
    (tmp_path / "audit.log").write_bytes(log[len(log) // 2 :])
    (tmp_path / "audit.log.1").write_bytes(log[: len(log) // 2])
    wanted = _run(_LOG).stdout

    assert _run("-", stdin=log).stdout == wanted
    pieces = _run(tmp_path / "audit.log", "--rotated", code=1)
    assert len(pieces.stdout.splitlines()) >= 113


def test_a_log_with_nodes_says_of_which_each_row_is() -> None:
    """Every row has its host."""
    lines = content("d2_dupappend", "raw.log").splitlines(keepends=True)
    log = b"".join(b"node=web1 " + line for line in lines) + b"".join(b"node=web2 " + line for line in lines)
    rows = [json.loads(line) for line in _run("-", stdin=log).stdout.splitlines()]

    assert len(rows) == 230
    assert [row["host"] for row in rows].count("web1") == 115


def test_the_summary_says_what_was_found_and_how_sure_it_is() -> None:
    """On stderr, where it is asked for."""
    said = _run(_LOG, "--summary").stderr.decode()

    assert "rows: 26 READ, 41 WRITE, 2 PREAD, 1 PWRITE, 8 OPEN, 15 CLOSE, 7 LSEEK" in said
    assert "paths: 98.2 % exact, 0.0 % probable, 1.8 % unknown" in said
    assert "events: 114 rows, 3 state, 4 other" in said


def test_the_summary_is_said_to_whoever_sits_at_a_terminal() -> None:
    """Unasked."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mig_audit", "files", str(_LOG)]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, check=True, timeout=60)
    os.close(theirs)
    said = os.read(ours, 65536)
    os.close(ours)

    assert b"mig-audit: rows: " in said


def test_what_is_missing_is_said() -> None:
    """In rows, in the summary, and in the line that every reader of logs has."""
    lines = content("d2_dupappend", "raw.log").splitlines(keepends=True)
    log = b"".join(line for line in lines if b":1090920" not in line)
    result = _run("-", "--summary", stdin=log)
    rows = [json.loads(line) for line in result.stdout.splitlines()]

    gap = next(row for row in rows if row["row"] == "GAP")
    assert set(gap) == {"time", "host", "serial", "row", "missing", "duration_ms"}
    assert b"gaps, in which" in result.stderr
    assert b"serials missing" in result.stderr


def test_lines_that_are_no_records_make_the_exit_code_1() -> None:
    """The rows are there all the same."""
    result = _run("-", stdin=b"nonsense\n" + content("d2_dupappend", "raw.log"), code=1)

    assert len(result.stdout.splitlines()) == 115
    assert b"1 line is no record" in result.stderr


def test_totals_are_tables() -> None:
    """Those with the most bytes first."""
    table = _run(_LOG, "--top=files", "-n", 1).stdout.decode()
    lines = _run(_LOG, "--top=exes,users", "--json").stdout.splitlines()

    assert table == (
        "opens  failures  reads  bytes_read  writes  bytes_written  files\n"
        "    6         0     25         398      41           2055  /tmp/fa/run/d2_dupappend/log\n"
    )
    assert [json.loads(line)["kind"] for line in lines] == ["exes", "exes", "users"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--top=colours"], b"colours"),
        (["--json"], b"--top"),
        (["--format", "mozdef"], b"jsonl"),
        (["-n", "0"], b"no number of rows"),
    ],
)
def test_what_is_not_understood_is_said(arguments: list[str], word: bytes) -> None:
    """With exit code 2."""
    result = _run(_LOG, *arguments, code=2)

    assert word in result.stderr
    assert result.stdout == b""


def test_a_snapshot_tells_what_was_open_before(tmp_path: Path) -> None:
    """One that does not fit its schema is refused."""
    seed = tmp_path / "seed.json"
    descriptor = {"fd": 4, "path": "/srv/truth.jsonl", "mode": "100600", "position": 12}
    seed.write_text(json.dumps({"processes": [{"pid": 18808, "threads": 1, "descriptors": [descriptor]}]}))
    first = json.loads(_run(_LOG, "--seed", seed).stdout.splitlines()[0])
    seed.write_text('{"processes": 7}')

    assert (first["path"], first["start"], first["flags"]) == ("/srv/truth.jsonl", 12, ["seeded"])
    assert b"$.processes" in _run(_LOG, "--seed", seed, code=2).stderr


def test_the_schema_is_published() -> None:
    """By its name."""
    command = [sys.executable, "-m", "mig_audit", "schema", "files"]
    result = subprocess.run(command, capture_output=True, check=True, timeout=60)

    assert json.loads(result.stdout)["$id"].endswith("audit.files.v1.schema.json")


def test_other_commands_do_not_import_it() -> None:
    """It takes some milliseconds that a run, or a replay, can do without."""
    script = """
import sys
from mig_audit.cli import main
main(["replay", "-"])
sys.exit(any("audit.files" in name for name in sys.modules))
"""
    result = subprocess.run([sys.executable, "-c", script], input=b"", check=False, timeout=60)

    assert result.returncode == 0
