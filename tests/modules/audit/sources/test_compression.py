"""Compressed logs are read like plain ones, and damaged ones as far as they go."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import sys
import zlib
from typing import TYPE_CHECKING, Callable

import pytest

from mig_audit.errors import DamagedInputError
from mig_audit.modules.audit.sources.compression import decompressed, decompressor_for
from mig_audit.modules.audit.sources.interface import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator


def _zstd(text: bytes) -> bytes:
    library = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
    compressed: bytes = pytest.importorskip(library, reason=f"{library} is not installed").compress(text)
    return compressed


_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda text: gzip.compress(text, mtime=0),
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": _zstd,
}
_TEXT = random.Random(1).randbytes(30_000) + b"abc\n" * 100_000  # noqa: S311 - to be incompressible, not secret


def _chunks(data: bytes, size: int = 1000) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def _read(data: bytes, size: int = 1000) -> tuple[bytes, str]:
    """Return what can be read, and what was wrong."""
    make = decompressor_for(data[:6], "a.log")
    assert make is not None
    read = b""
    try:
        for text in decompressed(_chunks(data, size), make, "a.log"):
            assert len(text) <= CHUNK
            read += text
    except DamagedInputError as error:
        return read, error.what
    return read, ""


@pytest.fixture(params=_COMPRESS)
def compress(request: pytest.FixtureRequest) -> Callable[[bytes], bytes]:
    """Give one way to compress after the other."""
    return _COMPRESS[request.param]


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
def test_it_is_read_however_it_comes_in(compress: Callable[[bytes], bytes], size: int) -> None:
    """In single bytes, too."""
    text = _TEXT[: 2000 if size == 1 else None]

    assert _read(compress(text), size) == (text, "")


def test_several_members_and_padding_are_one_text(compress: Callable[[bytes], bytes]) -> None:
    """As the programs that compress append to a file."""
    data = compress(b"one\n") + compress(b"") + compress(b"two\n") + b"\0" * 8

    assert _read(data) == (b"one\ntwo\n", "")


def test_what_comes_before_a_torn_end_is_read(compress: Callable[[bytes], bytes]) -> None:
    """Then it is said."""
    data = compress(_TEXT)
    read, error = _read(data[: len(data) - 20])

    assert _TEXT.startswith(read)
    assert error == "a.log is compressed, and torn: its end is missing"


def test_what_comes_before_damage_is_read(compress: Callable[[bytes], bytes]) -> None:
    """All of it where the damage is in the check at the end."""
    data = bytearray(compress(b"one\n") + compress(_TEXT))
    data[-30 if compress is lzma.compress else -6] ^= 0xFF
    read, error = _read(bytes(data))

    assert read.startswith(b"one\n")
    assert "a.log is compressed, and damaged: " in error


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("garbage", [b"garbage that is no member", b"g", b"\0\0\0g"])
def test_what_follows_a_member_must_be_one(
    compress: Callable[[bytes], bytes], garbage: bytes, size: int
) -> None:
    """Else that is said, and not that the end is missing, which is there."""
    assert _read(compress(b"one\n") + garbage, size) == (
        b"one\n",
        "a.log is compressed, and something else follows its end",
    )


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("length", [1, 2, 9])
def test_a_second_member_can_be_torn(compress: Callable[[bytes], bytes], length: int, size: int) -> None:
    """However little there is of it."""
    assert _read(compress(b"one\n") + compress(b"two\n")[:length], size) == (
        b"one\n",
        "a.log is compressed, and torn: its end is missing",
    )


def test_a_torn_end_loses_nothing_that_was_complete() -> None:
    """zlib holds back what did not fit into its output, and has nothing more to read then."""
    stream = zlib.compressobj(wbits=31)
    data = stream.compress(b"a" * (CHUNK + 100)) + stream.flush(zlib.Z_SYNC_FLUSH)

    assert _read(data, len(data)) == (
        b"a" * (CHUNK + 100),
        "a.log is compressed, and torn: its end is missing",
    )


def test_a_plain_log_is_not_compressed() -> None:
    """Nor is an empty one."""
    assert decompressor_for(b"type=S", "a.log") is None
    assert decompressor_for(b"", "a.log") is None


def test_a_file_that_needs_too_much_memory_is_refused() -> None:
    """Its header asks for it before anything can be read."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}]
    read, error = _read(lzma.compress(b"one\n", filters=filters))

    assert read == b""
    assert error.startswith("a.log is compressed, and needs too much memory: ")


@pytest.mark.parametrize("number", [0x50, 0x5F])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_frames_that_are_to_be_skipped_are_skipped(number: int, size: int) -> None:
    """At the beginning, too, as pzstd writes them; where one is torn, that is said."""
    frame = bytes((number,)) + b"\x2a\x4d\x18\x05\0\0\0hello"
    one, two = _zstd(b"one\n"), _zstd(b"two\n")

    assert _read(frame + one + frame + frame + two + frame, size) == (b"one\ntwo\n", "")
    assert _read(frame, size) == (b"", "")
    assert _read(one + frame[:9], size) == (b"one\n", "a.log is compressed, and torn: its end is missing")


@pytest.mark.parametrize(
    "start",
    [b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"\x04\x22\x4d\x18", b"LZIP", b"\x1f\x9d\x90", b"\x5d\0\0\x80\0"],
)
def test_what_is_packed_otherwise_is_refused_by_its_name(start: bytes) -> None:
    """With what unpacks it; it is not taken for a log of one strange line."""
    with pytest.raises(DamagedInputError, match=r"^a\.log is .*, which is not read: pipe it through `"):
        decompressor_for(start + b"\0" * 20, "a.log")
