"""The script that an execve started: the kernel's records show it, and no other process need be looked at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.enrichment.told import Told

# The dynamic loader, which the kernel opens last: ld-linux-x86-64.so.2, ld-2.31.so, ld64.so.2, ld-musl-x86_64.so.1.
_LOADER = re.compile(r"(?:.*/)?ld(?:[0-9]{2})?[-.][^/]*so(?:\.[0-9]+)*")


def find_script(started: Told) -> Optional[str]:
    """Return the path of the file that was executed, if an interpreter runs in its place; None if it is a program.

    The kernel opens the file, then the interpreter that its first line names (fs/binfmt_script.c), then the loader of
    that; each is an item. A program has no item but itself and its loader.
    """
    if not started.starts:
        return None
    items = [item for item in started.files if item.nametype == "NORMAL"]
    if items and _LOADER.fullmatch(items[-1].path or items[-1].name or ""):
        items.pop()
    if len(items) < 2 or not started.all_files:  # noqa: PLR2004 - a script and its interpreter
        return None
    return items[0].path or items[0].name


def program_inode(started: Told) -> Optional[tuple[int, str]]:
    """Return inode and device of the program that an execve started; None if the records do not tell."""
    items = [item for item in started.files if item.nametype == "NORMAL"]
    if len(items) > 1 and _LOADER.fullmatch(items[-1].path or items[-1].name or ""):
        items.pop()
    if not items or items[-1].inode is None or items[-1].dev is None or not started.all_files:
        return None
    return items[-1].inode, items[-1].dev
