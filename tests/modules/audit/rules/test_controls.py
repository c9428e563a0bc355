"""The options that are no rules."""

from __future__ import annotations

from typing import Optional

import pytest

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules import Names, ParsedRule, parse_rule
from mig_audit.modules.audit.rules.controls import CONTROLS, Control, takes_argument
from mig_audit.modules.audit.rules.text import parse_file, parse_line

_NOBODY: dict[str, int] = {}
_NAMES = Names(_NOBODY.get, _NOBODY.get, lambda _path: False, "x86_64")
_ARGUMENTS = {"-m": "hello", "-q": "/mnt,/srv", "--signal": "usr1"}


def _controls(line: str) -> tuple[Control, ...]:
    parsed = parse_line(line, _NAMES)
    assert not isinstance(parsed, ParsedRule)
    return parsed


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("-b 8192", "-b", 8192),
        ("-b64", "-b", 64),
        ("-b 0x100", "-b", 256),
        ("-r 010", "-r", 8),
        ("-r 4294967295", "-r", 4294967295),
        ("--backlog_wait_time 60000", "--backlog_wait_time", 60000),
        ("--backlog_wait_time=0", "--backlog_wait_time", 0),
        ("--backlog_w 7", "--backlog_wait_time", 7),
        ("-e 2", "-e", 2),
        ("-f 0", "-f", 0),
        ("-D", "-D", None),
        ("-D -k exec", "-D", None),
        ("-i", "-i", None),
        ("-c", "-c", None),
        ("-l", "-l", None),
        ("-l -i", "-l", None),
        ("-l -k exec", "-l", None),
        ("-s -i", "-s", None),
        ("-v", "-v", None),
        ("-t", "-t", None),
        ("-m hello", "-m", None),
        ("-q /mnt,/srv", "-q", None),
        ("--signal rotate", "--signal", None),
        ("--loginuid-immutable", "--loginuid-immutable", None),
        ("--reset-lost", "--reset-lost", None),
        ("--reset_backlog_wait_time_actual", "--reset_backlog_wait_time_actual", None),
    ],
)
def test_a_control_option_has_a_line_of_its_own(line: str, name: str, value: Optional[int]) -> None:
    """It keeps its full name, its number, and its text as it was written."""
    assert _controls(line) == (Control(name, value, line),)


def test_a_line_may_have_several() -> None:
    """Each with its own piece of the line."""
    assert _controls("  -b 8192  -f 1 ") == (Control("-b", 8192, "-b 8192"), Control("-f", 1, "-f 1"))
    assert _controls("-b 8192 -c") == (Control("-b", 8192, "-b 8192"), Control("-c", None, "-c"))


@pytest.mark.parametrize(
    ("line", "pointed_at"),
    [
        ("-b x", "x"),
        ("-b -1", "-1"),
        ("-b 5x", "x"),
        ("-b 08", "8"),
        ("-r 4294967296", "4294967296"),
        ("-r 99999999999999999999", "99999999999999999999"),
        ("-r", ""),
        ("--backlog_wait_time=", ""),
        ("--backlog_wait_time=-1", "-1"),
        ("-e 3", "3"),
        ("-e 01", "01"),
        ("-f x", "x"),
        ("-D foo", "foo"),
        ("-D -e 1", "-e 1"),
        ("-D -k a -k b", "-k b"),
        ("-l -D", "-D"),
        ("-s -k a", "-k a"),
        ("-s -i -i", "-i"),
        ("-i -c", "-c"),
        ("-b 64 -i -r 5", "-i"),
        ("-e 1 -i -c", "-i"),
        ("-e 1 -m text", "-m"),
        ("-i -w /etc/passwd", "-w /etc/passwd"),
        ("-e 1 -a always,exit", "-a always,exit"),
        ("-a always,exit -e 1", "-e 1"),
        ("-m one two", "two"),
        ("-m a\x07b", "\x07"),
        ("-m é", "é"),
        ("-q /mnt", "/mnt"),
        ("-q /mnt,", "/mnt,"),
        ("-q /a,/b,/c", "/a,/b,/c"),
        ("--signal KILL", "KILL"),
        ("-R /etc/more.rules", "/etc/more.rules"),
        ("--reset", "--reset"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_column(line: str, pointed_at: str) -> None:
    """As for rules."""
    with pytest.raises(RuleError) as raised:
        parse_line(line, _NAMES)
    assert raised.value.column == line.rindex(pointed_at) + 1


@pytest.mark.parametrize("name", sorted(CONTROLS))
def test_where_a_rule_is_expected_a_control_option_is_refused(name: str) -> None:
    """A rule is one rule."""
    argument = _ARGUMENTS.get(name, "1")
    with pytest.raises(RuleError, match="is not part of a rule: give it a line of its own"):
        parse_rule(f"{name} {argument}" if takes_argument(name) else name, _NAMES)


def test_a_file_keeps_its_controls_between_its_rules() -> None:
    """In order, each with its line."""
    lines = parse_file(b"-D\n-b 8192\n\n-w /etc/passwd -p wa\n-e 2\n", _NAMES)

    assert [(line.number, [control.name for control in line.controls]) for line in lines] == [
        (1, ["-D"]),
        (2, ["-b"]),
        (4, []),
        (5, ["-e"]),
    ]
    assert lines[2].parsed is not None
