"""Logs are read with the oldest first, in whatever order they are named."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import sys
import tarfile
from typing import TYPE_CHECKING, Optional

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.sources import Asked, open_sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mig_audit.modules.audit.sources import Source


class _NoPatience:
    """Waits for nothing."""

    over = False

    def wait(self, _descriptor: Optional[int], _seconds: float) -> bool:
        """Say that there is something to read."""
        return True


def _line(seconds: int, serial: int = 1) -> bytes:
    return b"type=EOE msg=audit(%d.000:%d): \n" % (seconds, serial)


def _write(folder: Path, times: dict[str, int]) -> None:
    for name, seconds in times.items():
        content = _line(seconds)
        packed = gzip.compress(b"") + gzip.compress(content)  # as one that was appended to
        (folder / name).write_bytes(packed if name.endswith(".gz") else content)


def _order(asked: Asked) -> list[str]:
    return [os.path.basename(source.name) for source in _opened(asked)]  # noqa: PTH119 - a name, not a path


def _opened(asked: Asked) -> Iterator[Source]:
    for source in open_sources(asked, _NoPatience()):
        list(source.blocks())  # closes it
        yield source


_ZSTD = b"\x28\xb5\x2f\xfd" + b"\0" * 20

_ZSTD_REMEDY = "install backports.zstd, or pipe it through `zstd -dc`"

_ROTATED = {"audit.log.10": 1, "audit.log.2.gz": 2, "audit.log.1": 3, "audit.log": 4}


def test_a_set_is_in_the_order_of_its_rotation(tmp_path: Path) -> None:
    """In whatever order it is named, and whatever its times are: clocks are set."""
    _write(tmp_path, dict.fromkeys(_ROTATED, 1700000000))

    for names in itertools.permutations(_ROTATED):
        assert _order(Asked([str(tmp_path / name) for name in names])) == list(_ROTATED)


def test_a_folder_is_all_logs_in_it(tmp_path: Path) -> None:
    """What is no log is passed over."""
    _write(tmp_path, _ROTATED)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / ".hidden.log").write_text("nothing")
    (tmp_path / "folder.log").mkdir()

    assert _order(Asked([str(tmp_path)])) == list(_ROTATED)


_DATED = {"audit.log-20261124.gz": 4, "audit.log-20261125": 2, "audit.log-20261126": 3, "audit.log": 1}


def test_a_set_of_dated_logs_is_in_the_order_of_its_dates(tmp_path: Path) -> None:
    """As logrotate's dateext names them."""
    _write(tmp_path, _DATED)

    for names in itertools.permutations(_DATED):
        assert _order(Asked([str(tmp_path / name) for name in names])) == list(_DATED)
    assert _order(Asked([str(tmp_path)])) == list(_DATED)
    assert _order(Asked([str(tmp_path / "audit.log")], rotated=True)) == list(_DATED)


@pytest.mark.parametrize("dates", [["-2026-11-25", "-2026-11-26"], [".20261125", ".20261126"]])
@pytest.mark.parametrize(
    "hours", [["", ""], ["12", "07"], ["-1795246023", "-1795332423"], ["_1200", "_0700"]]
)
def test_dates_may_be_written_otherwise(tmp_path: Path, dates: list[str], hours: list[str]) -> None:
    """As logrotate's dateformat says, as long as the year comes first."""
    names = [f"audit.log{date}{hour}" for date, hour in zip(dates, hours)]
    _write(tmp_path, dict.fromkeys(["audit.log", *names], 1))

    assert _order(Asked([str(tmp_path / "audit.log")], rotated=True)) == [*names, "audit.log"]
    assert _order(Asked([str(tmp_path)])) == [*names, "audit.log"]


def test_a_folder_without_logs_is_a_usage_error(tmp_path: Path) -> None:
    """With what a log is called."""
    with pytest.raises(UsageError, match="there are no logs in"):
        open_sources(Asked([str(tmp_path)]), _NoPatience())


