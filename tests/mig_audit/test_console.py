"""What people read beside the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.console import _show_progress, say

if TYPE_CHECKING:
    import pytest


def test_a_file_name_in_the_progress_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Only what we write does: back to the beginning of the line, and clear it."""
    _show_progress("a\x1b[2J\nb: 5 records")

    assert capsys.readouterr().err == "\r\x1b[Ka\\x1b[2J\\nb: 5 records"


def test_what_is_said_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Under our name."""
    say("a\x1b[2J\nmig-audit: b")

    assert capsys.readouterr().err == "mig-audit: a\\x1b[2J\\nmig-audit: b\n"
