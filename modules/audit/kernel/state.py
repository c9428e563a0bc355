"""The kernel's audit configuration before, during and after: snapshot, changes, restore."""

from __future__ import annotations

import errno
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.errors import KernelRefusedError, MigAuditError
from mig_audit.modules.audit.kernel.rule_bytes import identity, is_listed_otherwise, without_prepend
from mig_audit.modules.audit.kernel.status import Setting, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.kernel.control import Control

# What the host feels comes first, and the audit pid right after `enabled`. Rules come last: they are slow to delete.
_LIMITS = (Setting.FAILURE, Setting.RATE_LIMIT, Setting.BACKLOG_LIMIT, Setting.BACKLOG_WAIT_TIME)
_OURS = frozenset({"added", "pending", "left"})
_THEIRS = "someone else changed that meanwhile, and theirs stays"


@dataclass(frozen=True)
class Snapshot:
    """Status and rules at one moment; ``rules`` are the kernel's own bytes, in evaluation order."""

    status: Status
    rules: tuple[bytes, ...]

    @classmethod
    def take(cls, control: Control) -> Snapshot:
        """Read both from the kernel."""
        return cls(control.status(), control.rules())

    def to_json(self) -> dict[str, object]:
        """Return the snapshot for a report."""
        return {"status": self.status.to_json(), "rules": [rule.hex() for rule in self.rules]}

    @classmethod
    def from_json(cls, document: dict[str, object]) -> Snapshot:
        """Rebuild a snapshot from `to_json`."""
        status, rules = document["status"], document["rules"]
        assert isinstance(status, dict)  # noqa: S101  # our own report, not input
        assert isinstance(rules, list)  # noqa: S101  # the same
        return cls(Status.from_json(status), tuple(bytes.fromhex(rule) for rule in rules))


@dataclass(frozen=True)
class RuleOutcome:
    """What became of one planned rule: ``added``, ``exists``, ``refused``, ``skipped``, later ``removed``, ``vanished``, ``left``.

    ``pending`` is one that the kernel may or may not have taken: its answer did not come, or was not heard any more.
    ``absent`` is one that it had not.
    """

    payload: bytes
    outcome: str
    detail: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the outcome for a report."""
        return {"payload": self.payload.hex(), "outcome": self.outcome, "detail": self.detail}

    @classmethod
    def from_json(cls, document: dict[str, str]) -> RuleOutcome:
        """Rebuild an outcome from `to_json`."""
        return cls(bytes.fromhex(document["payload"]), document["outcome"], document["detail"])


@dataclass(frozen=True)
class Restoration:
    """How the kernel was left: ``differences`` is empty if, and only if, it is as it was found.

    ``complete`` is False where something of ours could not be undone; what someone else changed is not ours to undo.
    """

    after: Optional[Snapshot]
    outcomes: tuple[RuleOutcome, ...]
    differences: tuple[str, ...]
    complete: bool = True

    @property
    def restored(self) -> bool:
        """Return whether the kernel is exactly as it was found."""
        return not self.differences

    def to_json(self) -> dict[str, object]:
        """Return the restoration for a report."""
        return {
            "after": self.after.to_json() if self.after else None,
            "outcomes": [outcome.to_json() for outcome in self.outcomes],
            "differences": list(self.differences),
            "complete": self.complete,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Restoration:
        """Rebuild a restoration from `to_json`."""
        after = document["after"]
        return cls(
            Snapshot.from_json(after) if after else None,
            tuple(RuleOutcome.from_json(outcome) for outcome in document["outcomes"]),
            tuple(document["differences"]),
            document["complete"],
        )


def restore(
    control: Control,
    before: Snapshot,
    settings: Mapping[Setting, int],
    rules: Sequence[RuleOutcome],
    progress: Callable[[int], None] = lambda _done: None,
    owner: int = 0,
) -> Restoration:
    """Undo what a run changed, then compare the kernel with what was found. It may be done twice, and by anybody.

    Every step is tried, whatever becomes of the others; what could not be undone is in ``differences``.

    Args:
        control: the kernel.
        before: its state before the run.
        settings: the values that the run gave, or was about to give; one that has another value by now was changed by
            someone else, and theirs wins.
        rules: what became of each rule of the run.
        progress: told how many rules are done: deleting one waits for an RCU grace period, 10 to 70 ms.
        owner: the process id that the run claimed the audit pid with, 0 if it did not.
    """
    trouble: list[str] = []
    if Setting.ENABLED in settings:
        _restore_setting(control, before.status, Setting.ENABLED, settings[Setting.ENABLED], trouble)
    try:
        release(control, before.status, owner)
    except MigAuditError as error:
        trouble.append(f"the audit pid was not given back: {error}")
    for setting in _LIMITS:
        if setting in settings:
            _restore_setting(control, before.status, setting, settings[setting], trouble)
    outcomes = _remove_rules(control, before, rules, progress, trouble)
    try:
        after = Snapshot.take(control)
    except MigAuditError as error:
        unknown = f"the state after the run could not be read: {error}"
        return Restoration(None, outcomes, (*trouble, unknown), complete=False)
    why = "" if trouble else f": {_THEIRS}"
    differences = (f"{difference}{why}" for difference in compare(before, after))
    return Restoration(after, outcomes, (*trouble, *differences), complete=not trouble)


def _restore_setting(
    control: Control, before: Status, setting: Setting, ours: int, trouble: list[str]
) -> None:
    wanted = before.setting(setting)
    try:
        if wanted is not None and wanted != ours and control.status().setting(setting) == ours:
            control.set(setting, wanted, before.words)
    except MigAuditError as error:
        trouble.append(f"{setting.name.lower()} was not set back to {wanted}: {error}")


def release(control: Control, before: Status, owner: int) -> None:
    """Give the audit pid back if it is still ``owner``'s; that of a dead process anybody can."""
    if not owner or control.status().pid != owner:
        return
    try:
        control.set(Setting.PID, 0, before.words)
    except KernelRefusedError:
        # Some kernels answer with an error although they let go; whether they did is what counts.
        if control.status().pid == owner:
            raise


