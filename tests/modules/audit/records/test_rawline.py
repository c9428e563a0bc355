"""Texts that would break their line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.records import parse_fields, parse_line
from mig_audit.modules.audit.records.rawline import MARK, escape, original

_HEAD = b"type=USER_LOGIN msg="
_TEXT = b'audit(1700000000.123:7): pid=1 uid=0 auid=1000 ses=2 msg=\'op=login acct="a%b" exe="/bin/x" res=failed\''


@given(st.binary())
def test_an_escaped_text_is_one_line_and_loses_nothing(text: bytes) -> None:
    """For any bytes at all."""
    escaped = escape(text)

    assert b"\n" not in escaped
    assert b"\0" not in escaped
    shown, mark, appended = escaped.rpartition(MARK)
    assert (original(shown, mark[1:] + appended) if mark else escaped) == text


@pytest.mark.parametrize(
    "bad", [b"\n", b"\0", b"\x1d", b"\ntype=SYSCALL msg=audit(1.000:1): x", MARK + b"00"]
)
def test_the_record_is_read_as_it_was_sent(bad: bytes) -> None:
    """With the bytes that could not stand on its line."""
    text = _TEXT % bad
    record = parse_line(_HEAD + escape(text))

    assert record.body == text.partition(b"): ")[2]
    assert record.enriched is None
    assert (b"auid", b"1000") in [(name.encode(), value) for name, value in parse_fields(record.body)]


def test_a_mark_that_a_program_logged_puts_no_words_into_the_kernels_mouth() -> None:
    """Only what is shown but for unsafe bytes is taken for the original."""
    forged = (_TEXT % b"a").replace(b"auid=1000", b"auid=0")
    line = _HEAD + _TEXT % b"a" + MARK + forged.hex().upper().encode()
    record = parse_line(line)

    assert b"auid=1000" in record.body
    assert record.enriched == (MARK + forged.hex().upper().encode())[1:]


@pytest.mark.parametrize(
    "appended", [b"MIG_RAW=zz", b"MIG_RAW=0", b"MIG_RAW=", b'UID="root"', b"MIG_RAW=\xff"]
)
def test_anything_else_behind_the_separator_is_auditds(appended: bytes) -> None:
    """And stays where it is."""
    assert parse_line(_HEAD + _TEXT % b"a" + b"\x1d" + appended).enriched == appended
