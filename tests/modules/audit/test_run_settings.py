"""What a rule file may set for the window, and what is said of the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mig_audit.modules.audit.kernel.status import Setting, Status
from mig_audit.modules.audit.parameters import Parameters, RuleSource, parse_parameters
from mig_audit.modules.audit.recording import make_plan
from mig_audit.modules.audit.rules.controls import CONTROLS, takes_argument
from mig_audit.modules.audit.ruleset import AskedRule, gather
from mig_audit.modules.audit.run_settings import RunSettings, controls_of, run_settings, with_settings

_FOUND = Status(0, 1, 0, 0, 64, 0, 0, 0x7F, 6000, 0, 11)
_RULE = "-a always,exit -F arch=b64 -S execve -k exec"
_RUN = "0123456789abcdef"
_ARGUMENTS = {"-m": "hello", "-q": "/mnt,/srv", "--signal": "usr1"}


def _parameters(**fields: Any) -> Parameters:  # noqa: ANN401  # any part of a document
    return parse_parameters({"rules": [], **fields})


def _rules(*lines: str) -> tuple[AskedRule, ...]:
    return gather([RuleSource("line", line, "$.rules[0]") for line in lines], strict=True)


def _settings(*lines: str, **kernel: object) -> RunSettings:
    return run_settings(controls_of(_rules(*lines)), _parameters(kernel=kernel).kernel)


def _during(parameters: Parameters, rules: tuple[AskedRule, ...], found: Status) -> Status:
    """Return the status that the recorder would make of the one it found."""
    settings = make_plan(parameters, rules, (), _RUN).settings(found, tune=True)
    return replace(found, **{Setting(setting).name.lower(): value for setting, value in settings.items()})


def _outcomes(*lines: str, found: Status = _FOUND, **fields: object) -> list[tuple[str, str]]:
    parameters, rules = _parameters(**fields), _rules(*lines)
    known = with_settings(rules, parameters, _during(parameters, rules, found), "")
    return [(rule.outcome, rule.detail) for rule in known]


def test_without_control_lines_the_parameters_and_their_defaults_hold() -> None:
    """As ever."""
    assert _settings() == RunSettings(backlog_limit=8192, rate_limit=None, wait_time=0)
    assert _settings(backlog_limit=100, rate_limit=7, backpressure="wait") == RunSettings(100, 7, None)


@pytest.mark.parametrize(
    ("lines", "limit"),
    [
        (["-b 16384"], 16384),
        (["-b 64"], 8192),
        (["-b 0"], 8192),
        (["-b 20000", "-b 16384"], 20000),
        (["-b 1048577"], 8192),
        (["-b 4294967295", "-b 9000"], 9000),
    ],
)
def test_a_file_can_only_raise_the_backlog_limit(lines: list[str], limit: int) -> None:
    """Up to what the parameters could."""
    assert _settings(*lines).backlog_limit == limit


def test_the_last_rate_limit_counts() -> None:
    """As for auditctl."""
    assert _settings("-r 100", "-r 0").rate_limit == 0


def test_a_wait_time_is_taken_only_where_programs_are_to_wait() -> None:
    """And only if every kernel takes it."""
    assert _settings("--backlog_wait_time 600").wait_time == 0
    assert _settings("--backlog_wait_time 600", backpressure="wait").wait_time == 600
    assert _settings("--backlog_wait_time 60001", backpressure="wait").wait_time is None


def test_what_the_parameters_say_wins() -> None:
    """Whatever files say."""
    settings = _settings("-b 16384", "-r 5", backlog_limit=9000, rate_limit=7)

    assert settings == RunSettings(backlog_limit=9000, rate_limit=7, wait_time=0)


def test_the_plan_has_the_settings_and_control_lines_alone_need_no_exclusions() -> None:
    """Without a rule of ours there is nothing to be kept out of."""
    plan = make_plan(_parameters(), _rules("-b 16384", "-r 5"), (1, 2), _RUN)

    assert (plan.backlog_limit, plan.rate_limit, plan.wait_time) == (16384, 5, 0)
    assert (plan.rules, plan.own_rules) == ((), ())
    assert len(make_plan(_parameters(), _rules("-b 16384", _RULE), (1, 2), _RUN).own_rules) == 2


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("-b 16384", "backlog_limit was 16384 during the window"),
        ("-r 100", "rate_limit was 100 during the window"),
        ("-r 0", "rate_limit was 0 during the window"),
        ("-e 1", "enabled was 1 during the window"),
        ("-f 1", "failure was 1 during the window"),
        ("-i", "a bad rule stops no other, and is in errors"),
        ("-c", "a bad rule stops no other, and is in errors"),
    ],
)
def test_what_held_during_the_window_is_a_setting(line: str, detail: str) -> None:
    """Whether the run set it or the host had it so."""
    assert _outcomes(line) == [("setting", detail)]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("-D", "no rules but its own"),
        ("-D -k exec", "no rules but its own"),
        ("-e 0", "nothing would be recorded"),
        ("-e 2", "only with a reboot"),
        ("-f 0", "kernel.failure"),
        ("-f 2", "could panic"),
        ("-b 64", "only ever raised, and was 8192"),
        ("-b 0", "memory"),
        ("-b 4294967295", "memory"),
        ("--backlog_wait_time 60000", "kernel.backpressure"),
        ("--loginuid-immutable", "cannot be undone"),
        ("--reset-lost", "evidence"),
        ("--reset_backlog_wait_time_actual", "evidence"),
        ("-l", "the result holds"),
        ("-s", "the result holds"),
        ("-m hello", "no messages"),
        ("--signal TERM", "no signals"),
    ],
)
def test_what_a_guest_must_not_do_is_skipped_with_the_reason(line: str, word: str) -> None:
    """Nothing of it is an error."""
    ((outcome, detail),) = _outcomes(line)
    assert outcome == "skipped"
    assert word in detail


@pytest.mark.parametrize("name", sorted(set(CONTROLS) - {"-R"}))
def test_every_control_option_has_an_outcome(name: str) -> None:
    """None is forgotten."""
    line = f"{name} {_ARGUMENTS.get(name, '1')}" if takes_argument(name) else name
    ((outcome, detail),) = _outcomes(line)
    assert outcome in {"setting", "skipped"}
    assert detail


def test_a_line_that_another_overrules_says_so() -> None:
    """Or the parameter that does."""
    assert _outcomes("-r 5", "-r 6")[0] == ("skipped", "a later line says otherwise")
    waits = _outcomes(
        "--backlog_wait_time 5",
        "--backlog_wait_time 6",
        "--backlog_wait_time 70000",
        kernel={"backpressure": "wait"},
    )
    assert [outcome for outcome, _detail in waits] == ["skipped", "setting", "skipped"]
    assert [waits[0][1], waits[2][1]] == [
        "a later line says otherwise",
        "not every kernel takes more than 60000",
    ]
    given = _outcomes("-b 16384", "-r 5", kernel={"backlog_limit": 9000, "rate_limit": 7})
    assert given == [
        ("skipped", "the parameter kernel.backlog_limit is 9000"),
        ("skipped", "the parameter kernel.rate_limit is 7"),
    ]


def test_if_strict_continuing_on_errors_is_skipped() -> None:
    """The parameter wins."""
    assert _outcomes("-i", strict_rules=True)[0][0] == "skipped"


def test_failure_is_lowered_by_the_parameters_alone() -> None:
    """A pasted file does not change what a host does on loss."""
    panics = replace(_FOUND, failure=2)

    assert _outcomes("-f 1", found=panics)[0][0] == "skipped"
    assert _outcomes("-f 1", found=panics, kernel={"failure": "printk"})[0][0] == "setting"
    assert _outcomes("-f 0", found=panics, kernel={"failure": "printk"})[0][0] == "skipped"


def test_a_host_without_a_limit_keeps_none() -> None:
    """That is more than any."""
    ((outcome, detail),) = _outcomes("-b 16384", found=replace(_FOUND, backlog_limit=0))

    assert (outcome, detail) == (
        "skipped",
        "it is only ever raised, and was without a limit during the window",
    )


@pytest.mark.parametrize("line", ["-b 16384", "-r 5", "-e 1", "--backlog_wait_time 5"])
def test_where_the_kernel_could_not_be_configured_the_reason_is_that_of_the_run(line: str) -> None:
    """What was asked for is compared with what was."""
    parameters = _parameters(kernel={"backpressure": "wait"})
    locked = replace(_FOUND, enabled=2)
    (rule,) = with_settings(_rules(line), parameters, locked, "the configuration is locked")

    assert (rule.outcome, rule.detail) == ("skipped", "the configuration is locked")


def test_rules_are_left_as_they_are() -> None:
    """The kernel has spoken of them."""
    rules = (replace(_rules(_RULE)[0], outcome="added"),)

    assert with_settings(rules, _parameters(), _FOUND, "") == rules
