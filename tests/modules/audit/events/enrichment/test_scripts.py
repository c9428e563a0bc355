"""Scripts behind interpreters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kernel_events import syscall_event

from mig_audit.modules.audit.events.enrichment.scripts import find_script, program_inode
from mig_audit.modules.audit.events.enrichment.told import told_by

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.enrichment.told import Told

_LOADER = "/lib64/ld-linux-x86-64.so.2"


def _told(*names: str, announced: int = 0, success: str = "yes") -> Told:
    items = [
        (
            "PATH",
            f'item={n} name="{name}" inode={n + 70} dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL',
        )
        for n, name in enumerate(names)
    ]
    event = syscall_event(("CWD", 'cwd="/home/a"'), *items, items=announced or len(items), success=success)
    told = told_by(event)
    assert told is not None
    return told


@pytest.mark.parametrize(
    ("names", "script"),
    [
        (("/bin/true", _LOADER), None),
        (("/bin/static",), None),
        (("/opt/x.sh", "/bin/sh", _LOADER), "/opt/x.sh"),
        (("x.sh", "/bin/sh", _LOADER), "/home/a/x.sh"),
        (("/opt/x.sh", "/bin/busybox"), "/opt/x.sh"),
        (("/opt/a.sh", "/opt/b.sh", "/bin/sh", _LOADER), "/opt/a.sh"),
        (("/usr/bin/x", "/lib/ld-musl-x86_64.so.1"), None),
        (("/usr/bin/x", "/lib/ld64.so.2"), None),
        (("/usr/bin/x", "/lib/x86_64-linux-gnu/ld-2.31.so"), None),
        (("/lib64/ld-linux-x86-64.so.2",), None),
        ((), None),
    ],
)
def test_a_script_has_an_interpreter_behind_it(names: tuple[str, ...], script: str) -> None:
    """A program has only its loader."""
    assert find_script(_told(*names)) == script


def test_without_all_items_nothing_is_said() -> None:
    """What is missing may be the interpreter."""
    assert find_script(_told("/opt/x.sh", "/bin/sh", announced=3)) is None
    assert program_inode(_told("/opt/x.sh", announced=3)) is None


def test_what_was_not_started_is_no_script() -> None:
    """The call failed."""
    assert find_script(_told("/opt/x.sh", "/bin/sh", _LOADER, success="no")) is None


@pytest.mark.parametrize(
    ("names", "inode"),
    [
        (("/bin/true", _LOADER), 70),
        (("/bin/static",), 70),
        (("/x.sh", "/bin/sh", _LOADER), 71),
        (("/x.sh", "/bin/busybox"), 71),
    ],
)
def test_the_program_is_the_interpreter(names: tuple[str, ...], inode: int) -> None:
    """By its inode, so that another file of its name is not taken for it."""
    assert program_inode(_told(*names)) == (inode, "fe:01")
