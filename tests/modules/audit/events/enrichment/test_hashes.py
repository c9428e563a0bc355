"""Hashes of programs."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from mig_audit.modules.audit.events.enrichment.hashes import Hashes

if TYPE_CHECKING:
    from pathlib import Path

_ONE = hashlib.sha256(b"one").hexdigest()


def _inode(path: Path) -> tuple[int, str]:
    status = path.stat()
    return status.st_ino, f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"


def test_a_file_is_hashed(tmp_path: Path) -> None:
    """If it is the one that the records tell of."""
    path = tmp_path / "program"
    path.write_bytes(b"one")
    hashes = Hashes(max_size=100)

    assert hashes.sha256(str(path), _inode(path)) == _ONE
    assert hashes.sha256(str(path), (1, "00:00")) == ("sha256", "changed")


def test_a_version_is_read_once_and_a_new_one_again(tmp_path: Path) -> None:
    """Size and times tell them apart."""
    path = tmp_path / "program"
    path.write_bytes(b"one")
    hashes = Hashes(max_size=100, limit=1)
    first = hashes.sha256(str(path), None)
    path.write_bytes(b"other")
    second = hashes.sha256(str(path), None)

    assert first == _ONE
    assert second == hashlib.sha256(b"other").hexdigest()
    assert list(hashes._known.values()) == [second]


def test_what_cannot_be_hashed_has_a_reason(tmp_path: Path) -> None:
    """Gone, too large, not a file, or with a name that no file has."""
    path = tmp_path / "program"
    path.write_bytes(b"12345")
    os.mkfifo(tmp_path / "pipe")
    hashes = Hashes(max_size=4)

    assert hashes.sha256(str(path), None) == ("sha256", "large")
    assert hashes.sha256(str(tmp_path / "none"), None) == ("sha256", "gone")
    assert hashes.sha256(str(tmp_path / "pipe"), None) == ("sha256", "changed")
    assert hashes.sha256(str(tmp_path), None) == ("sha256", "changed")
    assert hashes.sha256("/x\0y", None) == ("sha256", "gone")
