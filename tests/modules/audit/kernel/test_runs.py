"""The lock and the journals of this host's runs."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from memory_kernel import STATUS

from mig_audit.errors import NotPermittedError
from mig_audit.modules.audit.kernel.journal import Journal, Process, Undertaking
from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.state import Snapshot

if TYPE_CHECKING:
    from pathlib import Path


def test_the_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    """With mode 0700."""
    with Runs(str(tmp_path / "runs")):
        assert (tmp_path / "runs").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o755])
def test_a_folder_that_others_can_look_into_is_refused(tmp_path: Path, mode: int) -> None:
    """What is in it decides what is undone as root."""
    tmp_path.chmod(mode)

    with pytest.raises(NotPermittedError, match="other users"):
        Runs(str(tmp_path))


def test_a_link_to_a_folder_is_refused(tmp_path: Path) -> None:
    """Whoever made it can make it lead elsewhere."""
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(NotPermittedError, match="ENOTDIR"):
        Runs(str(tmp_path / "link"))


def test_to_look_makes_nothing(tmp_path: Path) -> None:
    """The error is that of a folder that is not there."""
    with pytest.raises(NotPermittedError, match="ENOENT"):
        Runs(str(tmp_path / "runs"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_one_has_the_lock(tmp_path: Path) -> None:
    """Until it gives it up, or ends."""
    with Runs(str(tmp_path)) as one, Runs(str(tmp_path)) as other:
        assert one.try_lock()
        assert not other.try_lock()
        one.unlock()
        assert other.try_lock()


def test_a_journal_is_private_and_never_overwritten(tmp_path: Path) -> None:
    """Mode 0600, and a second one of the same run is an error."""
    with Runs(str(tmp_path)) as runs:
        runs.create("abc").close()

        assert (tmp_path / "abc.journal").stat().st_mode & 0o777 == 0o600
        with pytest.raises(NotPermittedError, match=r"abc\.journal cannot be made: EEXIST"):
            runs.create("abc")
        assert runs.run_ids() == ["abc"]
        runs.remove("abc")
        assert not runs.has("abc")


def test_who_waits_to_undo_a_run_is_told_when_another_did(tmp_path: Path) -> None:
    """It does not get the lock then."""
    with Runs(str(tmp_path)) as other:
        other.create("abc").close()
        assert other.try_lock()
        with Runs(str(tmp_path), sleep=lambda _seconds: other.remove("abc")) as runs:
            assert not runs.lock_to_undo("abc")
            other.unlock()
            assert runs.try_lock()


def test_who_waits_to_undo_a_run_gets_the_lock_of_the_dead(tmp_path: Path) -> None:
    """As soon as it is free."""
    with Runs(str(tmp_path)) as other:
        other.create("abc").close()
        assert other.try_lock()
        with Runs(str(tmp_path), sleep=lambda _seconds: other.unlock()) as runs:
            assert runs.lock_to_undo("abc")


def _recording(runs: Runs, recorder: Process) -> Journal:
    journal = runs.create("abc")
    journal.begin(Undertaking("abc", "b00t", 1.5, recorder, recorder, recorder, Snapshot(STATUS, ()), (), {}))
    return journal


def test_nobody_waits_for_a_run_that_records(tmp_path: Path) -> None:
    """It is named instead."""
    with (
        Runs(str(tmp_path)) as other,
        Runs(str(tmp_path), sleep=lambda _seconds: pytest.fail("it waits")) as runs,
    ):
        assert other.try_lock()
        _recording(other, Process.of(os.getpid())).close()

        assert not runs.lock(patience=60)
        recording = runs.recording()
        assert recording is not None
        assert recording.run_id == "abc"


@pytest.mark.parametrize("dead", [True, False])
def test_a_run_that_is_being_undone_is_waited_for(tmp_path: Path, dead: bool) -> None:  # data
    """By itself at its end, or by someone else when it is dead."""
    with Runs(str(tmp_path)) as other:
        assert other.try_lock()
        journal = _recording(other, Process(4_000_000, 1) if dead else Process.of(os.getpid()))
        if not dead:
            journal.undoing()
        journal.close()
        with Runs(str(tmp_path), sleep=lambda _seconds: other.unlock()) as runs:
            assert runs.recording() is None
            assert runs.lock(patience=60)


def test_nobody_waits_for_ever_or_in_a_hurry(tmp_path: Path) -> None:
    """A lock without a journal is that of a run that begins or ends, and no longer than a while."""
    with Runs(str(tmp_path)) as other, Runs(str(tmp_path)) as runs:
        assert other.try_lock()
        assert not runs.lock(patience=0.01)
        assert not runs.lock(patience=60, hurry=lambda: True)


def test_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """Who only looks is not stopped by it."""
    (tmp_path / "bad.journal").write_text("[]\n")
    (tmp_path / "gone.journal").symlink_to("nowhere")
    (tmp_path / "empty.journal").touch()

    with Runs(str(tmp_path)) as runs:
        assert runs.undertakings() == []


@pytest.mark.parametrize("kind", ["directory", "link", "FIFO", "socket"])
def test_what_is_no_journal_is_told_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    """Others are read all the same."""
    with Runs(str(tmp_path)) as runs:
        _recording(runs, Process.of(os.getpid())).close()
        _make(tmp_path / "odd.journal", kind)

        (found,), (unreadable,) = runs.look()

        assert found.run_id == "abc"
        assert unreadable.run_id == "odd"
        assert kind in unreadable.error.what
        assert str(tmp_path / "odd.journal") in unreadable.error.what
        assert unreadable.error.remedy


def _make(path: Path, kind: str) -> None:
    if kind == "directory":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("nowhere")
    elif kind == "FIFO":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            os.chdir(path.parent)
            bound.bind(path.name)


@pytest.mark.parametrize("kind", ["directory", "link"])
def test_a_lock_that_is_no_file_is_an_error_of_ours(tmp_path: Path, kind: str) -> None:
    """It says which, and what to do."""
    _make(tmp_path / "lock", kind)

    with (
        Runs(str(tmp_path)) as runs,
        pytest.raises(NotPermittedError, match="lock cannot be opened") as caught,
    ):
        runs.try_lock()
    assert caught.value.remedy


def test_a_journal_that_is_gone_says_nothing(tmp_path: Path) -> None:
    """Somebody else undid its run; to remove it once more is no error."""
    with Runs(str(tmp_path)) as runs:
        assert runs.read("gone") is None
        runs.remove("gone")
        with pytest.raises(NotPermittedError, match="ENOENT"):
            runs.append("gone")


def test_nothing_is_inherited_by_other_programs(tmp_path: Path) -> None:
    """A child with the lock's descriptor would keep it locked."""
    with Runs(str(tmp_path)) as runs:
        assert runs.try_lock()
        links = {name: f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")}  # noqa: PTH208  # names
        # The listing's own descriptor is closed by now.
        there = {name: os.readlink(link) for name, link in links.items() if os.path.lexists(link)}  # noqa: PTH115
        open_here = [int(name) for name, target in there.items() if target.startswith(str(tmp_path))]

        assert len(open_here) == 2
        assert not any(os.get_inheritable(descriptor) for descriptor in open_here)
