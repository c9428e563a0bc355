"""What the recorder is told to do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mig_audit.modules.audit.kernel.status import Setting, Status
from mig_audit.modules.audit.recorder.bounds import Limits
from mig_audit.modules.audit.recorder.plan import Plan
from mig_audit.modules.audit.rules import parse_rule

_ALWAYS = "-a always,exit -F arch=b64"
_STATUS = Status(0, 1, 0, 0, 64, 0, 0, 0x7F, 15000, 0, 11)
_PLAN = Plan(
    rules=(b"\x04\0\0\0one", b"two"),
    own_rules=(b"own",),
    run_id="0123456789abcdef",
    window=1.5,
    latest=7.5,
    canary=5.0,
    stream="auto",
    receive_buffer=1 << 20,
    max_log_size=1 << 20,
    limits=Limits(records=5),
    backlog_limit=8192,
    rate_limit=None,
    failure=None,
    wait_time=0,
    reapply=True,
)


def test_a_plan_survives_the_channel() -> None:
    """What is sent is what arrives."""
    assert Plan.from_json(json.loads(json.dumps(_PLAN.to_json()))) == _PLAN


def test_enabled_is_set_last() -> None:
    """Before it, no rule produces anything."""
    settings = _PLAN.settings(_STATUS, tune=True)

    assert settings == {Setting.BACKLOG_LIMIT: 8192, Setting.BACKLOG_WAIT_TIME: 0, Setting.ENABLED: 1}
    assert list(settings)[-1] is Setting.ENABLED


@pytest.mark.parametrize("limit", [0, 8192, 20000])
def test_the_backlog_limit_is_never_lowered(limit: int) -> None:
    """0 means no limit, which is more than any."""
    assert Setting.BACKLOG_LIMIT not in _PLAN.settings(replace(_STATUS, backlog_limit=limit), tune=True)


def test_beside_an_owner_only_enabled_is_set() -> None:
    """The limits are the owner's choice."""
    assert _PLAN.settings(_STATUS, tune=False) == {Setting.ENABLED: 1}


def test_what_is_so_already_is_not_set() -> None:
    """Every change is one that must be undone."""
    status = replace(_STATUS, enabled=1, backlog_limit=8192, backlog_wait_time=0)

    assert _PLAN.settings(status, tune=True) == {}


def test_waiting_leaves_the_wait_time_as_found() -> None:
    """Back-pressure on the host only where it was asked for, as the host has it."""
    assert Setting.BACKLOG_WAIT_TIME not in replace(_PLAN, wait_time=None).settings(_STATUS, tune=True)


def test_a_wait_time_is_set_where_the_kernel_has_one() -> None:
    """In jiffies, as a rule file gives it."""
    waiting = replace(_PLAN, wait_time=600)

    assert waiting.settings(_STATUS, tune=True)[Setting.BACKLOG_WAIT_TIME] == 600
    old = replace(_STATUS, backlog_wait_time=None, backlog_wait_time_actual=None, words=8)
    assert Setting.BACKLOG_WAIT_TIME not in waiting.settings(old, tune=True)


def test_what_keeps_the_run_out_is_about_the_recorded_calls_alone() -> None:
    """A rule about every call would be looked at whenever any program on the host makes one."""
    own, asked, standing = (
        parse_rule(text).rule.pack()
        for text in ("-A exit,never -F pid=7", f"{_ALWAYS} -S execve", f"{_ALWAYS} -S connect")
    )
    plan = replace(_PLAN, own_rules=(own,), rules=(asked, parse_rule("-a never,user -F uid=5").rule.pack()))

    (narrowed,) = plan.beside([standing]).own_rules

    assert narrowed == parse_rule("-A exit,never -S execve,connect -F pid=7").rule.pack()


@pytest.mark.parametrize("rule", ["-w /etc/passwd -p wa", f"{_ALWAYS} -F uid=5", f"{_ALWAYS} -S all"])
def test_beside_a_rule_about_every_call_the_run_is_kept_out_of_every_call(rule: str) -> None:
    """Watches are such rules."""
    own = parse_rule("-A exit,never -F pid=7").rule.pack()
    plan = replace(_PLAN, own_rules=(own,), rules=(parse_rule(rule).rule.pack(),))

    assert plan.beside(()).own_rules == (own,)


def test_a_run_that_records_no_calls_adds_no_rules_to_keep_itself_out_of_them() -> None:
    """Its rules are about messages, or there are none."""
    plan = replace(_PLAN, rules=(parse_rule("-a always,exclude -F msgtype=CWD").rule.pack(),))

    assert plan.beside(()).own_rules == ()


@pytest.mark.parametrize(("found", "expected"), [(2, {Setting.FAILURE: 1}), (1, {}), (0, {})])
def test_failure_is_only_ever_lowered_from_panic(found: int, expected: dict[Setting, int]) -> None:
    """A host that is silent about loss stays so."""
    settings = replace(_PLAN, failure=1).settings(replace(_STATUS, failure=found), tune=False)

    assert {setting: value for setting, value in settings.items() if setting is Setting.FAILURE} == expected
