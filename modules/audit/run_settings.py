"""The kernel's settings of one run: the parameters, then what rule files ask for as far as a guest may follow them.

A file that was written for auditd owns its host: it clears the rules, chooses what happens on loss, and locks all of
it. A run is a guest. It takes from such a file what is for the window alone, and says of the rest why it did not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.kernel.status import FAILURE_PANIC, Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mig_audit.modules.audit.kernel.status import Status
    from mig_audit.modules.audit.parameters import KernelParameters, Parameters
    from mig_audit.modules.audit.rules.controls import Control
    from mig_audit.modules.audit.ruleset import AskedRule

DEFAULT_BACKLOG_LIMIT = 8192
"""Records that the kernel may queue, unless the parameters or a rule file say otherwise."""

MOST_BACKLOG = 1 << 20
"""Records; no file may make the kernel queue more of them, as no parameter may."""

_LONGEST_WAIT = (
    60000  # jiffies; the kernel takes 600 seconds at the most, which is this where it counts slowest
)
SETTINGS = {
    "-b": Setting.BACKLOG_LIMIT,
    "-e": Setting.ENABLED,
    "-f": Setting.FAILURE,
    "-r": Setting.RATE_LIMIT,
    "--backlog_wait_time": Setting.BACKLOG_WAIT_TIME,
}
"""The control options that are a word of the kernel's status."""

_SHOWS = "it only shows something: the result holds the rules and the status"
_COUNTER = "the counter is evidence, and the run counts from what it finds"
NEVER = {
    "-D": "mig-audit removes no rules but its own",
    "-h": _SHOWS,
    "-l": _SHOWS,
    "-m": "mig-audit adds no messages but its canaries to the host's record",
    "-q": "mig-audit leaves the host's watches as they are",
    "-s": _SHOWS,
    "-t": "mig-audit leaves the host's watches as they are",
    "-v": _SHOWS,
    "--help": _SHOWS,
    "--loginuid-immutable": "it cannot be undone",
    "--reset-lost": _COUNTER,
    "--reset_backlog_wait_time_actual": _COUNTER,
    "--signal": "mig-audit sends auditd no signals",
}
"""The control options that a run never follows, and why."""


@dataclass(frozen=True)
class RunSettings:
    """What the run is to set; what is None stays as it was found. The wait time is in jiffies."""

    backlog_limit: int
    rate_limit: Optional[int]
    wait_time: Optional[int]


def run_settings(controls: Sequence[Control], kernel: KernelParameters) -> RunSettings:
    """Return the settings for the parameters and the control options of all rule files, in order."""
    limits = [value for value in _values(controls, "-b") if value <= MOST_BACKLOG]
    rates = _values(controls, "-r")
    waits = [value for value in _values(controls, "--backlog_wait_time") if value <= _LONGEST_WAIT]
    return RunSettings(
        kernel.backlog_limit or max([DEFAULT_BACKLOG_LIMIT, *limits]),
        kernel.rate_limit if kernel.rate_limit is not None else _last(rates),
        _last(waits) if kernel.wait else 0,
    )


def _values(controls: Iterable[Control], name: str) -> list[int]:
    return [control.value for control in controls if control.name == name and control.value is not None]


def _last(values: Sequence[int]) -> Optional[int]:
    return values[-1] if values else None


def with_settings(
    rules: Sequence[AskedRule], parameters: Parameters, during: Status, why: str
) -> tuple[AskedRule, ...]:
    """Return the rules with what became of each control line.

    Args:
        rules: all that was asked for.
        parameters: of the run.
        during: the kernel's status in the window.
        why: the reason if the run could not configure the kernel as it usually does.
    """
    settings = run_settings(controls_of(rules), parameters.kernel)
    judge = _Judge(parameters, settings, during, why or "the kernel did not take it")
    return tuple(
        rule if rule.control is None or rule.outcome else judge.settle(rule, rule.control) for rule in rules
    )


def controls_of(rules: Iterable[AskedRule]) -> list[Control]:
    """Return the control options among the rules."""
    return [rule.control for rule in rules if rule.control is not None]


@dataclass(frozen=True)
class _Judge:
    """What is known once the window is open, to say of each control option whether it held, and else why not."""

    parameters: Parameters
    settings: RunSettings
    during: Status
    why: str

    def settle(self, rule: AskedRule, control: Control) -> AskedRule:
        """Return a control line with its outcome: ``setting`` if what it asks for held during the window."""
        if control.name in {"-i", "-c"}:
            if self.parameters.strict_rules:
                return replace(rule, outcome="skipped", detail="strict_rules is set: one bad rule stops all")
            return replace(rule, outcome="setting", detail="a bad rule stops no other, and is in errors")
        setting = SETTINGS.get(control.name)
        if setting is None:
            return replace(rule, outcome="skipped", detail=NEVER[control.name])
        if control.value == self.during.setting(setting):
            detail = f"{setting.name.lower()} was {control.value} during the window"
            return replace(rule, outcome="setting", detail=detail)
        return replace(rule, outcome="skipped", detail=self._reason(setting, control.value or 0))

    def _reason(self, setting: Setting, value: int) -> str:
        if setting is Setting.BACKLOG_LIMIT:
            return self._backlog_reason(value)
        if setting is Setting.BACKLOG_WAIT_TIME:
            return self._wait_reason(value)
        if setting is Setting.RATE_LIMIT:
            return self._rate_reason(value)
        if setting is Setting.FAILURE:
            return self._failure_reason(value)
        return {
            0: "nothing would be recorded",
            2: "a lock ends only with a reboot",
        }.get(value, self.why)

    def _backlog_reason(self, value: int) -> str:
        given, during = self.parameters.kernel.backlog_limit, self.during.backlog_limit
        if given is not None:
            return f"the parameter kernel.backlog_limit is {given}"
        if value == 0 or value > MOST_BACKLOG:
            return (
                f"the kernel may queue {MOST_BACKLOG} records at the most, or the host's memory is in danger"
            )
        if during == 0 or during > value:
            return f"it is only ever raised, and was {during or 'without a limit'} during the window"
        return self.why

    def _rate_reason(self, value: int) -> str:
        given = self.parameters.kernel.rate_limit
        if given is not None:
            return f"the parameter kernel.rate_limit is {given}"
        return self.why if value == self.settings.rate_limit else "a later line says otherwise"

    def _wait_reason(self, value: int) -> str:
        if not self.parameters.kernel.wait:
            return "no program waits for audit unless the parameter kernel.backpressure is wait"
        if value > _LONGEST_WAIT:
            return f"not every kernel takes more than {_LONGEST_WAIT}"
        return self.why if value == self.settings.wait_time else "a later line says otherwise"

    def _failure_reason(self, value: int) -> str:
        if value == FAILURE_PANIC:
            return "the host could panic"
        return (
            f"failure was {self.during.failure} during the window: a file does not decide what the host does on "
            "loss, the parameter kernel.failure does, where it is 2"
        )
