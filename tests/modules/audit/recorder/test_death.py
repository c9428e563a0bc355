"""How a recorder ended before its window did."""

from __future__ import annotations

import signal

import pytest

from mig_audit.modules.audit.recorder.death import death_of

LAST = 1_700_000_000.5


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT, signal.SIGUSR1])
def test_who_kills_a_recorder_leaves_partial_evidence(number: signal.Signals) -> None:
    """That is no fault of ours: exit code 1, with what can be done about it."""
    death = death_of(-number, "", LAST)

    assert (death.reason, death.error.exit_code) == ("died", 1)
    assert death.why == f"the recorder was killed by {number.name} after 2023-11-14T22:13:20.500+00:00"
    assert "memory" in death.error.remedy
    assert "in the raw log" in death.error.remedy


@pytest.mark.parametrize("code", [0, 1, -signal.SIGSEGV, -signal.SIGABRT])
def test_a_recorder_that_ends_by_itself_is_a_fault_of_ours(code: int) -> None:
    """Exit code 6."""
    death = death_of(code, "", LAST)

    assert (death.reason, death.error.exit_code) == ("died", 6)
    assert f"with exit status {code}" in death.why


@pytest.mark.parametrize(("code", "hangs"), [(-signal.SIGKILL, False), (None, True)])
def test_one_that_stood_still_was_ended_by_us(code: int | None, hangs: bool) -> None:  # data
    """Or could not be."""
    death = death_of(code, "it gave no sign of life for 17 s", LAST)

    assert (death.reason, death.error.exit_code) == ("stuck", 1)
    assert "it gave no sign of life for 17 s" in death.why
    assert ("could not be killed" in death.why) is hangs


def test_a_signal_without_a_name_has_its_number() -> None:
    """As those for real-time use."""
    assert "killed by signal 40" in death_of(-40, "", LAST).why
