"""A log is followed as it grows and is rotated."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable, Optional

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.sources import Asked, open_sources

if TYPE_CHECKING:
    from pathlib import Path


class _Script:
    """Each time that somebody waits for more, the next thing happens; after the last one it is over."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self._steps = list(steps)
        self.over = False

    def wait(self, descriptor: Optional[int], _seconds: float) -> bool:
        """Do the next thing."""
        assert descriptor is None
        if self._steps:
            self._steps.pop(0)()
        else:
            self.over = True
        return False


def _nothing() -> None:
    pass


def _follow(log: Path, *steps: Callable[[], object]) -> tuple[bytes, list[str]]:
    """Return all lines that were read, each with a newline, and what was wrong."""
    (source,) = open_sources(Asked([str(log)], follow=True), _Script(*steps))
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names
    read = b"".join(block if block.endswith(b"\n") else block + b"\n" for block in source.blocks() if block)
    assert set(os.listdir("/proc/self/fd")) < before  # noqa: PTH208 - as above
    return read, [trouble.what for trouble in source.troubles]


def _append(log: Path, content: bytes) -> Callable[[], object]:
    def append() -> None:
        with log.open("ab") as file:
            file.write(content)

    return append


def _rotate(log: Path) -> Callable[[], object]:
    def rotate() -> None:
        numbers = sorted((int(path.suffix[1:]) for path in log.parent.glob("audit.log.*")), reverse=True)
        for number in numbers:
            log.with_name(f"audit.log.{number}").rename(log.with_name(f"audit.log.{number + 1}"))
        log.rename(log.with_name("audit.log.1"))
        log.touch()

    return rotate


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Give a log with one line."""
    path = tmp_path / "audit.log"
    path.write_bytes(b"1\n")
    return path


def test_what_is_appended_is_read_in_whole_lines(log: Path) -> None:
    """A line that is being written is waited for."""
    assert _follow(log, _append(log, b"2\n3"), _append(log, b"3\n")) == (b"1\n2\n33\n", [])


def test_a_line_that_is_being_written_at_the_end_is_no_trouble(log: Path) -> None:
    """It is not torn: nobody waited for it."""
    assert _follow(log, _append(log, b"2\n3")) == (b"1\n2\n", [])


def test_nothing_is_missed_when_it_is_rotated(log: Path) -> None:
    """Neither what the old one got last, nor what the new one has."""
    steps = [
        _append(log, b"2\n"),
        _rotate(log),
        _append(log, b"3\n"),
        _nothing,
        _nothing,
        _append(log, b"4\n"),
    ]

    assert _follow(log, *steps) == (b"1\n2\n3\n4\n", [])


def test_what_a_late_writer_adds_to_the_old_one_is_read(log: Path) -> None:
    """It has not noticed yet."""
    steps = [
        _rotate(log),
        _append(log.with_name("audit.log.1"), b"2\n"),
        _append(log, b"3\n"),
        _nothing,
        _nothing,
    ]

    assert _follow(log, *steps) == (b"1\n2\n3\n", [])


def test_several_rotations_between_two_looks_are_followed(log: Path) -> None:
    """By the inodes of what it was rotated to."""

    def burst() -> None:
        for number in range(2, 5):
            _append(log, b"%d\n" % number)()
            _rotate(log)()
        _append(log, b"5\n")()

    assert _follow(log, burst, *[_nothing] * 12) == (b"1\n2\n3\n4\n5\n", [])


def test_a_new_log_that_comes_late_is_waited_for(log: Path) -> None:
    """Between the two there is none."""
    steps = [
        lambda: log.rename(log.with_name("audit.log.1")),
        _nothing,
        _append(log, b"2\n"),
        _nothing,
        _nothing,
    ]

    assert _follow(log, *steps, _nothing) == (b"1\n2\n", [])


def test_a_log_that_became_shorter_is_read_from_its_start(log: Path) -> None:
    """It was emptied in place."""
    _append(log, b"22\n")()

    assert _follow(log, lambda: log.write_bytes(b"3\n"), *[_nothing] * 4) == (b"1\n22\n3\n", [])


def _copy_and_empty(log: Path, later: bytes = b"") -> Callable[[], object]:
    def copy() -> None:
        log.with_name("audit.log.1").write_bytes(log.read_bytes())
        log.write_bytes(later)

    return copy


@pytest.mark.parametrize("later", [b"", b"4\n", b"4\n5\n6\n7\n8\n"])
def test_what_was_read_of_a_log_that_was_emptied_is_not_read_again(log: Path, later: bytes) -> None:
    """However long it is by the time it is looked at, and however it grows."""
    _append(log, b"2\n3\n")()
    steps = [_copy_and_empty(log, later), *[_append(log, b"%d\n" % number) for number in range(9, 14)]]

    assert _follow(log, *steps, *[_nothing] * 4) == (b"1\n2\n3\n" + later + b"9\n10\n11\n12\n13\n", [])


@pytest.mark.parametrize("later", [b"", b"6\n", b"6\n7\n8\n9\n10\n"])
def test_what_came_before_a_log_was_emptied_is_read_from_its_copy(log: Path, later: bytes) -> None:
    """Even where it was emptied within a line of it."""

    def rotate() -> None:
        _append(log, b"4\n5\n")()
        _copy_and_empty(log, later)()

    assert _follow(log, _append(log, b"2\n3"), rotate, *[_nothing] * 4) == (b"1\n2\n34\n5\n" + later, [])


def test_a_copy_of_something_else_is_not_read(log: Path) -> None:
    """It does not begin as what was read of the log."""

    def empty() -> None:
        log.with_name("audit.log.1").write_bytes(b"another\nlog\n")
        log.write_bytes(b"2\n")

    assert _follow(log, empty, *[_nothing] * 4) == (b"1\n2\n", [])


def test_the_old_log_is_read_as_long_as_its_writer_stays_with_it(log: Path) -> None:
    """Which may be until somebody tells it to open the new one."""
    late = [_append(log.with_name("audit.log.1"), b"%d\n" % number) for number in range(2, 7)]

    steps = [_rotate(log), *late, _append(log, b"7\n"), *[_nothing] * 4]
    assert _follow(log, *steps) == (b"1\n2\n3\n4\n5\n6\n7\n", [])


def test_an_empty_log_may_be_rotated(log: Path) -> None:
    """What waits for its first line waits for that of the next one."""
    steps = [_rotate(log), _rotate(log), _append(log, b"2\n"), _rotate(log), _append(log, b"3\n")]

    assert _follow(log, *steps, *[_nothing] * 6) == (b"1\n2\n3\n", [])


def test_dated_rotations_between_two_looks_are_followed(log: Path) -> None:
    """As logrotate's dateext names them."""

    def burst() -> None:
        for number in range(2, 5):
            _append(log, b"%d\n" % number)()
            log.rename(log.with_name(f"audit.log-2026112{number}"))
        _append(log, b"5\n")()

    assert _follow(log, burst, *[_nothing] * 12) == (b"1\n2\n3\n4\n5\n", [])


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_gone_on_with(log: Path, make: Callable[[Path], None]) -> None:
    """Nothing can be rotated to it; the next file is waited for."""

    def replace() -> None:
        log.rename(log.with_name("audit.log.1"))
        make(log)

    def put_back() -> None:
        log.rename(log.with_name("other"))
        log.write_bytes(b"2\n")

    assert _follow(log, replace, *[_nothing] * 4, put_back, *[_nothing] * 4) == (b"1\n2\n", [])


