"""One log, whatever its descriptor is."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING, Optional

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.sources.file import FileSource, open_log
from mig_audit.modules.audit.sources.interface import CHUNK

if TYPE_CHECKING:
    from pathlib import Path


class _Patience:
    """Says so often in a row whether there is something to read; then it is over."""

    def __init__(self, *answers: bool) -> None:
        self._answers = list(answers)
        self.over = False

    def wait(self, _descriptor: Optional[int], _seconds: float) -> bool:
        """Give the next answer."""
        if not self._answers:
            self.over = True
            return False
        return self._answers.pop(0)


def _read(path: Path) -> tuple[list[bytes], list[str]]:
    source = FileSource(open_log(str(path)), "a.log", _Patience())
    return [block for block in source.blocks() if block], [trouble.what for trouble in source.troubles]


@pytest.mark.parametrize("content", [b"", b"\n", b"1\n", b"12345\n", b"\x1f\n", b"BZ\n", b"\xfd7zX\n"])
def test_a_short_log_is_read(tmp_path: Path, content: bytes) -> None:
    """Though it is shorter than what tells that a log is compressed, or begins as one."""
    path = tmp_path / "a.log"
    path.write_bytes(content)

    assert _read(path) == ([content] if content else [], [])


def test_a_long_log_is_read_in_blocks(tmp_path: Path) -> None:
    """Of whole lines, none of them much longer than what is read at once."""
    path = tmp_path / "a.log"
    content = b"".join(b"%d\n" % number for number in range(200_000))
    path.write_bytes(content)
    blocks, _ = _read(path)

    assert b"".join(blocks) == content
    assert len(blocks) > 4
    assert all(block.endswith(b"\n") and len(block) <= CHUNK + 10 for block in blocks)


def test_a_last_line_without_a_newline_is_told(tmp_path: Path) -> None:
    """And read, compressed or not."""
    plain, packed = tmp_path / "a.log", tmp_path / "b.log"
    plain.write_bytes(b"1\n2")
    packed.write_bytes(gzip.compress(b"1\n2"))

    assert _read(plain) == ([b"1\n", b"2"], ["the last line of a.log has no newline"])
    assert _read(packed) == _read(plain)


def test_a_file_that_cannot_be_read_on_is_told() -> None:
    """As from a disk that fails: here, memory that is not there."""
    source = FileSource(os.open("/proc/self/mem", os.O_RDONLY), "a.log", _Patience())

    assert list(source.blocks()) == []
    assert [trouble.what for trouble in source.troubles] == ["a.log could not be read on: Input/output error"]


def test_a_quiet_pipe_is_told_once_and_waited_for() -> None:
    """So that what was made of the lines before does not have to wait."""
    end, start = os.pipe()
    os.write(start, b"type=EOE 1\n2")
    source = FileSource(end, "a.log", _Patience(True, False, False, True))
    blocks = source.blocks()

    assert next(blocks) == b"type=EOE 1\n"
    assert next(blocks) == b""
    os.write(start, b"2\n3")
    os.close(start)
    assert list(blocks) == [b"22\n", b""]  # and then it was over: what was being written is not torn
    assert source.troubles == []


def test_a_pipe_without_a_writer_is_waited_for_in_patience(tmp_path: Path) -> None:
    """Not where it is opened: nothing could end that."""
    os.mkfifo(tmp_path / "fifo")
    descriptor = open_log(str(tmp_path / "fifo"))
    source = FileSource(descriptor, "fifo", _Patience(False, False))

    assert list(source.blocks()) == [b""]
    assert source.troubles == []


def test_a_pipe_that_another_reader_empties_is_read_on() -> None:
    """What was there a moment ago is theirs."""
    end, start = os.pipe()
    os.set_blocking(end, False)
    os.write(start, b"1\n")
    blocks = FileSource(end, "a.log", _Patience(True, True, True)).blocks()

    assert next(blocks) == b"1\n"
    # Patience says that there is something, and there is nothing.
    assert list(blocks) == [b""]
    os.close(start)


def test_the_descriptor_is_closed_with_the_last_block(tmp_path: Path) -> None:
    """Or when nobody wants the others."""
    path = tmp_path / "a.log"
    path.write_bytes(b"1\n" * CHUNK)
    descriptors = [open_log(str(path)) for _ in range(2)]
    whole, half = (FileSource(descriptor, "a.log", _Patience()) for descriptor in descriptors)
    list(whole.blocks())
    blocks = half.blocks()
    next(blocks)
    blocks.close()  # type: ignore[attr-defined]  # it is a generator

    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    """Nor is what is not there."""
    for path in (tmp_path, tmp_path / "nosuch"):
        with pytest.raises(UsageError, match="cannot be read"):
            open_log(str(path))
