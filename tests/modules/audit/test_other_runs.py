"""Other runs on this host: known by their journals, and by nothing that anybody else could say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from memory_kernel import STATUS

from mig_audit.modules.audit.canary import Mark
from mig_audit.modules.audit.config_changes import Actor, Recorded
from mig_audit.modules.audit.kernel.journal import Process, Undertaking
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.other_runs import OtherRuns
from mig_audit.modules.audit.recorder.watch import Change
from mig_audit.modules.audit.rules import parse_rule

RUN, OWN = "0123456789abcdef", "fedcba9876543210"
_RULE = parse_rule("-w /etc/hosts -p wa -k hosts").rule.pack()
_THEIRS = parse_rule("-w /etc/passwd -p wa -k passwd").rule.pack()
OTHER = Undertaking(
    RUN,
    "b00t",
    1.5,
    Process(70, 1),
    Process(77, 1),
    Process(78, 1),
    Snapshot(STATUS, ()),
    (_RULE,),
    {Setting.ENABLED: 1, Setting.BACKLOG_LIMIT: 8192},
)
_NOBODY = Actor(None, None, None, 1000, None, 3)


def _canary(run_id: str = RUN, pid: int = 77) -> bytes:
    return b"pid=%d uid=0 auid=0 ses=1 msg='%b'" % (pid, Mark(run_id, pid).text(1, end=False))


def _recorded(what: str, now: int | None = None, key: bytes | None = None, by: Actor = _NOBODY) -> Recorded:
    return Recorded(1.5, what, None, now, key, True, by, "")


def test_the_canary_of_a_run_with_a_journal_is_theirs() -> None:
    """It is counted."""
    others = OtherRuns(lambda: [OTHER], OWN, lambda: 5.0)

    assert others.sent_canary(_canary())
    assert others.to_json() == [
        {
            "run_id": RUN,
            "processes": {"main": 70, "recorder": 77, "guard": 78},
            "canaries": 1,
            "changes": 0,
        }
    ]


@pytest.mark.parametrize(
    "body",
    [
        _canary(pid=99),
        _canary("aaaaaaaaaaaaaaaa"),
        _canary(OWN),
        b"pid=77 uid=0 auid=0 ses=1 msg='op=something'",
    ],
)
def test_who_only_says_so_is_a_finding(body: bytes) -> None:
    """Another process, a run without a journal, this run, another message."""
    assert not OtherRuns(lambda: [OTHER, replace(OTHER, run_id=OWN)], OWN).sent_canary(body)


def test_a_run_that_begins_later_is_found_and_one_that_has_ended_is_remembered() -> None:
    """Their journals are there only as long as there is something to undo."""
    there: list[Undertaking] = []
    others = OtherRuns(lambda: there, OWN)
    assert others.of_process(77) == ""
    there.append(OTHER)
    assert others.of_process(77) == RUN
    there.clear()

    assert (others.of_process(78), others.of_process(79)) == (RUN, "")
    assert others.sent_canary(_canary())


@pytest.mark.parametrize(
    ("change", "run_id"),
    [
        (_recorded("enabled", 1), RUN),
        (_recorded("enabled", 0), RUN),
        (_recorded("enabled", 2), ""),
        (_recorded("backlog_limit", 8192), RUN),
        (_recorded("backlog_limit", 9999), ""),
        (_recorded("failure", 1), ""),
        (_recorded("pid", 77), RUN),
        (_recorded("pid", 78), ""),
        (_recorded("rule added", key=b"hosts"), RUN),
        (_recorded("rule removed", key=b"passwd"), ""),
        (_recorded("tty_set", 1), ""),
        (_recorded("enabled", 0, by=Actor(99, "auditctl", None, 0, 0, 1)), ""),
        (_recorded("failure", 2, by=Actor(77, "python3", None, 0, 0, 1)), RUN),
    ],
)
def test_a_change_is_theirs_if_they_made_it_or_were_going_to(change: Recorded, run_id: str) -> None:
    """The process decides where the record names one; else what their journal says."""
    assert OtherRuns(lambda: [OTHER], OWN, lambda: 5.0).recorded(change) == run_id


@pytest.mark.parametrize(
    ("change", "run_id"),
    [
        (Change(1.5, "rule removed", rule=_RULE), RUN),
        (Change(1.5, "rule added", rule=_THEIRS), ""),
        (Change(1.5, "backlog_limit", 8192, 64), RUN),
        (Change(1.5, "lost", 5, 0), ""),
    ],
)
def test_a_change_that_was_only_seen_is_theirs_if_it_was_in_their_journal(
    change: Change, run_id: str
) -> None:
    """Rules by their bytes."""
    assert OtherRuns(lambda: [OTHER], OWN, lambda: 5.0).looked(change) == run_id


@pytest.mark.parametrize(("time", "run_id"), [(1.3, ""), (5.0, RUN), (7.0, "aaaaaaaaaaaaaaaa"), (12.0, "")])
def test_of_two_runs_that_would_make_the_same_change_it_is_that_which_was_there(
    time: float, run_id: str
) -> None:
    """Of two that were, the later one."""
    now, there = [5.0], [OTHER]
    others = OtherRuns(lambda: there, OWN, lambda: now[0])
    now[0], there[:] = 9.0, [replace(OTHER, run_id="aaaaaaaaaaaaaaaa", begun=6.0)]
    others.look()
    there.clear()

    assert others.looked(Change(time, "enabled", 0, 1)) == run_id