def test_a_torn_end_before_a_rotation_is_told(log: Path) -> None:
    """Its rest will never come."""
    read, troubles = _follow(log, _append(log, b"2"), _rotate(log), _append(log, b"3\n"), *[_nothing] * 4)

    assert read == b"1\n2\n3\n"
    assert troubles == [f"the last line of {log} has no newline"]


def test_a_log_that_is_gone_for_good_is_followed_to_the_next_one(log: Path) -> None:
    """What was rotated meanwhile cannot be told apart from what came before."""

    def replace() -> None:
        log.unlink()
        log.with_name("audit.log.1").write_bytes(b"old\n")
        log.write_bytes(b"2\n")

    assert _follow(log, replace, *[_nothing] * 4) == (b"1\n2\n", [])


def test_idle_times_are_told(log: Path) -> None:
    """By an empty block, so that what was made of the others is handed on."""
    (source,) = open_sources(Asked([str(log)], follow=True), _Script(_append(log, b"2\n"), _nothing))

    assert list(source.blocks()) == [b"1\n", b"", b"2\n", b"", b""]


def test_a_compressed_log_cannot_be_followed(log: Path) -> None:
    """It does not grow by lines."""
    log.write_bytes(b"\x1f\x8b" + b"\0" * 20)

    with pytest.raises(UsageError, match="cannot be followed"):
        open_sources(Asked([str(log)], follow=True), _Script())
