"""What stands in the way of the folder of runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import AuditUnavailableError, NotPermittedError
from mig_audit.modules.audit.kernel.run_folder import obstacle

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_that_is_there_or_can_be_made_is_no_obstacle(tmp_path: Path) -> None:
    """And nothing is made by looking."""
    assert obstacle(str(tmp_path)) is None
    assert obstacle(str(tmp_path / "runs")) is None
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_place_for_it_that_is_said(tmp_path: Path) -> None:
    """By the folder that is missing."""
    error = obstacle(str(tmp_path / "missing" / "runs"))

    assert isinstance(error, NotPermittedError)
    assert f"{tmp_path / 'missing'} cannot be written" in error.what
    assert "ENOENT" in error.what


@pytest.mark.parametrize("kind", ["directory", "FIFO"])
def test_a_lock_that_is_no_file_is_an_obstacle(tmp_path: Path, kind: str) -> None:
    """Nobody could take it."""
    lock = tmp_path / "lock"
    lock.mkdir() if kind == "directory" else os.mkfifo(lock)

    error = obstacle(str(tmp_path))

    assert isinstance(error, NotPermittedError)
    assert kind in error.what


_PLENTY = {
    "f_frsize": 4096,
    "f_blocks": 1 << 20,
    "f_bavail": 1 << 20,
    "f_files": 100,
    "f_favail": 100,
    "f_flag": 0,
}


def _room(facts: dict[str, int]) -> os.statvfs_result:
    known = {**_PLENTY, **facts}
    names = "f_bsize f_frsize f_blocks f_bfree f_bavail f_files f_ffree f_favail f_flag f_namemax"
    return os.statvfs_result([known.get(name, 0) for name in names.split()])


@pytest.mark.parametrize(
    ("facts", "lock", "full"),
    [
        ({}, False, False),
        ({"f_favail": 0}, True, True),
        ({"f_favail": 1}, True, False),
        ({"f_favail": 1}, False, True),
        ({"f_favail": 0, "f_files": 0}, False, False),
        ({"f_bavail": 0}, True, True),
        ({"f_bavail": 0, "f_blocks": 0}, True, False),
    ],
)
def test_a_file_system_without_room_is_an_obstacle(
    tmp_path: Path,
    facts: dict[str, int],
    lock: bool,  # data
    full: bool,  # data
) -> None:
    """Of blocks, or of inodes for what is not there yet; one without bounds says 0 of 0."""
    if lock:
        (tmp_path / "lock").touch()

    error = obstacle(str(tmp_path), lambda _place: _room(facts))

    assert isinstance(error, AuditUnavailableError) is full
