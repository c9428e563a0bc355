"""What others changed, from what records say and the recorder saw."""

from __future__ import annotations

import os

from mig_audit.modules.audit.config_changes import Actor, recorded_changes
from mig_audit.modules.audit.drift import Drift, actor_of
from mig_audit.modules.audit.events import Correlator, Decoder, Event, TableNames, correlate
from mig_audit.modules.audit.recorder.watch import Change
from mig_audit.modules.audit.records import parse_line
from mig_audit.modules.audit.rules import parse_rule

_RULE = parse_rule("-w /etc/hosts -p wa -k hosts").rule.pack()
_SYSCALL = (
    "arch=c000003e syscall=44 success=yes exit=60 a0=4 a1=0 a2=3c a3=0 items=0 ppid=1 pid=77 auid=1000 uid=0 gid=0 "
    'euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3 comm="auditctl" exe="/usr/sbin/auditctl" key=(null)'
)


def _event(text: str, second: int = 1, *, process: bool = True) -> Event:
    stamp = f"audit({second}.500:{second})"
    lines = [f"type=CONFIG_CHANGE msg={stamp}: {text}"]
    if process:
        lines += [f"type=SYSCALL msg={stamp}: {_SYSCALL}", f"type=EOE msg={stamp}: "]
    (group,) = correlate([parse_line(line.encode()) for line in lines], Correlator())
    return Decoder(TableNames({}, {})).decode(group)


def _drift(events: list[Event], *looked: Change) -> Drift:
    return Drift.of([change for event in events for change in recorded_changes(event)], looked, 0)


def test_a_setting_has_both_values_and_who_set_it() -> None:
    """From the system call that the record comes with."""
    (change,) = _drift([_event("op=set audit_enabled=0 old=1 auid=1000 ses=3 res=1")]).changes

    assert (change.what, change.values, change.done, change.time) == ("enabled", (1, 0), True, 1.5)
    assert change.recorded is not None
    assert change.recorded.by == Actor(77, "auditctl", "/usr/sbin/auditctl", 1000, 0, 3)


def test_an_attempt_that_was_refused_is_told_as_one() -> None:
    """For instance to take the audit pid."""
    drift = _drift([_event("op=set audit_pid=99 old=4711 auid=1000 ses=3 res=0")])

    assert drift.changes[0].to_json()["done"] is False
    assert "pid was 4711 and is 99 (refused by the kernel)" in str(next(drift.errors()))


def test_what_both_witnesses_saw_is_one_change() -> None:
    """Settings by their value, rules by their key."""
    events = [
        _event('auid=1000 ses=3 op=remove_rule key="hosts" list=4 res=1', 1),
        _event("op=set audit_backlog_limit=64 old=8192 auid=1000 ses=3 res=1", 2),
    ]
    looked = [Change(3.0, "backlog_limit", 8192, 64), Change(3.0, "rule removed", rule=_RULE)]
    drift = _drift(events, *looked)

    assert [(change.what, change.looked is not None) for change in drift.changes] == [
        ("rule removed", True),
        ("backlog_limit", True),
    ]
    assert drift.changes[0].rule == "-a always,exit -F path=/etc/hosts -F perm=wa -F key=hosts"


def test_what_no_record_tells_is_there_all_the_same() -> None:
    """Nobody knows by whom."""
    drift = _drift([], Change(3.0, "enabled", 1, 0))

    assert drift.changes[0].to_json()["by"] is None
    assert drift.switched_off == 3.0
    assert "enabled was 1 and is 0 (nobody knows by whom)" in str(next(drift.errors()))


def test_who_took_the_audit_pid_is_looked_up() -> None:
    """No record is needed for that: it is the process that has it now."""
    thief = Actor(99, "auditd", "/usr/sbin/auditd", 4294967295, 0, 4294967295)
    changes = [Change(3.0, "pid", 77, 99), Change(4.0, "pid", 99, 0)]
    taken, given = Drift.of([], changes, 0, {99: thief}.get).changes

    assert (taken.by, given.by) == (thief, None)


def test_a_living_process_is_known_from_proc() -> None:
    """One that is gone is nobody."""
    own = actor_of(os.getpid())

    assert own is not None
    assert (own.pid, own.uid) == (os.getpid(), os.getuid())
    assert own.exe is not None
    assert actor_of(1 << 22) is None


def test_what_we_put_back_is_no_change_by_others() -> None:
    """The kernel may make a record of it that does not say who it was."""
    events = [
        _event('auid=1000 ses=3 op=remove_rule key="hosts" list=4 res=1', 1),
        _event('auid=0 ses=1 op=add_rule key="hosts" list=4 res=1', 2, process=False),
        _event('auid=0 ses=1 op=add_rule key="hosts" list=4 res=1', 3, process=False),
    ]
    drift = _drift(events, Change(1.5, "rule removed", rule=_RULE, reapplied=""))

    assert [change.what for change in drift.changes] == ["rule removed", "rule added"]
    assert drift.changes[0].to_json()["reapplied"] is True


def test_a_reset_counter_is_known_from_either_witness() -> None:
    """The loss ledger needs to know."""
    assert _drift([_event("op=set lost=0 old=5281 auid=1000 ses=3 res=1")]).lost_reset
    assert _drift([], Change(3.0, "lost", 5281, 0)).lost_reset
    assert not _drift([]).lost_reset


def test_many_changes_are_one_sentence() -> None:
    """The first kinds of them, and how many more."""
    events = [
        _event(f"op=set audit_rate_limit={n} old=0 auid=1000 ses=3 res=1", n) for n in (1, 1, 2, 3, 4, 5)
    ]
    (error,) = _drift(events).errors()

    assert "2 times rate_limit was 0 and is 1" in str(error)
    assert "; and 2 more" in str(error)


def test_where_nobody_looked_there_may_have_been_changes() -> None:
    """That is an error too."""
    (error,) = Drift(unwatched="no answer in 5 s").errors()

    assert "could not be watched all the time: no answer" in str(error)


def test_without_changes_there_is_nothing_to_say() -> None:
    """An empty list in the envelope."""
    assert (list(_drift([]).errors()), _drift([]).to_json()) == ([], [])
