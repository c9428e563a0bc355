"""Lines of a stream that arrives in parts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mig_audit.persistent.lines import LineSplitter

_LIMIT = 8
_BYTES = st.lists(st.sampled_from([b"\n", b"\n\n", b"a", b"bcd", b"\0\xff", b"x" * 7, b"y" * 20])).map(
    b"".join
)


def _expected(data: bytes) -> list[bytes | None]:
    lines = data.split(b"\n")
    whole = lines if lines[-1] else lines[:-1]
    return [line if len(line) <= _LIMIT else None for line in whole]


@given(_BYTES, st.lists(st.integers(0, 30)))
def test_where_a_stream_is_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    """And a line that is too long costs no other one."""
    places = sorted({cut for cut in cuts if cut <= len(data)} | {0, len(data)})
    splitter = LineSplitter(_LIMIT)

    lines = [line for start, end in zip(places, places[1:]) for line in splitter.feed(data[start:end])]

    assert lines + splitter.end() == _expected(data)
    assert splitter.end() == []


def test_a_line_without_an_end_takes_no_memory() -> None:
    """However much of it comes."""
    splitter = LineSplitter(_LIMIT)
    for _ in range(1000):
        assert splitter.feed(b"x" * 1000) == []
        assert len(splitter._pending) <= _LIMIT

    assert splitter.feed(b"\nab\n") == [None, b"ab"]
