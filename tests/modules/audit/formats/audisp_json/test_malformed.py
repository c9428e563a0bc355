"""Where audisp-json crashes, hangs or corrupts its memory, there is an event, and the next one is as ever.

docs/audisp-json.md tells all of this; the first test holds it to that.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from audisp_json_logs import LINE_LIMIT, malformed, malformed_names, write

from mig_audit.modules.audit.records.rawline import escape

DOCUMENT = (Path(__file__).parents[5] / "docs" / "audisp-json.md").read_text(encoding="utf-8")
_SURVIVOR = b'"summary": "Write: /tmp/survived"'
_FIELD = re.compile(rb'"([a-z]+)": "([^"]*)"')


def _first(name: str) -> bytes:
    """Return the line before that of the event which follows in every malformed log."""
    lines, account = write(malformed(name))
    assert account.balanced
    assert _SURVIVOR in lines[-1]
    assert len(lines) == 2
    return lines[0]


def _value(line: bytes, key: bytes) -> bytes:
    """Return the last value of a key, which is that of the first record."""
    values: dict[bytes, bytes] = dict(_FIELD.findall(line))
    return values[key]


@pytest.mark.parametrize("name", malformed_names())
def test_every_malformed_log_is_in_the_document(name: str) -> None:
    """With what the original does, and what is done here."""
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("name", malformed_names())
def test_what_follows_a_malformed_event_is_as_ever(name: str) -> None:
    """And every line of the log is accounted for."""
    lines, account = write(malformed(name))

    assert _SURVIVOR in lines[-1]
    assert account.balanced
    assert not any(b"\n" in line for line in lines)


@pytest.mark.parametrize("name", ["type-empty", "type-uppercase", "type-zero"])
def test_a_line_without_a_type_is_kept_aside(name: str) -> None:
    """The original never comes back from it."""
    lines, account = write(malformed(name))

    assert len(lines) == 1
    assert account.aside > 0


def test_a_record_of_type_0_says_nothing() -> None:
    """The original never comes back from this one either."""
    lines, account = write(b"type=UNKNOWN[0] msg=audit(1.000:1): a=b\n" + malformed("type-zero"))

    assert _SURVIVOR in lines[-1]
    assert account.balanced


@pytest.mark.parametrize("name", ["argc-huge", "argc-negative"])
def test_arguments_that_are_there_are_printed_whatever_their_count(name: str) -> None:
    """The original looks for each of them, for minutes."""
    assert b'"summary": "Execve: x"' in _first(name)


@pytest.mark.parametrize("count", [30, 31, 32, 34, 40])
def test_an_event_has_all_its_paths(count: int) -> None:
    """From the 31st on, the original writes beyond its buffer."""
    line = _first(f"paths-{count}")

    assert (len(line) > LINE_LIMIT) == (count > 30)
    assert line.count(b'"path": ') == count
    assert line.endswith(b"}}")


@pytest.mark.parametrize("name", ["json-over-4096", "json-over-4096-hex"])
def test_a_line_is_as_long_as_it_must_be(name: str) -> None:
    """The original writes beyond its buffer; the summary is cut, as there."""
    line = _first(name)

    assert len(line) > LINE_LIMIT
    assert len(_value(line, b"summary")) == 255
    assert line.endswith(b"}}")


def test_many_records_are_one_event() -> None:
    """The original has room for the types of 128."""
    assert b'"summary": "Write: (null)"' in _first("records-200")


@pytest.mark.parametrize(
    ("name", "summary"),
    [("apparmor-info-unlink", b"Write: /tmp/AAA"), ("apparmor-noinfo-unlink", b"Write: /tmp/x")],
)
def test_a_denial_of_apparmor_has_the_summary_of_its_call(name: str, summary: bytes) -> None:
    """The original writes it over its parser's memory, or through a null pointer."""
    line = _first(name)

    assert _value(line, b"summary").startswith(summary)
    assert len(_value(line, b"summary")) <= 255
    assert _value(line, b"aaresult") == b"DENIED"


def test_control_characters_are_printed_as_they_are() -> None:
    """As there; what is no JSON then stays on one line at least."""
    line = _first("ctrl-json")

    assert _value(line, b"path") == b"/tmp/\x07bell"
    assert _value(line, b"processname") == b"a\x01\x1fb"


def test_a_line_is_read_up_to_a_byte_0() -> None:
    """And the next one is glued to it, as there, so that what that one says is lost."""
    lines, account = write(_with_name(b'"/a\0b"'))

    assert _value(lines[0], b"path") == b"/atype=CWD"
    assert b'"cwd"' not in lines[0]
    assert account.balanced
    assert account.aside == 1


def test_a_record_of_our_raw_log_is_read_up_to_a_byte_0() -> None:
    """No other program can have one."""
    stamp = b"audit(1.000:1): "
    restored = escape(stamp + b'item=0 name="/a\0b"')
    lines, account = write(_call() + b"type=PATH msg=%b\ntype=EOE msg=%b\n" % (restored, stamp))

    assert _value(lines[0], b"path") == b"/a"
    assert account.balanced


def test_a_record_is_read_up_to_a_newline() -> None:
    """Only a program can have sent it, and only our raw log can hold it."""
    stamp = b"audit(1.000:1): "
    restored = escape(stamp + b'item=0 name="/a\n","forged": "x"')
    lines, account = write(_call() + b"type=PATH msg=%b\ntype=EOE msg=%b\n" % (restored, stamp))

    assert len(lines) == 1
    assert _value(lines[0], b"path") == b"/a"
    assert b"forged" not in lines[0]
    assert account.balanced


def _call() -> bytes:
    return b"type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=87\n"


def _with_name(name: bytes) -> bytes:
    """Return the records of an event with a path of that name, another record after it."""
    records = (b"PATH msg=audit(1.000:1): name=%b" % name, b'CWD msg=audit(1.000:1): cwd="/w"')
    return _call() + b"".join(b"type=%b\n" % record for record in records)
