"""The line around the details, and what holds for every line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from audisp_json_lines import call, line, path
from audisp_json_logs import log, printed, write
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.formats import grouping_of, is_json, make_format

if TYPE_CHECKING:
    from collections.abc import Iterator

ORIGIN = Origin("h", TableNames({}, {}))


@pytest.fixture(autouse=True)
def zones() -> Iterator[pytest.MonkeyPatch]:
    """Let every zone be that of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield patch
    time.tzset()


def test_a_line_has_this_shape() -> None:
    """Every value a text, a space after each colon."""
    assert line("SYSCALL syscall=101") == (
        b'{"category": "ptrace","summary": "Ptrace","severity": "INFO","hostname": "h","processid": "0",'
        b'"processname": "audisp-json","timestamp": "1970-01-01T00:00:01+0000","tags": ["audisp-json","2.2.10","audit"],'
        b'"details": {"auditserial": "42"}}'
    )


@pytest.mark.parametrize(
    ("zone", "second", "timestamp"),
    [
        ("UTC", 253_402_300_799, b"9999-12-31T23:59:59+0000"),
        ("CET-1CEST,M3.5.0,M10.5.0", 1_700_000_000, b"2023-11-14T23:13:20+0100"),
        ("CET-1CEST,M3.5.0,M10.5.0", 1_690_000_000, b"2023-07-22T06:26:40+0200"),
        ("NST3:30", 1_700_000_000, b"2023-11-14T18:43:20-0330"),
    ],
)
def test_time_is_that_of_the_host(
    zone: str, second: int, timestamp: bytes, zones: pytest.MonkeyPatch
) -> None:
    """Local, without the fraction."""
    zones.setenv("TZ", zone)
    time.tzset()

    assert b'"timestamp": "%b"' % timestamp in (line(call(), second=second) or b"")


def test_the_host_name_breaks_no_line() -> None:
    """It can be anything that an administrator, or a program with their rights, sets."""
    assert b'"hostname": "evilh","processid"' in (line(call(), hostname='evil"\n\\h') or b"")


def test_the_format_says_what_it_is() -> None:
    """No JSON that anyone could rely on, of events as libauparse has them."""
    form = make_format("audisp-json", ORIGIN)

    assert grouping_of(form) == "auparse"
    assert not is_json(form)


def test_enriched_records_give_the_same_lines() -> None:
    """What auditd appends is not printed."""
    plain = b"".join(each.partition(b"\x1d")[0] + b"\n" for each in log("file-enriched").split(b"\n")[:-1])

    assert write(plain)[0] == printed("file-enriched").split(b"\n")[:-1]


_VALUES = st.one_of(
    st.sampled_from(
        ["", "(null)", '"', '"a b"', "6162", "0A0D22", "\n", "\0", "\x1d", "x=", "-1", "9" * 30, "'", "\\n"]
    ),
    st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=8),
)
_NAMES = st.sampled_from(
    [
        "argc",
        "a0",
        "a1",
        "a2",
        "name",
        "syscall",
        "key",
        "auid",
        "uid",
        "cwd",
        "dev",
        "apparmor",
        "info",
        "msg",
        "comm",
    ]
)
_RECORDS = st.tuples(
    st.sampled_from(
        ["SYSCALL", "EXECVE", "CWD", "PATH", "AVC", "ANOM_PROMISCUOUS", "USER_AVC", "UNKNOWN[0]", "EOE"]
    ),
    st.lists(st.tuples(_NAMES, _VALUES).map("=".join), max_size=6).map(" ".join),
).map(" ".join)


@given(st.lists(_RECORDS, max_size=6), st.sampled_from([59, 87, 2, 41, 16]))
def test_no_record_is_too_odd(records: list[str], number: int) -> None:
    """Encoding never raises, and nothing in a record ends the line or its values."""
    data = line(call(number), *[record.replace("\n", " ") for record in records], path())

    assert data is None or (data.startswith(b'{"category": "') and data.endswith(b'"}}'))
    assert data is None or not set(data) & set(b"\n\r\t\0\\")


@given(st.lists(st.one_of(_RECORDS, st.text(max_size=20)), max_size=12))
def test_any_log_is_accounted_for(records: list[str]) -> None:
    """Each line is in an event, or counted."""
    data = b"".join(
        f"type={kind} msg=audit({100 + index % 5}.000:{index % 3}): {body}\n".encode("latin-1", "replace")
        for index, (kind, _, body) in enumerate(
            record.replace("\n", " ").partition(" ") for record in records
        )
    )
    lines, account = write(data)

    assert account.balanced
    assert account.received == len(records)
    assert account.pending == 0
    assert len(lines) <= account.events
