"""What is read whole has a bound."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from mig_audit.documents import MAX_DOCUMENT, read_whole
from mig_audit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class _Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    """One byte more is too much."""
    path = tmp_path / "file"
    path.write_bytes(b"1234")

    assert read_whole(str(path), 4) == b"1234"
    with pytest.raises(UsageError, match="file has more than 3 bytes"):
        read_whole(str(path), 3)


def test_stdin_is_read_up_to_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own name."""
    monkeypatch.setattr("sys.stdin", _Stdin(b"1234"))
    assert read_whole("-", 4) == b"1234"

    monkeypatch.setattr("sys.stdin", _Stdin(b"1234"))
    with pytest.raises(UsageError, match="stdin has more than 3 bytes"):
        read_whole("-", 3)


def test_an_endless_device_has_an_end() -> None:
    """After 16 MiB."""
    with pytest.raises(UsageError, match=f"/dev/zero has more than {MAX_DOCUMENT} bytes"):
        read_whole("/dev/zero")


@pytest.mark.parametrize(
    ("path", "words"),
    [("/nosuch", "No such file"), ("/", "Is a directory"), ("/proc/self/mem", "Input/output")],
)
def test_what_cannot_be_read_is_told(path: str, words: str) -> None:
    """With the reason."""
    with pytest.raises(UsageError, match=f"{path} cannot be read: {words}"):
        read_whole(path)
