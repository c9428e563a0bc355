"""The raw log's file: private, whole records, bounded."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import UsageError
from mig_audit.modules.audit.recorder.rawlog import RawLogWriter, create

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> int:
    """Return the descriptor of a fresh raw log."""
    return create(tmp_path / "raw.log")


def test_the_file_is_private_and_its_folder_too(tmp_path: Path) -> None:
    """0600 in folders of 0700, whatever the umask says."""
    log = tmp_path / "to" / "be" / "made" / "raw.log"
    before = os.umask(0)
    try:
        os.close(create(log))
    finally:
        os.umask(before)

    assert [stat.S_IMODE(folder.stat().st_mode) for folder in list(log.parents)[:3]] == [0o700] * 3
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_evidence_is_not_overwritten(tmp_path: Path) -> None:
    """A file that exists is refused, and so is a link to anything."""
    (tmp_path / "old.log").write_text("evidence")
    (tmp_path / "link.log").symlink_to(tmp_path / "new.log")

    for name in ("old.log", "link.log"):
        with pytest.raises(UsageError, match="exists already"):
            create(tmp_path / name)
    assert (tmp_path / "old.log").read_text() == "evidence"
    assert not (tmp_path / "new.log").exists()


def test_a_folder_that_others_can_change_is_refused(tmp_path: Path) -> None:
    """There anybody could exchange the file."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)

    with pytest.raises(UsageError, match="can be changed by other users"):
        create(shared / "raw.log")
    assert not (shared / "raw.log").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: nobody else can give a link away")
@pytest.mark.parametrize("rest", ["", "deeper"])
def test_a_name_that_another_user_took_is_refused(tmp_path: Path, rest: str) -> None:
    """In a folder that is open to all they may have put a link there, to where no file of theirs could be."""
    shared, roots = tmp_path / "shared", tmp_path / "roots"
    shared.mkdir()
    shared.chmod(0o1777)
    roots.mkdir()
    (shared / "logs").symlink_to(roots)
    os.chown(shared / "logs", 61357, 61357, follow_symlinks=False)

    with pytest.raises(UsageError, match="may be a trap"):
        create(shared / "logs" / rest / "raw.log")
    assert list(roots.iterdir()) == []


def test_a_name_of_our_own_in_such_a_folder_is_taken(tmp_path: Path) -> None:
    """Nobody else can exchange it there, because the folder is sticky."""
    tmp_path.chmod(0o1777)
    os.close(create(tmp_path / "logs" / "raw.log"))


def test_a_path_through_a_file_is_a_usage_error(tmp_path: Path) -> None:
    """The error names the path and the reason."""
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match=r"folder .*/file is a file"):
        create(tmp_path / "file" / "raw.log")


@given(
    st.lists(st.lists(st.binary(max_size=40).map(lambda text: text.replace(b"\n", b" ") + b"\n"))),
    st.integers(0, 400),
)
def test_the_bound_holds_and_every_record_is_counted(batches: list[list[bytes]], bound: int) -> None:
    """Whole records up to the bound, none torn, the others counted."""
    descriptor = os.memfd_create("log", os.MFD_CLOEXEC)
    writer = RawLogWriter(descriptor, bound)
    for batch in batches:
        writer.append(b"".join(batch), len(batch))

    data = os.pread(descriptor, 1 << 20, 0)
    os.close(descriptor)
    lines = [line for batch in batches for line in batch]
    assert b"".join(lines).startswith(data)
    assert data == b"".join(lines[: writer.written])
    assert len(data) == writer.size <= bound
    assert writer.written + writer.left.records == len(lines)
    assert (writer.left.records > 0) <= (writer.failure is not None)


def test_a_full_disk_leaves_whole_records_and_a_reason(log: int) -> None:
    """A write that ends half-way is cut back to the last whole record."""
    room = 25

    def write(descriptor: int, data: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = os.write(descriptor, data[:room])
        room -= done
        return done

    writer = RawLogWriter(log, 1 << 20, write)

    assert not writer.append(b"0123456789\n" * 3, 3)
    assert os.pread(log, 100, 0) == b"0123456789\n" * 2
    assert (writer.written, writer.left.records, writer.size) == (2, 1, 22)
    assert "ENOSPC" in str(writer.failure)
    assert "free space" in str(writer.failure)


def test_after_a_failure_nothing_more_is_written(log: int) -> None:
    """The record would have a hole that nothing shows."""
    writer = RawLogWriter(log, 10)
    writer.append(b"too long for it\n", 1)

    assert not writer.append(b"short\n", 1)
    assert os.fstat(log).st_size == 0
    assert writer.left.records == 2
