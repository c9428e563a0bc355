"""Words for what was done to a file."""

from __future__ import annotations

from typing import Optional

import pytest
from audit_events import decode, path, syscall

from mig_audit.modules.audit.formats.file_actions import file_action, file_kind, permissions


@pytest.mark.parametrize(
    ("lines", "action"),
    [
        ([syscall(2), path()], "open"),
        ([syscall(2, a1="241"), path(nametype="CREATE")], "create"),
        ([syscall(85), path(nametype="CREATE")], "create"),
        ([syscall(83), path(nametype="CREATE")], "create"),
        ([syscall(87), path(nametype="DELETE")], "delete"),
        ([syscall(84), path(nametype="DELETE")], "delete"),
        ([syscall(82), path()], "rename"),
        ([syscall(0)], "read"),
        ([syscall(1)], "update"),
        ([syscall(76), path()], "update"),
        ([syscall(90), path()], "security"),
        ([syscall(92), path()], "security"),
        ([syscall(188), path()], "attributes"),
        ([syscall(4), path()], "examine"),
        ([syscall(59), path()], None),
        (["type=USER_LOGIN pid=1 msg='op=x'"], None),
    ],
)
def test_a_call_on_a_file_has_a_word(lines: list[str], action: Optional[str]) -> None:
    """None for calls on anything else."""
    assert file_action(decode(*lines)) == action


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("0100644", "file"),
        ("040755", "directory"),
        ("0120777", "symlink"),
        ("020620", "character-device"),
        ("060660", "block-device"),
        ("010600", "named-pipe"),
        ("0140777", "socket"),
        ("00", None),
        ("0100648", None),
        ("\u00b2", None),
        ("", None),
        (None, None),
        ("7" * 13, None),
    ],
)
def test_a_mode_tells_the_kind_of_file(mode: Optional[str], kind: Optional[str]) -> None:
    """A mode that is none tells nothing."""
    assert file_kind(mode) == kind


def test_permissions_are_four_digits() -> None:
    """With the bits for set-uid, set-gid and sticky."""
    assert (permissions("0104755"), permissions(None)) == ("4755", None)