def test_several_names_are_in_the_order_of_their_first_records(tmp_path: Path) -> None:
    """Of the oldest in each set, decompressed if need be."""
    times = {"b.log.1": 5, "b.log": 1, "c-20240101.log.gz": 7, "a.log": 9}
    _write(tmp_path, times)
    (tmp_path / "empty.log").write_bytes(b"")

    assert _order(Asked([str(tmp_path)])) == [*times, "empty.log"]


def test_what_a_file_was_rotated_to_is_read_if_that_is_asked_for(tmp_path: Path) -> None:
    """Else a file is the file alone."""
    _write(tmp_path, {**_ROTATED, "audit.logs.1": 1, "other.log.1": 1})

    assert _order(Asked([str(tmp_path / "audit.log")], rotated=True)) == list(_ROTATED)
    assert _order(Asked([str(tmp_path / "audit.log")])) == ["audit.log"]


def test_a_file_of_two_names_is_read_once(tmp_path: Path) -> None:
    """Its records would be there twice."""
    _write(tmp_path, {"audit.log": 1})
    (tmp_path / "link.log").symlink_to(tmp_path / "audit.log")

    assert len(_order(Asked([str(tmp_path / "audit.log"), str(tmp_path)]))) == 1


def test_what_cannot_be_read_is_told_before_anything_is(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(UsageError, match=r"nosuch\.log cannot be read: No such file"):
        open_sources(Asked([str(tmp_path / "nosuch.log")]), _NoPatience())


def test_a_log_that_cannot_be_read_is_its_own_trouble(tmp_path: Path) -> None:
    """The others are read: here, beside memory that is not there."""
    _write(tmp_path, {"audit.log": 1})

    good, bad = open_sources(Asked(["/proc/self/mem", str(tmp_path / "audit.log")]), _NoPatience())

    assert b"".join(good.blocks()) == _line(1)
    assert (list(bad.blocks()), good.troubles) == ([], [])
    assert [trouble.what for trouble in bad.troubles] == [
        "/proc/self/mem could not be read on: Input/output error"
    ]


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # names


def test_logs_are_open_only_while_they_are_read(tmp_path: Path) -> None:
    """There may be more of them than open files; a pipe cannot be opened once more."""
    _write(tmp_path, {f"audit.log.{number}": 100 - number for number in range(1, 60)})
    os.mkfifo(tmp_path / "fifo")
    before = _descriptors()
    sources = open_sources(Asked([str(tmp_path), str(tmp_path / "fifo")]), _NoPatience())

    assert len(sources) == 60
    assert _descriptors() == before + 1
    assert [b"".join(source.blocks()) for source in sources[:-1]] == [
        _line(100 - n) for n in range(59, 0, -1)
    ]
    list(sources[-1].blocks())
    assert _descriptors() == before


def test_a_log_is_found_again_where_it_was_rotated_to(tmp_path: Path) -> None:
    """By its inode: none is read twice, and none is passed over."""
    _write(tmp_path, {"audit.log.1": 1, "audit.log": 2})
    sources = open_sources(Asked([str(tmp_path)]), _NoPatience())
    (tmp_path / "audit.log.1").rename(tmp_path / "audit.log.2")
    (tmp_path / "audit.log").rename(tmp_path / "audit.log.1")
    _write(tmp_path, {"audit.log": 3})

    assert [b"".join(source.blocks()) for source in sources] == [_line(1), _line(2)]


def test_a_folder_is_not_read_for_each_of_its_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty thousand logs took as many times that long."""
    _write(tmp_path, _ROTATED)
    looks: list[str] = []
    scandir = os.scandir

    def counted(folder: str) -> object:
        looks.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", counted)

    paths = [str(tmp_path / name) for name in _ROTATED]
    assert _order(Asked(paths, rotated=True)) == list(_ROTATED)
    assert looks == [str(tmp_path)]


@pytest.mark.parametrize("replaced", [True, False])
def test_a_log_that_is_gone_when_its_turn_comes_is_told(tmp_path: Path, replaced: bool) -> None:  # data
    """Another one of its name is not taken for it."""
    _write(tmp_path, {"audit.log.1": 1, "audit.log": 2})
    gone, there = open_sources(Asked([str(tmp_path)]), _NoPatience())
    if replaced:
        _write(tmp_path, {"new": 3})
        (tmp_path / "new").rename(tmp_path / "audit.log.1")
    else:
        (tmp_path / "audit.log.1").unlink()

    assert list(gone.blocks()) == []
    assert [trouble.what for trouble in gone.troubles] == [
        f"{tmp_path / 'audit.log.1'} could not be read: it was removed or replaced"
    ]
    assert b"".join(there.blocks()) == _line(2)


@pytest.mark.parametrize("content", [None, gzip.compress(b"1\n", mtime=0)])
def test_what_cannot_grow_is_not_followed(tmp_path: Path, content: Optional[bytes]) -> None:
    """A pipe, or a compressed log."""
    path = tmp_path / "audit.log"
    os.mkfifo(path) if content is None else path.write_bytes(content)

    with pytest.raises(UsageError, match="cannot be followed: it is no plain file"):
        open_sources(Asked([str(path)], follow=True), _NoPatience())


def test_memory_is_not_followed() -> None:
    """The reason is that of whoever refuses to read it."""
    with pytest.raises(UsageError, match="cannot be followed: Input/output error"):
        open_sources(Asked(["/proc/self/mem"], follow=True), _NoPatience())


@pytest.fixture
def no_zstd(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this Python one that cannot read zstd."""
    for module in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, module, None)


