"""What is written down, and what a reader makes of it whenever the writer was killed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from memory_kernel import STATUS, rule

from mig_audit.errors import AuditUnavailableError, InternalError
from mig_audit.modules.audit.kernel.journal import (
    Journal,
    Process,
    Undertaking,
    read_journal,
    with_doubt,
)
from mig_audit.modules.audit.kernel.loading import BATCH
from mig_audit.modules.audit.kernel.state import RuleOutcome, Snapshot
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    from pathlib import Path

UNDERTAKING = Undertaking(
    run_id="0123456789abcdef",
    boot_id="b00t",
    begun=1.5,
    main=Process(10, 100),
    recorder=Process(11, 101),
    guard=Process(12, 102),
    before=Snapshot(STATUS, (rule("theirs"),)),
    rules=(rule("one"), rule("two")),
    settings={},
)


def _written(path: Path) -> bytes:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    journal = Journal(descriptor)
    journal.begin(UNDERTAKING)
    journal.settings({Setting.BACKLOG_LIMIT: 8192, Setting.ENABLED: 1})
    journal.outcome(RuleOutcome(rule("one"), "added"))
    journal.outcome(RuleOutcome(rule("two"), "exists"))
    journal.undoing()
    journal.close()
    return path.read_bytes()


def _read(path: Path, text: bytes) -> Undertaking | None:
    path.write_bytes(text)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return read_journal(descriptor)
    finally:
        os.close(descriptor)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The state before, the settings, and an outcome for each rule."""
    read = _read(tmp_path / "copy", _written(tmp_path / "journal"))

    assert read is not None
    assert (read.run_id, read.recorder, read.before) == (
        UNDERTAKING.run_id,
        UNDERTAKING.recorder,
        UNDERTAKING.before,
    )
    assert read.settings == {Setting.BACKLOG_LIMIT: 8192, Setting.ENABLED: 1}
    assert [outcome.outcome for outcome in read.outcomes] == ["added", "exists"]
    assert read.undoing


def test_cut_off_anywhere_it_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    """The rules without an outcome are in doubt, as many as may be asked for at once."""
    text = _written(tmp_path / "journal")
    seen = set()
    for size in range(len(text) + 1):
        read = _read(tmp_path / "copy", text[:size])
        seen.add(None if read is None else tuple(outcome.outcome for outcome in read.outcomes))

    assert seen == {
        None,
        ("pending", "pending"),
        ("added", "pending"),
        ("added", "exists"),
    }


@pytest.mark.parametrize("text", [b"{}\n", b"no json\n", b'{"version":1}\n', b"[]\n"])
def test_what_is_no_journal_is_an_error(tmp_path: Path, text: bytes) -> None:
    """And never taken for a run that changed nothing."""
    with pytest.raises(InternalError, match="journal"):
        _read(tmp_path / "copy", text)


def test_another_version_is_told(tmp_path: Path) -> None:
    """It may mean something else by the same words."""
    with pytest.raises(InternalError, match="version 2"):
        _read(tmp_path / "copy", b'{"version": 2}\n')


def test_what_is_too_long_for_a_journal_is_not_read(tmp_path: Path) -> None:
    """Whatever put it there, it would take the memory of the host."""
    path = tmp_path / "long.journal"
    path.touch()
    os.truncate(path, (256 << 20) + 1)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with pytest.raises(InternalError, match="a journal of more than"):
            read_journal(descriptor)
    finally:
        os.close(descriptor)


def test_a_full_disk_is_an_error_with_a_remedy() -> None:
    """Nothing is changed that could not be written down."""
    journal = Journal(os.open("/dev/full", os.O_WRONLY))

    with pytest.raises(AuditUnavailableError, match=r"ENOSPC.*free space"):
        journal.begin(UNDERTAKING)
    journal.close()


def test_a_process_is_told_from_a_later_one_with_its_id() -> None:
    """By when it started."""
    me = Process.of(os.getpid())

    assert me.alive()
    assert not Process(me.pid, me.started + 1).alive()
    assert not Process(me.pid, 0).alive()


@pytest.mark.parametrize(("state", "started"), [("S", 4711), ("Z", 0)])
def test_a_name_with_parentheses_and_a_dead_process(tmp_path: Path, state: str, started: int) -> None:
    """The name is what somebody chose; an exit status that nobody fetched is no process."""
    (tmp_path / "7").mkdir()
    fields = " ".join(["1"] * 18)
    (tmp_path / "7" / "stat").write_text(f"7 (a) b (c) {state} {fields} 4711 1\n")

    assert Process.of(7, str(tmp_path)) == Process(7, started)
    assert Process.of(8, str(tmp_path)) == Process(8, 0)


def test_no_more_rules_are_in_doubt_than_are_asked_for_at_once() -> None:
    """Later ones were not yet sent."""
    rules = [bytes([number]) for number in range(3 * BATCH)]
    known = [RuleOutcome(payload, "added") for payload in rules[:BATCH]]

    assert [outcome.outcome for outcome in with_doubt(rules, known)] == ["added"] * BATCH + [
        "pending"
    ] * BATCH