def _remove_rules(
    control: Control,
    before: Snapshot,
    rules: Sequence[RuleOutcome],
    progress: Callable[[int], None],
    trouble: list[str],
) -> tuple[RuleOutcome, ...]:
    """Delete every rule of the run that is there now and was not there before.

    That, and not our own account, is what decides: it holds also for a rule in doubt, where someone else loaded all
    rules anew, and where an earlier try to undo the same run came to nothing half way.
    """
    if not _OURS.intersection(outcome.outcome for outcome in rules):
        return tuple(rules)
    try:
        new = Counter(map(identity, control.rules()))
    except MigAuditError as error:
        trouble.append(f"no rule was removed, because they could not be listed: {error}")
        return tuple(_left(outcome, str(error)) for outcome in rules)
    new.subtract(map(identity, before.rules))
    outcomes = []
    for outcome in rules:
        outcomes.append(_remove(control, outcome, new, trouble))
        progress(len(outcomes))
    return tuple(outcomes)


def _remove(control: Control, outcome: RuleOutcome, new: Counter[bytes], trouble: list[str]) -> RuleOutcome:
    if outcome.outcome not in _OURS:
        return outcome
    certain = outcome.outcome != "pending" and is_listed_otherwise(outcome.payload)
    if new[identity(outcome.payload)] <= 0 and not certain:
        return _gone(outcome)
    try:
        control.delete_rule(without_prepend(outcome.payload))
    except KernelRefusedError as error:
        if error.number == errno.ENOENT:
            return _gone(outcome)
        trouble.append(f"a rule was not removed: {error}")
        return _left(outcome, str(error))
    except MigAuditError as error:
        trouble.append(f"a rule was not removed: {error}")
        return _left(outcome, str(error))
    new[identity(outcome.payload)] -= 1
    return RuleOutcome(outcome.payload, "removed")


def _gone(outcome: RuleOutcome) -> RuleOutcome:
    if outcome.outcome == "pending":
        return RuleOutcome(outcome.payload, "absent", "the kernel had not taken it")
    return RuleOutcome(outcome.payload, "vanished", "someone else removed it during the run")


def _left(outcome: RuleOutcome, detail: str) -> RuleOutcome:
    return RuleOutcome(outcome.payload, "left", detail) if outcome.outcome in _OURS else outcome


def compare(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return in words every way in which the two states differ; counters are not configuration."""
    differences = [
        f"{setting.name.lower()} was {before.status.setting(setting)} and is {after.status.setting(setting)}"
        for setting in Setting
        if setting is not Setting.PID and before.status.setting(setting) != after.status.setting(setting)
    ]
    if before.rules != after.rules:
        differences.append(_compare_rules(before.rules, after.rules))
    return tuple(differences)


def _compare_rules(before: tuple[bytes, ...], after: tuple[bytes, ...]) -> str:
    gone = sum((Counter(before) - Counter(after)).values())
    new = sum((Counter(after) - Counter(before)).values())
    if gone or new:
        return f"the rules differ: {gone} that were there are gone, {new} are new"
    return "the same rules are loaded in another order"
