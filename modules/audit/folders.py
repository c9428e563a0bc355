"""Folders that others could change are no place for what a run leaves or offers."""

from __future__ import annotations

import os
import stat

from mig_audit.errors import UsageError
from mig_audit.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def refuse_shared(folder: Path, status: os.stat_result, what: str) -> None:
    """Refuse a folder in which others could exchange our files: not ours, or open to others and not sticky.

    Raises:
        UsageError: it is one; ``what`` names it.
    """
    open_to_others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
    if open_to_others or status.st_uid not in {0, os.geteuid()}:
        raise UsageError(
            f"{what} {folder} can be changed by other users",
            "name a folder that belongs to root and that only root can write to",
        )
