"""Chunks become blocks of whole lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.records.record import LINE_LIMIT
from mig_audit.modules.audit.sources.lines import LineCutter


def _cut(chunks: list[bytes]) -> list[bytes]:
    cutter = LineCutter()
    blocks = [cutter.cut(chunk) for chunk in chunks]
    return [*blocks, cutter.rest()]


@given(text=st.binary(max_size=60), sizes=st.lists(st.integers(1, 9), min_size=60, max_size=60))
def test_wherever_it_is_cut_the_lines_are_the_same(text: bytes, sizes: list[int]) -> None:
    """Each block is whole lines but for a last one that has no newline, and together they are the text."""
    chunks, start = [], 0
    for size in sizes:
        chunks.append(text[start : start + size])
        start += size
    blocks = _cut(chunks)

    assert all(block.endswith(b"\n") for block in blocks[:-1] if block)
    assert b"\n" not in blocks[-1]
    assert b"".join(blocks) == text


def test_of_a_line_without_end_only_so_much_is_given_out_that_it_is_refused() -> None:
    """Once, and what follows it is read."""
    blocks = _cut([b"one\n", *[b"x" * 50_000] * 100, b"y\ntwo\nthr", b"ee\n"])

    assert b"".join(blocks) == b"one\n" + b"x" * (LINE_LIMIT + 1) + b"\ntwo\nthree\n"


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    """However long it is."""
    cutter = LineCutter()
    chunk = b"x" * (1 << 18)

    assert sum(len(cutter.cut(chunk)) for _ in range(4096)) == LINE_LIMIT + 2
    assert cutter.rest() == b""


def test_a_line_that_is_long_and_whole_is_given_out_whole() -> None:
    """Its reader decides."""
    line = b"x" * (LINE_LIMIT * 2) + b"\n"

    assert _cut([line]) == [line, b""]
