"""What could not be delivered, in a file."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.sinks.spool import Spool, SpoolSettings

if TYPE_CHECKING:
    from pathlib import Path


def test_where_everything_was_delivered_there_is_no_file(tmp_path: Path) -> None:
    """Not even an empty one."""
    spool = Spool(SpoolSettings(tmp_path / "spool", 1000))
    spool.keep([])

    assert spool.close() is None
    assert list(tmp_path.iterdir()) == []


def test_events_are_lines_in_a_private_file(tmp_path: Path) -> None:
    """With its size and digest, for who keeps it as evidence."""
    path = tmp_path / "spool"
    spool = Spool(SpoolSettings(path, 1000))
    spool.keep([b'{"a":1}', b'{"b":2}'])
    spool.keep([b'{"c":3}'])
    kept = spool.close()

    content = b'{"a":1}\n{"b":2}\n{"c":3}\n'
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept == (str(path), len(content), hashlib.sha256(content).hexdigest())
    assert (spool.events, spool.refusal) == (3, "")


@given(
    batches=st.lists(
        st.lists(st.binary(max_size=20).map(lambda text: text.replace(b"\n", b"")), max_size=5), max_size=8
    ),
    room=st.integers(0, 200),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_has_the_first_events_that_fit_and_says_when_there_are_more(
    tmp_path: Path, batches: list[list[bytes]], room: int
) -> None:
    """Whole ones, in order, without a gap between them."""
    path = tmp_path / str(len(list(tmp_path.iterdir())))
    spool = Spool(SpoolSettings(path, room))
    for batch in batches:
        spool.keep(batch)
    spool.close()
    events = [event for batch in batches for event in batch]

    content = path.read_bytes() if path.exists() else b""
    assert content == b"".join(event + b"\n" for event in events[: spool.events])
    assert len(content) <= room
    assert bool(spool.refusal) == (spool.events < len(events))


def test_what_must_stay_free_stays_free(tmp_path: Path) -> None:
    """A spool is worth less than the host's disk."""
    spool = Spool(SpoolSettings(tmp_path / "spool", 1 << 20, floor=1 << 60))
    spool.keep([b"event"])

    assert spool.close() is None
    assert "leave 1152921504606846976 free" in spool.refusal


@pytest.mark.parametrize("kind", ["file", "link"])
def test_nothing_is_written_over_or_through(tmp_path: Path, kind: str) -> None:
    """Whatever has its name already."""
    path, other = tmp_path / "spool", tmp_path / "other"
    other.write_text("theirs")
    if kind == "file":
        path.write_text("theirs")
    else:
        path.symlink_to(other)
    spool = Spool(SpoolSettings(path, 1000))
    spool.keep([b"event"])
    spool.keep([b"event"])

    assert spool.close() is None
    assert spool.refusal == "it could not be written: EEXIST (File exists)"
    assert (path.read_text(), other.read_text()) == ("theirs", "theirs")


def test_a_write_that_fails_half_way_leaves_whole_events(tmp_path: Path) -> None:
    """As on a disk that runs full."""
    path = tmp_path / "spool"
    spool = Spool(SpoolSettings(path, 1000))
    spool.keep([b"one"])
    assert spool._descriptor is not None
    os.close(spool._descriptor)
    spool._descriptor = os.open(path, os.O_RDONLY)  # nobody can write to it any more
    spool.keep([b"two"])
    kept = spool.close()

    assert path.read_bytes() == b"one\n"
    assert kept is not None
    assert (spool.events, kept.size) == (1, 4)
    assert "it could not be written: EBADF" in spool.refusal
