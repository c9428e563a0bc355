"""What `mig-audit restore` says where it may not undo anything; tests/live has what it does."""

from __future__ import annotations

import os

import pytest
from memory_kernel import STATUS

from mig_audit.modules.audit.commands.restore import _is_recording, told
from mig_audit.modules.audit.kernel.journal import Process, Undertaking
from mig_audit.modules.audit.kernel.recovery import Recovered
from mig_audit.modules.audit.kernel.state import Restoration, Snapshot

DEAD, ALIVE = Process(4_000_000, 1), Process.of(os.getpid())


@pytest.mark.parametrize(
    ("main", "recorder", "words"),
    [
        (ALIVE, Process(77, 1), f"(process {ALIVE.pid}): it undoes itself at its end; stop it with SIGTERM"),
        (
            DEAD,
            Process(77, 1),
            "its recorder is process 77): it undoes itself at its end; if it does not end, `kill -CONT 77`",
        ),
    ],
    ids=["main", "recorder"],
)
def test_a_run_that_lives_is_named_with_what_can_be_done(
    main: Process, recorder: Process, words: str
) -> None:
    """By its main process; where that is dead, by the one that holds the kernel."""
    run = Undertaking("run", "b00t", 1.5, main, recorder, DEAD, Snapshot(STATUS, ()), (), {})

    assert words in str(_is_recording(run))


def test_one_that_cannot_be_seen_yet_is_waited_for() -> None:
    """It begins or ends just now."""
    assert str(_is_recording(None)).endswith("try again later")


def test_people_read_printable_lines() -> None:
    """What differs may have a name of anybody's in it."""
    differs = Restoration(Snapshot(STATUS, ()), (), ("rule \x1b[31m\nwas left",))

    assert told((Recovered("abc", restoration=differs),)).splitlines()[1:] == [r"  rule \x1b[31m\nwas left"]
    assert told(()) == "nothing was left to undo\n"
