"""Lines for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from audit_events import ORIGIN, decode, hostile_exec, hostile_text, path, syscall
from hypothesis import given

from mig_audit.modules.audit.formats.text_line import TextFormat

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

FORMAT = TextFormat(ORIGIN)
TIME = "2026-11-21 07:27:03.203 audit-host.example.com"
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def _line(event: Event) -> str:
    return FORMAT.encode(event).decode("utf-8")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            decode(syscall(2, success="no", exit="-13"), path('"/etc/shadow"'), "type=EOE "),
            f"{TIME} kang as root cat[42] EACCES [etc] Read: /etc/shadow",
        ),
        (
            decode(syscall(59, key="(null)"), 'type=EXECVE argc=2 a0="cat" a1="-n"', path(), "type=EOE "),
            f"{TIME} kang as root cat[42] ok Execve: cat -n",
        ),
        (
            decode(
                'type=USER_LOGIN pid=7 uid=0 auid=4294967295 msg=\'op=login acct="eve" exe="/usr/sbin/sshd" res=failed\''
            ),
            f"{TIME} root sshd[7] failed Session: USER_LOGIN login eve failed",
        ),
        (
            decode("type=CONFIG_CHANGE op=set audit_enabled=1 res=1", node="web-1"),
            f"{TIME.replace('audit-host.example.com', 'web-1')} - - ok Config: CONFIG_CHANGE set success",
        ),
        (decode("type=USER_END pid=7 uid=7777 auid=7777"), f"{TIME} 7777 -[7] - Session: USER_END"),
        (decode(syscall(2)), f"{TIME} kang as root cat[42] ok [etc] [incomplete: path] Read: open"),
    ],
)
def test_an_event_is_a_line(event: Event, line: str) -> None:
    """When, where, who, with what, how it ended, why it is known, what."""
    assert _line(event) == line


def test_colours_change_no_word() -> None:
    """They stand around words; what failed is red."""
    event = decode(syscall(2, success="no", exit="-13"), path(), "type=EOE ")
    line = FORMAT.coloured().encode(event).decode("utf-8")

    assert "\x1b[31mEACCES\x1b[0m" in line
    assert _ESCAPE.sub("", line) == _line(event)


@given(hostile_text())
def test_no_text_looks_like_another_part_of_the_line(text: bytes) -> None:
    """A program's name with blanks, quotes or brackets is in quotes, keys too, and what it says comes last."""
    line = _line(hostile_exec(text))
    word = r'(?:[^\s"\[\]]+|"(?:[^"\\]|\\.)*")'

    assert re.match(
        rf"{re.escape(TIME)} kang as root {word}\[42\] ok \[{word}(?: {word})*\] (?:\[incomplete: [a-z ]+\] )?Execve: ",
        line,
    )
