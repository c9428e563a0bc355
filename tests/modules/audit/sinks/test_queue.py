"""The queue on disk: first in, first out, whatever its sizes; and what it leaves on the disk."""

from __future__ import annotations

import os
import resource
import stat
from collections import deque
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.sinks.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVERYTHING = 1 << 40


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    """Return an empty queue whose files are small."""
    queue = Queue(tmp_path, segment_size=200_000)
    yield queue
    queue.close()


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    """Make every write beyond ``size`` fail with EFBIG, as a full disk would with ENOSPC."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _descriptors(directory: Path) -> list[int]:
    """Return this process's descriptors of files in a folder, named or not."""
    links = [link for link in list(Path("/proc/self/fd").iterdir()) if link.is_symlink()]
    return [int(link.name) for link in links if str(link.readlink()).startswith(f"{directory}/")]


def _files(directory: Path) -> list[os.stat_result]:
    return [os.fstat(descriptor) for descriptor in _descriptors(directory)]


def _take_all(queue: Queue) -> list[bytes]:
    taken: list[bytes] = []
    while events := queue.take(1000, _EVERYTHING):
        taken += events
    return taken


_STEPS = st.lists(
    st.one_of(
        st.lists(st.integers(0, 3000), min_size=1, max_size=60),  # put events of these sizes
        st.tuples(st.integers(1, 80), st.integers(1, 100_000)),  # take so many, of so many bytes
    ),
    max_size=40,
)


@given(steps=_STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_goes_in_comes_out_in_order(tmp_path: Path, steps: list[list[int] | tuple[int, int]]) -> None:
    """Against a plain deque: the same events, the same counts, the same ages, within the bounds asked for."""
    queue, model, stamp = Queue(tmp_path, segment_size=70_000), deque[tuple[float, bytes]](), 0.0
    try:
        for step in steps:
            if isinstance(step, list):
                for size in step:
                    stamp += 1.0
                    event = bytes((int(stamp) % 251,)) * size
                    queue.put(stamp, event)
                    model.append((stamp, event))
            else:
                taken = queue.take(*step)
                assert list(taken) == [model.popleft()[1] for _ in taken]
                assert len(taken) <= step[0]
                assert len(taken) <= 1 or sum(map(len, taken)) + len(taken) <= step[1]
                room = step[1] - sum(map(len, taken)) - len(taken)
                assert len(taken) == step[0] or not model or len(model[0][1]) + 1 > room
            assert queue.events == len(model)
            assert queue.content == sum(len(event) + 1 for _, event in model)
            assert queue.oldest() == (model[0][0] if model else None)
        assert _take_all(queue) == [event for _, event in model]
    finally:
        queue.close()


def test_an_event_that_is_too_large_comes_alone(queue: Queue) -> None:
    """A single event always comes out, for else it would stay for ever."""
    queue.put(1.0, b"x" * 300_000)
    queue.put(1.0, b"y")
    assert [len(event) for event in queue.take(10, 1000)] == [300_000]
    assert queue.take(10, 1000) == (b"y",)


def test_its_files_are_private_and_have_no_name(queue: Queue, tmp_path: Path) -> None:
    """Mode 0600, no link in any folder, and not passed on to other programs."""
    for _ in range(300):
        queue.put(0.0, b"x" * 1000)
    files = _files(tmp_path)
    assert sum(file.st_size for file in files) > 200_000
    assert all(stat.S_IMODE(file.st_mode) == 0o600 and file.st_nlink == 0 for file in files)
    assert list(tmp_path.iterdir()) == []
    assert not any(os.get_inheritable(descriptor) for descriptor in _descriptors(tmp_path))


def test_what_was_read_is_given_back_to_the_disk(queue: Queue, tmp_path: Path) -> None:
    """Though the queue is never empty, its files hold little more than what is pending."""
    peak = 0
    for number in range(20_000):
        queue.put(0.0, b"%1000d" % number)
        if number >= 100:
            assert queue.take(1, _EVERYTHING) == (b"%1000d" % (number - 100),)
        if number % 500 == 0:
            peak = max(peak, sum(file.st_size for file in _files(tmp_path)))
    assert queue.events == 100
    assert 0 < peak < 600_000


def test_an_empty_queue_holds_no_disk(queue: Queue, tmp_path: Path) -> None:
    """Once everything is read, one empty file is left."""
    for _ in range(1000):
        queue.put(0.0, b"x" * 1000)
    _take_all(queue)
    queue.put(0.0, b"y")
    assert queue.take(1, 10) == (b"y",)
    assert [file.st_size for file in _files(tmp_path)] == [0]


def test_the_number_of_its_files_stays_small(queue: Queue, tmp_path: Path) -> None:
    """Files grow with what is pending, so that a long outage does not use up the descriptors."""
    for _ in range(10_000):
        queue.put(0.0, b"x" * 1000)
    assert queue.content > 10_000_000
    assert len(_files(tmp_path)) < 35


def test_closing_gives_everything_back(tmp_path: Path) -> None:
    """No descriptor stays."""
    queue = Queue(tmp_path, segment_size=70_000)
    for _ in range(300):
        queue.put(0.0, b"x" * 1000)
    queue.close()
    assert _files(tmp_path) == []


def test_a_full_disk_costs_only_the_events_that_do_not_fit(queue: Queue) -> None:
    """put fails, those before it stay, no torn event is ever read, and it works again when there is room."""
    kept, refused = [], 0
    with _file_size_limit(150_000):
        for number in range(400):
            event = b"%1000d" % number
            try:
                queue.put(0.0, event)
            except OSError:
                refused += 1
            else:
                kept.append(event)
    assert refused > 100
    assert queue.events == len(kept) > 100
    queue.put(0.0, b"after")
    assert _take_all(queue) == [*kept, b"after"]


def test_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """It is found when the queue is created, not with the first event."""
    with pytest.raises(FileNotFoundError):
        Queue(tmp_path / "missing")


def test_a_file_that_was_tampered_with_is_an_error(queue: Queue, tmp_path: Path) -> None:
    """A file that has lost bytes is not read as if they had been zero."""
    for _ in range(300):
        queue.put(0.0, b"x" * 1000)
    for descriptor in _descriptors(tmp_path):
        os.truncate(descriptor, 100)
    with pytest.raises(OSError, match="lost"):
        queue.take(1, _EVERYTHING)
