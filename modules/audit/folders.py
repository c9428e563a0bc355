"""Folders that others could change are no place for what a run leaves or offers."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from mig_audit.errors import UsageError

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
    refuse_planted(folder, what)


def refuse_planted(folder: Path, what: str) -> None:
    """Refuse a folder that another user has put where it is, or a link of theirs on the way to it.

    Where everybody may make files (/tmp), a name can be taken before we come. What is not there yet is nobody's.

    Raises:
        UsageError: it is one; ``what`` names it.
    """
    for place in (folder, *folder.parents):
        if not os.path.lexists(place) or not place.parent.stat().st_mode & stat.S_IWOTH:
            continue
        if place.lstat().st_uid not in {0, os.geteuid()}:
            raise UsageError(
                f"{what} {folder} may be a trap: {place} is another user's, in a folder that is open to all",
                "name a folder that belongs to root and that only root can write to",
            )
