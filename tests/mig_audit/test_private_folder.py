"""The folder in which processes find each other."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import AuditUnavailableError, MigAuditError, NotPermittedError
from mig_audit.private_folder import folder_error, open_private

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("number", "kind", "remedy"),
    [
        (errno.EROFS, NotPermittedError, "mount a writable /run"),
        (errno.EACCES, NotPermittedError, "as root"),
        (errno.ELOOP, NotPermittedError, "as root"),
        (errno.ENOSPC, AuditUnavailableError, "free space and inodes in /run"),
        (errno.EMFILE, AuditUnavailableError, "ulimit -n"),
        (errno.EIO, AuditUnavailableError, "kernel's log"),
    ],
)
def test_each_errno_has_its_error_and_remedy(number: int, kind: type[MigAuditError], remedy: str) -> None:
    """Not permitted, or not possible on this host now."""
    error = folder_error("/run/mig-audit", OSError(number, ""))

    assert type(error) is kind
    assert error.what.startswith(f"/run/mig-audit cannot be used: {errno.errorcode[number]}")
    assert remedy in error.remedy


def test_it_is_made_only_where_that_is_wanted(tmp_path: Path) -> None:
    """And is private from the start."""
    folder = tmp_path / "run"
    with pytest.raises(NotPermittedError, match="ENOENT"):
        open_private(str(folder), create=False)
    assert not folder.exists()

    os.close(open_private(str(folder)))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    """A link to one, too."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name, words in (("file", "ENOTDIR"), ("link", "ELOOP|ENOTDIR"), ("missing/run", "ENOENT")):
        with pytest.raises(NotPermittedError, match=f"{name} cannot be used: ({words})"):
            open_private(str(tmp_path / name))
