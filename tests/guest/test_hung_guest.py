"""Guests end: what hangs is ended at its deadline, and nothing of it stays on the host."""

from __future__ import annotations

from pathlib import Path

import pytest
from guests import boot_guest

pytestmark = pytest.mark.guest


def test_a_guest_that_hangs_is_ended_and_shows_its_console(tmp_path: Path) -> None:
    """All processes of it, which are many for the host, and its memory."""
    setup = "echo it begins to hang\nsleep 1000 & wait"
    with pytest.raises(pytest.fail.Exception, match="it begins to hang"):
        boot_guest(tmp_path, {"window": "1s", "rules": []}, setup=setup, deadline=8)

    assert [name for name in map(_command_line, Path("/proc").iterdir()) if str(tmp_path) in name] == []


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
