"""Where the results of commands may be written."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mig_audit.errors import OutputError
from mig_audit.output_file import place, refuse_same, whole_file

if TYPE_CHECKING:
    from pathlib import Path

_ANSWER = b'{"foundanything":false'


def _run(folder: Path, target: str, document: str = "params.json") -> subprocess.CompletedProcess[bytes]:
    """Answer parameters that are not valid."""
    (folder / "params.json").write_text('{"rules": 1}')
    command = [sys.executable, "-m", "mig_audit", "run", document, "-o", target]
    return subprocess.run(command, capture_output=True, check=False, cwd=folder, stdin=subprocess.DEVNULL)


def _write(path: Path, data: bytes) -> None:
    with place(str(path)) as to, whole_file(to, keep_empty=False) as descriptor:
        os.write(descriptor, data)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("", "the output has no name"),
        ("folder", "folder is a folder"),
        ("nosuch/", "nosuch/ is a folder"),
        ("nosuch/file", "nosuch/file cannot be written: No such file or directory"),
        ("params.json/file", "params.json/file cannot be written: Not a directory"),
        ("params.json", "params.json is also where the output goes"),
        ("folder/../params.json", "params.json is also where the output goes"),
        ("link", "params.json is also where the output goes"),
        ("pipe", "pipe cannot be written: nobody reads from it"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(tmp_path: Path, target: str, words: str) -> None:
    """Exit code 2 and one sentence; all is as it was."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("params.json")
    os.mkfifo(tmp_path / "pipe")
    before = sorted([*tmp_path.rglob("*"), tmp_path / "params.json"])

    result = _run(tmp_path, target)

    assert (result.returncode, result.stdout) == (2, b"")
    assert words in result.stderr.decode()
    assert len(result.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "params.json").read_text() == '{"rules": 1}'


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: nobody else can make a device")
def test_a_device_is_written_into_and_stays_one(tmp_path: Path) -> None:
    """Root's own null device of this test; nothing is made beside it."""
    null = tmp_path / "null"
    os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    before = null.stat()

    result = _run(tmp_path, str(null))

    assert result.stderr == b"mig-audit: $.rules: 1 is not an array\n"
    assert (null.stat().st_ino, null.stat().st_mode) == (before.st_ino, before.st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {"null", "params.json"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: nobody else can make a device")
def test_a_disk_is_not_written_over(tmp_path: Path) -> None:
    """Nobody means that."""
    disk = tmp_path / "disk"
    os.mknod(disk, stat.S_IFBLK | 0o600, os.makedev(7, 255))

    with pytest.raises(OutputError, match="is a disk or a socket"), place(str(disk)):
        pass


def test_a_pipe_is_written_into(tmp_path: Path) -> None:
    """By whoever reads it already."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    _write(pipe, b"result")
    heard = os.read(reader, 100)
    os.close(reader)

    assert heard == b"result"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_a_name_of_stdout_is_stdout(tmp_path: Path, name: str) -> None:
    """What was written there before stays, also in a file, and no link is replaced."""
    link = tmp_path / "link"
    link.symlink_to("/dev/stdout")
    written = tmp_path / "written"
    with written.open("wb") as file:
        file.write(b"before\n")
        file.flush()
        (tmp_path / "params.json").write_text('{"rules": 1}')
        command = [sys.executable, "-m", "mig_audit", "run", "params.json", "-o", name]
        subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=False, cwd=tmp_path)

    assert written.read_bytes().startswith(b"before\n" + _ANSWER)
    assert link.is_symlink()


def test_a_file_appears_with_its_data_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    """Private; until then there is nothing under any name, and what was there is."""
    target = tmp_path / "result"
    target.write_text("earlier")
    with place(str(target)) as to:
        assert [path.name for path in tmp_path.iterdir()] == ["result"]
        assert target.read_text() == "earlier"
        with whole_file(to, keep_empty=False) as descriptor:
            os.write(descriptor, b"later")

    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("later", 0o600)
    assert list(tmp_path.iterdir()) == [target]


def test_what_is_killed_leaves_nothing(tmp_path: Path) -> None:
    """Not under any name: a file without an end would take its room until somebody sees it."""
    program = f"""
import os, signal
from mig_audit.output_file import place, whole_file
with place({str(tmp_path / "result")!r}) as to, whole_file(to, keep_empty=True) as descriptor:
    os.write(descriptor, b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    result = subprocess.run([sys.executable, "-c", program], check=False)

    assert result.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


class _NoTmpfile:
    """A system on which files without a name cannot be had, or cannot be given one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
        self.refused = 0
        real = getattr(os, call)

        def refuse(*arguments: Any, **named: Any) -> object:  # noqa: ANN401 - whatever the call takes
            if call == "open" and arguments[1] & os.O_TMPFILE != os.O_TMPFILE:
                return real(*arguments, **named)
            self.refused += 1
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

        monkeypatch.setattr(os, call, refuse)


@pytest.mark.parametrize("call", ["open", "link"])
def test_a_file_needs_no_help_of_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """It is complete or not there even so."""
    target = tmp_path / "result"
    target.write_text("earlier")
    system = _NoTmpfile(monkeypatch, call)

    _write(target, b"later")
    with (
        place(str(target)) as to,
        pytest.raises(ZeroDivisionError),
        whole_file(to, keep_empty=True) as descriptor,
    ):
        os.write(descriptor, b"%d" % (1 // 0))

    assert system.refused
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("later", 0o600)
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_that_is_still_to_come_is_the_same_by_any_name(tmp_path: Path) -> None:
    """As the raw log of a run that has not begun."""
    (tmp_path / "by").symlink_to(tmp_path)

    with pytest.raises(OutputError, match="is also where the output goes"):
        refuse_same(str(tmp_path / "by" / "raw.log"), [str(tmp_path / "raw.log")])
    refuse_same(str(tmp_path / "other"), [str(tmp_path / "raw.log")])


def test_a_document_on_stdin_is_not_written_over(tmp_path: Path) -> None:
    """It is a file too."""
    document = tmp_path / "params.json"
    document.write_text('{"rules": 1}')
    with document.open("rb") as file:
        command = [sys.executable, "-m", "mig_audit", "run", "-", "-o", str(document)]
        result = subprocess.run(command, stdin=file, capture_output=True, check=False)

    assert b"what is read from stdin is also where the output goes" in result.stderr
    assert document.read_text() == '{"rules": 1}'


def test_without_stdout_nothing_is_begun(tmp_path: Path) -> None:
    """There would be nowhere to put the result."""
    (tmp_path / "params.json").write_text('{"rules": 1}')
    command = ["sh", "-c", f"exec {sys.executable} -m mig_audit run params.json >&-"]
    result = subprocess.run(command, stderr=subprocess.PIPE, check=False, cwd=tmp_path)

    assert result.returncode == 2
    assert result.stderr == b"mig-audit: stdout is closed: give the command one, or name a file with -o\n"


@pytest.mark.parametrize("name", ["out", "./out", os.devnull])
def test_a_working_directory_that_was_removed_is_told(tmp_path: Path, name: str) -> None:
    """Where a relative name leads nowhere any more; every other place is as good as ever."""
    folder, log = tmp_path / "gone", tmp_path / "log"
    folder.mkdir()
    log.write_text("type=AVC msg=audit(1.000:1): pid=1\n")
    script = 'cd "$1"; rmdir "$1"; exec "$2" -m mig_audit replay -o "$3" "$4"'

    command = ["sh", "-c", script, "sh", str(folder), sys.executable, name, str(log)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    gone = f"mig-audit: {name} cannot be written: the working directory is gone: name a file in a writable folder\n"
    assert (result.returncode, result.stderr) == ((0, "") if name == os.devnull else (2, gone))


@pytest.mark.parametrize("mask", ["0777", "0177", "0"])
def test_a_result_is_private_and_its_owner_can_read_it(tmp_path: Path, mask: str) -> None:
    """Whatever the caller's umask is."""
    (tmp_path / "log").write_text("type=AVC msg=audit(1.000:1): pid=1\n")
    command = [sys.executable, "-m", "mig_audit", "replay", "-o", "events", "log"]
    subprocess.run(["sh", "-c", f'umask {mask}; exec "$@"', "sh", *command], check=True, cwd=tmp_path)

    assert stat.S_IMODE((tmp_path / "events").stat().st_mode) == 0o600
