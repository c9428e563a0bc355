"""The kernel's audit configuration before, during and after: snapshot, changes, restore."""

from __future__ import annotations

import errno
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import KernelRefusedError, MigAuditError
from mig_audit.modules.audit.kernel.status import Setting, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mig_audit.modules.audit.kernel.control import Control

_PREPEND = 0x10
# Switching off comes first: it is what the host feels. The limits come last, so that they hold while we clean up.
_RESTORE_ORDER = (
    Setting.ENABLED,
    Setting.FAILURE,
    Setting.RATE_LIMIT,
    Setting.BACKLOG_LIMIT,
    Setting.BACKLOG_WAIT_TIME,
)


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
    """What became of one planned rule: ``added``, ``exists``, ``refused``, ``skipped``, later ``removed``, ``vanished``."""

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
    """How the kernel was left: ``differences`` is empty if, and only if, it is as it was found."""

    after: Optional[Snapshot]
    outcomes: tuple[RuleOutcome, ...]
    differences: tuple[str, ...]

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
        }


def add_rules(
    control: Control, payloads: Iterable[bytes], progress: Callable[[RuleOutcome], None]
) -> tuple[RuleOutcome, ...]:
    """Add rules one by one; report each outcome at once, because an interrupted run must know what to undo."""
    outcomes = []
    for payload in payloads:
        outcome = _add(control, payload)
        progress(outcome)
        outcomes.append(outcome)
    return tuple(outcomes)


def _add(control: Control, payload: bytes) -> RuleOutcome:
    try:
        control.add_rule(payload)
    except KernelRefusedError as error:
        if error.number == errno.EEXIST:
            return RuleOutcome(payload, "exists", "it was loaded before and stays")
        return RuleOutcome(payload, "refused", str(error))
    except MigAuditError as error:
        return RuleOutcome(payload, "refused", str(error))
    return RuleOutcome(payload, "added")


def restore(
    control: Control,
    before: Snapshot,
    settings: Mapping[Setting, int],
    rules: Sequence[RuleOutcome],
    progress: Callable[[int], None] = lambda _done: None,
) -> Restoration:
    """Undo what the run changed, then compare the kernel with what was found.

    ``settings`` are the values that the run gave, or was about to give; one that has another value by now was changed
    by someone else, and theirs wins. Every step is tried, whatever becomes of the others; what could not be undone is
    in ``differences``. Deleting a rule waits for an RCU grace period, 10 to 70 ms, which is why rules come last, and why
    ``progress`` is told how many of them are done.
    """
    trouble: list[str] = []
    for setting in _RESTORE_ORDER:
        if setting in settings:
            _restore_setting(control, before.status, setting, settings[setting], trouble)
    outcomes = []
    for outcome in rules:
        outcomes.append(_remove(control, outcome, trouble))
        progress(len(outcomes))
    try:
        after = Snapshot.take(control)
    except MigAuditError as error:
        return Restoration(
            None, tuple(outcomes), (*trouble, f"the state after the run could not be read: {error}")
        )
    return Restoration(after, tuple(outcomes), (*trouble, *compare(before, after)))


def _restore_setting(
    control: Control, before: Status, setting: Setting, ours: int, trouble: list[str]
) -> None:
    wanted = before.setting(setting)
    try:
        if wanted is not None and wanted != ours and control.status().setting(setting) == ours:
            control.set(setting, wanted, before.words)
    except MigAuditError as error:
        trouble.append(f"{setting.name.lower()} was not set back to {wanted}: {error}")


def _remove(control: Control, outcome: RuleOutcome, trouble: list[str]) -> RuleOutcome:
    if outcome.outcome != "added":
        return outcome
    try:
        control.delete_rule(without_prepend(outcome.payload))
    except KernelRefusedError as error:
        if error.number == errno.ENOENT:
            return RuleOutcome(outcome.payload, "vanished", "someone else removed it during the run")
        trouble.append(f"a rule was not removed: {error}")
        return RuleOutcome(outcome.payload, "left", str(error))
    except MigAuditError as error:
        trouble.append(f"a rule was not removed: {error}")
        return RuleOutcome(outcome.payload, "left", str(error))
    return RuleOutcome(outcome.payload, "removed")


def without_prepend(payload: bytes) -> bytes:
    """Return the form in which the kernel finds a rule for deletion: its list without the prepend flag."""
    return bytes([payload[0] & ~_PREPEND]) + payload[1:]


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