@pytest.mark.usefixtures("no_zstd")
def test_zstd_is_refused_where_this_python_cannot_read_it(tmp_path: Path) -> None:
    """Before anything is read, with the name of the log."""
    (tmp_path / "a.log.zst").write_bytes(_ZSTD)

    with pytest.raises(UsageError, match=r"/a\.log\.zst is compressed with zstd"):
        open_sources(Asked([str(tmp_path / "a.log.zst")]), _NoPatience())


def _tar(log: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(log, "a.log")
    return buffer.getvalue()


def test_an_archive_is_refused(tmp_path: Path) -> None:
    """Its records would be read but for the first one of each log in it."""
    _write(tmp_path, {"a.log": 1})
    (tmp_path / "a.tgz").write_bytes(_tar(tmp_path / "a.log"))

    with pytest.raises(UsageError, match=r"/a\.tgz is a tar archive, which is not read"):
        open_sources(Asked([str(tmp_path / "a.tgz")]), _NoPatience())


@pytest.mark.usefixtures("no_zstd")
@pytest.mark.parametrize("rotated", [True, False])
def test_what_nobody_named_and_cannot_be_read_costs_no_other(tmp_path: Path, rotated: bool) -> None:  # data
    """It was found in a folder, or in a rotated set."""
    _write(tmp_path, {"audit.log.1": 1, "audit.log": 2})
    (tmp_path / "audit.log.2.zst").write_bytes(_ZSTD)
    (tmp_path / "audit.log.3").symlink_to(tmp_path / "gone")
    (tmp_path / "audit.log.4").mkdir()
    sources = open_sources(
        Asked([str(tmp_path / "audit.log") if rotated else str(tmp_path)], rotated=rotated), _NoPatience()
    )

    assert [b"".join(source.blocks()) for source in sources][-2:] == [_line(1), _line(2)]
    unread = [
        *(["audit.log.4 cannot be read: Is a directory: the other logs were read"] if rotated else []),
        *(
            ["audit.log.3 cannot be read: No such file or directory: the other logs were read"]
            if rotated
            else []
        ),
        "audit.log.2.zst is compressed with zstd, which this Python cannot read: " + _ZSTD_REMEDY,
    ]
    troubles = [str(trouble) for source in sources for trouble in source.troubles]
    assert [trouble.replace(f"{tmp_path}/", "") for trouble in troubles] == unread
