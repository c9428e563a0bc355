"""Arguments as a command line."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events.command_line import command_line
from mig_audit.modules.audit.records import printable

_ARGUMENTS = st.lists(st.binary(max_size=12).map(printable))


@given(arguments=_ARGUMENTS)
def test_a_shell_takes_it_apart_into_the_arguments(arguments: list[str]) -> None:
    """So that no two lists of them read alike."""
    assert shlex.split(command_line(arguments)) == arguments


@pytest.mark.parametrize("line", ["ls -l /tmp", "tar xf a,b.tar.gz --mode=+x", "ssh root@h:22 a_b 100%"])
def test_ordinary_command_lines_have_no_quotes(line: str) -> None:
    """They are as they were typed."""
    assert command_line(line.split()) == line


def test_quotes_stand_where_a_shell_needs_them() -> None:
    """Around an empty argument too, or one that reads as if it was missing."""
    assert command_line(["b", "a b", ""]) == "b 'a b' ''"
    assert command_line(["sh", "-c", "echo $HOME; it's"]) == """sh -c 'echo $HOME; it'"'"'s'"""
    assert command_line(["x", None, "(missing)"]) == "x (missing) '(missing)'"
