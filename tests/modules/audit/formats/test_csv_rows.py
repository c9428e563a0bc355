"""Rows of comma-separated values, read by Python's own reader."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audit_events import (
    BUSY_HOST_EVENTS,
    HOST,
    ORIGIN,
    busy_host,
    decode,
    enriched,
    hostile_exec,
    hostile_login,
    hostile_text,
    path,
    syscall,
)
from hypothesis import given

from mig_audit.modules.audit.formats import header_of
from mig_audit.modules.audit.formats.csv_rows import CsvFormat

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

FORMAT = CsvFormat(ORIGIN)


def _read(data: bytes) -> dict[str, str]:
    """Read one row as strictly as the reader can."""
    columns, values = csv.reader(
        io.StringIO(f"{header_of(FORMAT).decode()}\r\n{data.decode()}\r\n"), strict=True
    )
    assert len(columns) == len(values) == len(set(columns))
    return dict(zip(columns, values))


def _row(event: Event) -> dict[str, str]:
    return _read(FORMAT.encode(event))


def test_a_row_has_a_value_for_each_column() -> None:
    """Empty for what no record says."""
    row = _row(
        decode(
            syscall(2, success="no", exit="-13", key='"T1003.008_shadow"'), path('"/etc/shadow"'), "type=EOE "
        )
    )

    assert {name: value for name, value in row.items() if value} == {
        "timestamp": "2026-11-21T07:27:03.203+00:00",
        "host": HOST,
        "serial": "380661",
        "category": "read",
        "summary": "Read: /etc/shadow",
        "success": "no",
        "exit": "-13",
        "errno": "EACCES",
        "keys": "T1003.008_shadow",
        "techniques": "T1003.008",
        "auid": "1000",
        "login_user": "kang",
        "uid": "0",
        "user": "root",
        "euid": "0",
        "effective_user": "root",
        "gid": "0",
        "group": "root",
        "session": "7",
        "tty": "pts0",
        "pid": "42",
        "ppid": "41",
        "comm": "cat",
        "exe": "/usr/bin/cat",
        "path": "/etc/shadow",
        "syscall": "open",
        "arguments": "a1=O_RDONLY",
        "arch": "x86_64",
        "types": "SYSCALL PATH EOE",
    }


@pytest.mark.parametrize(
    ("folder", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("+1", "'+1"),
        ("-cmd", "'-cmd"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("'x", "''x"),
        ("-17", "-17"),
        ("x=1", "x=1"),
    ],
)
def test_what_a_spreadsheet_would_run_has_an_apostrophe(folder: str, cell: str) -> None:
    """Which one can take away again; negative numbers are harmless."""
    event = decode(syscall(59), f"type=CWD cwd={folder.encode().hex().upper()}")

    assert _row(event)["cwd"] == cell


def test_what_enrichment_adds_has_columns() -> None:
    """Parent, place, script, hash, labels, and what could not be told."""
    row = _row(enriched(decode(syscall(59)), b"=x"))

    assert (row["parent_comm"], row["parent_exe"], row["parent_command"]) == ("'=x", "'=x", "'=x")
    assert (row["container"], row["unit"], row["sha256"]) == ("c" * 64, "'=x", "ab" * 32)
    assert (row["script"], row["labels"], row["unknown"]) == ("'=x", "'=x", "sha256: large")


@given(hostile_text())
def test_no_text_leaves_its_cell(text: bytes) -> None:
    """Each row has its columns, each value can be told back, and none begins a formula."""
    for event in (hostile_exec(text), hostile_login(text)):
        row = _row(event)
        assert not any(
            value.lstrip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
            and not re.fullmatch(r"-?[0-9]+", value)
            for value in row.values()
        )
        comm = row["comm"]
        assert (comm.removeprefix("'")) == (event.process.comm or "")


def test_every_event_of_a_busy_host_is_a_row() -> None:
    """All 20,719 in one table."""
    table = b"\r\n".join([header_of(FORMAT), *(FORMAT.encode(event) for event in busy_host())])
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8")), strict=True))

    assert len(rows) == BUSY_HOST_EVENTS
    assert all(None not in row and None not in row.values() for row in rows)
    assert [row["serial"] for row in rows] == [str(event.serial) for event in busy_host()]


def test_the_documentation_has_the_columns_in_their_order() -> None:
    """For who gets rows alone."""
    text = (Path(__file__).parents[4] / "docs" / "formats.md").read_text()

    assert f"\n{header_of(FORMAT).decode()}\n" in text
