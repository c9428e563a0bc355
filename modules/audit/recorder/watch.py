"""What others do to the kernel's audit while the window is open: noticed by looking, and put back where that is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Callable, Optional

from mig_audit.errors import MigAuditError
from mig_audit.modules.audit.config_changes import LOST, MOST_CHANGES, RULE_ADDED, RULE_REMOVED
from mig_audit.modules.audit.kernel.rule_bytes import identity, with_prepend
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mig_audit.modules.audit.kernel.control import Control

MOST_ROUNDS = 5
"""How often changes are put back: whoever insists has the last word, or the host would pay for the fight."""

_EACH = 1.0  # seconds between looks at the status
_RULES_EACH = 10.0  # seconds between looks at the rules, where nothing says that they changed


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was when the recorder last looked.

    ``what`` is the name of a setting, ``lost`` (the counter was reset), ``rule removed`` or ``rule added``; of a rule,
    ``rule`` has its ``struct audit_rule_data``, of the others ``was`` and ``now`` the values. ``time`` is when it was
    noticed, in seconds since the epoch. ``reapplied`` is what became of putting it back: None if that was not to be
    tried, empty if it was done, else why not.
    """

    time: float
    what: str
    was: Optional[int] = None
    now: Optional[int] = None
    rule: bytes = b""
    reapplied: Optional[str] = None

    def to_json(self) -> dict[str, object]:
        """Return the change as a document."""
        return {**vars(self), "rule": self.rule.hex()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Change:
        """Rebuild the change."""
        fields = {name: document[name] for name in cls.__dataclass_fields__}
        return cls(**{**fields, "rule": bytes.fromhex(document["rule"])})


@dataclass(frozen=True)
class Own:
    """What the window begins with, what of it is ours, and whether it is to be put back.

    ``settings`` are the values of the window, ``listed`` all rules that it begins with, ``rules`` those that are ours,
    as the kernel lists them, and ``first`` the payloads of those that must stand ahead of every other.
    """

    settings: Mapping[Setting, int]
    listed: Sequence[bytes]
    rules: Sequence[bytes]
    first: Sequence[bytes]
    reapply: bool


class Watch:
    """Compares the kernel with what it was at the last look; ``changes`` has the first differences, ``count`` all.

    ``trouble`` is why the kernel could not be looked at, the first time that happened; the records have precedence over
    such a failure.
    """

    def __init__(self, control: Control, own: Own, wall: Callable[[], float]) -> None:
        """Take the present state as the one to compare with."""
        self._control = control
        self._own = own
        self._wall = wall
        self._status = control.status()
        self._rules = own.listed
        self._next = self._rules_next = 0.0
        self._rounds = 0
        self.changes: list[Change] = []
        self.count = 0
        self.trouble = ""

    def rules_changed(self) -> None:
        """Look at the rules the next time: a record says that somebody changed them."""
        self._next = self._rules_next = 0.0

    def look(self, now: float) -> None:
        """Look at the kernel if it is time."""
        if now < self._next:
            return
        self._next = now + _EACH
        found: list[Change] = []
        try:
            found += self._look_at_status()
            if now >= self._rules_next:
                self._rules_next = now + _RULES_EACH
                found += self._look_at_rules()
        except MigAuditError as error:
            self.trouble = self.trouble or str(error)
        if found:
            self._settle(found)

    def finish(self) -> None:
        """Look a last time, at everything; from here on there is nothing to put back."""
        self._own = replace(self._own, reapply=False)
        self.rules_changed()
        self.look(0.0)

    def _look_at_status(self) -> list[Change]:
        before, self._status = self._status, self._control.status()
        wall, status = self._wall(), self._status
        changes = [
            Change(wall, setting.name.lower(), before.setting(setting), status.setting(setting))
            for setting in Setting
            if status.setting(setting) != before.setting(setting)
        ]
        if status.lost < before.lost:
            changes.append(Change(wall, LOST, before.lost, status.lost))
        return changes

    def _look_at_rules(self) -> list[Change]:
        before, self._rules = self._rules, self._control.rules()
        wall = self._wall()
        gone, new = Counter(before) - Counter(self._rules), Counter(self._rules) - Counter(before)
        return [
            *(Change(wall, RULE_REMOVED, rule=rule) for rule in gone.elements()),
            *(Change(wall, RULE_ADDED, rule=rule) for rule in new.elements()),
        ]

    def _settle(self, found: Sequence[Change]) -> None:
        """Put back what is ours, if that is asked for, and take down the changes."""
        self.count += len(found)
        ours = [change for change in found if self._own.reapply and self._is_ours(change)]
        if ours:
            self._rounds += 1
        for change in found:
            told = self._reapplied(change) if change in ours else change
            if len(self.changes) < MOST_CHANGES:
                self.changes.append(told)

    def _is_ours(self, change: Change) -> bool:
        if change.what == RULE_REMOVED:
            return change.rule in self._own.rules
        return change.what in {setting.name.lower() for setting in self._own.settings}

    def _reapplied(self, change: Change) -> Change:
        if self._rounds > MOST_ROUNDS:
            return replace(change, reapplied=f"it was put back {MOST_ROUNDS} times, and changed again")
        try:
            self._put_back(change)
        except MigAuditError as error:
            return replace(change, reapplied=str(error))
        return replace(change, reapplied="")

    def _put_back(self, change: Change) -> None:
        if change.what == RULE_REMOVED:
            first = identity(change.rule) in {identity(rule) for rule in self._own.first}
            self._control.add_rule(with_prepend(change.rule) if first else change.rule)
            self._rules = (*self._rules, change.rule)
            return
        setting = Setting[change.what.upper()]
        self._control.set(setting, self._own.settings[setting], self._status.words)
        self._status = replace(self._status, **{change.what: self._own.settings[setting]})
