"""Lines of auditd's format become records; anything else is refused with our error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import RecordError
from mig_audit.modules.audit.records import Record, parse_line

LINE = b'type=CWD msg=audit(1795246023.203:380661): cwd="/srv/work"'


def test_a_line_is_taken_apart() -> None:
    """The head becomes typed, the fields stay bytes."""
    assert parse_line(LINE) == Record(
        type="CWD",
        node="",
        seconds=1795246023,
        milliseconds=203,
        serial=380661,
        stamp=b"1795246023.203:380661",
        body=b'cwd="/srv/work"',
        enriched=None,
    )


def test_a_newline_at_the_end_is_no_part_of_the_record() -> None:
    """Lines of a file and lines without their newlines give the same record."""
    assert parse_line(LINE + b"\n") == parse_line(LINE)


def test_a_record_is_immutable_and_typed() -> None:
    """The fast way to make one makes the same as the class."""
    record = parse_line(LINE)

    assert type(record) is Record
    with pytest.raises(AttributeError):
        record.serial = 1  # type: ignore[misc]  # that is what is tested


def test_the_node_prefix_is_kept() -> None:
    """Logs of several hosts name the host in front."""
    assert parse_line(b"node=web-1.example.com " + LINE).node == "web-1.example.com"


def test_a_node_cannot_carry_control_characters() -> None:
    """The node is text that was sent over the network."""
    assert parse_line(b"node=a\x1b[2J " + LINE).node == r"a\x1b[2J"


def test_what_auditd_adds_is_kept_apart() -> None:
    """The interpretation after 0x1D is not part of the fields."""
    record = parse_line(LINE + b'\x1dOUID="root"')

    assert (record.body, record.enriched) == (b'cwd="/srv/work"', b'OUID="root"')


def test_only_the_last_separator_separates() -> None:
    """A program's text may hold the separator; auditd's addition comes after all of it."""
    record = parse_line(b"type=USER msg=audit(1.000:1): msg='a\x1db'\x1dUID=\"root\"")

    assert (record.body, record.enriched) == (b"msg='a\x1db'", b'UID="root"')


@pytest.mark.parametrize("end", [b": ", b":"])
def test_a_record_may_be_without_fields(end: bytes) -> None:
    """EOE has none, and editors strip the space after the colon."""
    assert parse_line(b"type=EOE msg=audit(1.000:1)" + end).body == b""


def test_a_number_that_has_a_name_by_now_is_named() -> None:
    """An old auditd writes UNKNOWN[1334] for BPF."""
    assert parse_line(b"type=UNKNOWN[1334] msg=audit(1.000:1): op=LOAD").type == "BPF"


def test_a_number_without_a_name_keeps_its_form() -> None:
    """Types that nobody has named yet remain what auditd called them."""
    assert parse_line(b"type=UNKNOWN[1999] msg=audit(1.000:1): a=b").type == "UNKNOWN[1999]"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"   ",
        b"type= msg=audit(1.000:1): x=y",
        b"TYPE=SYSCALL msg=audit(1.000:1): x=y",
        b"foo=bar msg=audit(1.000:1): x=y",
        b"type=SYSCALL msg=audit(1.000:1)",
        b"type=SYSCALL msg=audit(1.0:1): x",
        b"type=SYSCALL msg=audit(1.1000:1): x",
        b"type=SYSCALL msg=audit(-1.000:1): x",
        b"type=SYSCALL msg=audit(1.000:4294967296): x",
        b"type=SYSCALL msg=audit(999999999999.000:1): x",
        b"type=SYSCALL msg=audit(11/21/26 07:27:03.175:380656) : x",
        b"type=CWD msg=audit(1.000:1): cwd=" + b"A" * 70_000,
        b"\x00" * 100,
        b"----",
    ],
)
def test_what_is_no_record_is_refused_with_our_error(line: bytes) -> None:
    """The error says what and what to expect, in printable text."""
    with pytest.raises(RecordError) as caught:
        parse_line(line)

    assert caught.value.what
    assert caught.value.remedy
    assert str(caught.value).isprintable()


@given(st.binary(max_size=200))
def test_no_line_raises_anything_else(line: bytes) -> None:
    """Whatever the bytes are, there is a record or our error."""
    try:
        parse_line(line)
    except RecordError as error:
        assert error.exit_code == 1  # noqa: PT017 - either way is right; only another error is not


@given(st.binary(max_size=300).filter(lambda body: b"\x1d" not in body and not body.endswith(b"\n")))
def test_the_fields_are_exactly_the_bytes_behind_the_head(body: bytes) -> None:
    """Nothing of a record is lost, whatever it holds."""
    assert parse_line(b"type=USER msg=audit(1.000:1): " + body).body == body
