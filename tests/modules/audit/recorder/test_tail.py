"""Reading behind the writer."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.recorder.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def file() -> Iterator[int]:
    """Return an empty file."""
    descriptor = os.memfd_create("log", os.MFD_CLOEXEC)
    yield descriptor
    os.close(descriptor)


def test_only_whole_lines_are_given_out(file: int) -> None:
    """Half a line waits for its other half."""
    tail = Tail(file)
    os.write(file, b"one\ntw")
    assert tail.block() == b"one\n"
    os.write(file, b"o\n")
    assert tail.block() == b"two\n"
    assert tail.block() == b""


def test_half_a_line_that_stays_is_known(file: int) -> None:
    """Its writer was killed."""
    tail = Tail(file)
    os.write(file, b"one\ntw")
    tail.block()

    assert tail.torn == b"tw"


def test_half_a_line_that_was_cut_off_is_none(file: int) -> None:
    """The disk was full: its writer left whole lines, and does not count what it could not write."""
    tail = Tail(file)
    os.write(file, b"one\ntw")
    tail.block()
    os.ftruncate(file, len(b"one\n"))
    assert tail.torn == b""

    assert tail.sha256(len(b"one\n")) == hashlib.sha256(b"one\n").hexdigest()
    assert tail.torn == b""


def test_an_end_that_was_cut_off_is_not_in_the_digest(file: int) -> None:
    """The recorder cuts a torn record off a full disk, maybe after it was read."""
    tail = Tail(file)
    os.write(file, b"one\ntorn")
    tail.block()
    os.ftruncate(file, 4)

    assert tail.sha256() == hashlib.sha256(b"one\n").hexdigest()


@given(st.binary(max_size=300_000), st.integers(0, 5))
def test_the_digest_is_the_files(data: bytes, reads: int) -> None:
    """However much of it was read as lines before."""
    descriptor = os.memfd_create("log", os.MFD_CLOEXEC)
    os.write(descriptor, data)
    tail = Tail(descriptor)
    blocks = b"".join(tail.block() for _ in range(reads))

    assert data.startswith(blocks)
    assert blocks.endswith(b"\n") or not blocks
    assert tail.sha256() == hashlib.sha256(data).hexdigest()
    os.close(descriptor)
