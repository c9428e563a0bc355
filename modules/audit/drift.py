"""What others did to the kernel's audit during the window, and who they were.

Two witnesses: the CONFIG_CHANGE records, which name who did it, and the recorder, which looks at the kernel itself once
a second and so sees what no record tells: records can be lost, filtered, or switched off with the rest.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import DriftError, RuleError
from mig_audit.modules.audit.config_changes import LOST, MOST_CHANGES, RULE_ADDED, RULE_REMOVED, Actor
from mig_audit.modules.audit.host import iso_time
from mig_audit.modules.audit.rules import Rule, print_rule
from mig_audit.modules.audit.rules.constants import AUDIT_FILTERKEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.errors import MigAuditError
    from mig_audit.modules.audit.config_changes import Recorded
    from mig_audit.modules.audit.recorder.watch import Change

_TOLD = 3  # kinds of changes in the one sentence that `errors` has of them


def actor_of(pid: int) -> Optional[Actor]:
    """Return who a living process is, from proc(5), as far as that can be seen; None if it is gone."""
    import psutil  # noqa: PLC0415  # a tenth of a second to import, and a quiet window needs it not

    try:
        process = psutil.Process(pid)
        with process.oneshot():
            name, uid = process.name(), process.uids().real
        place = Path("/proc") / str(pid)
        auid, session = (int(place.joinpath(file).read_text()) for file in ("loginuid", "sessionid"))
        return Actor(pid, name, str(place.joinpath("exe").readlink()), auid, uid, session)
    except (psutil.Error, OSError, ValueError):
        return None


@dataclass(frozen=True)
class Drifted:
    """One change, by either witness or both.

    ``looked`` is what the recorder saw of it, ``found`` is who has what was taken, ``run`` the id of another run of
    mig-audit that did it, if one did.
    """

    recorded: Optional[Recorded]
    looked: Optional[Change]
    found: Optional[Actor] = None
    run: str = ""

    @property
    def by(self) -> Optional[Actor]:
        """Return who did it: what the record says, else who was found to profit from it."""
        return self.recorded.by if self.recorded else self.found

    @property
    def time(self) -> float:
        """Return when it was done, else when it was noticed; seconds since the epoch."""
        return self.recorded.time if self.recorded else self._seen.time

    @property
    def what(self) -> str:
        """Return what was changed."""
        return self.recorded.what if self.recorded else self._seen.what

    @property
    def _seen(self) -> Change:
        assert self.looked is not None  # noqa: S101  # one of the two there always is
        return self.looked

    @property
    def values(self) -> tuple[Optional[int], Optional[int]]:
        """Return the values before and after, of a setting."""
        source = self.recorded or self._seen
        return source.was, source.now

    @property
    def done(self) -> bool:
        """Return whether it was done, and not only tried."""
        return self.recorded is None or self.recorded.done

    @property
    def rule(self) -> Optional[str]:
        """Return the rule as text, where the recorder saw which."""
        return _rule_text(self.looked.rule) if self.looked and self.looked.rule else None

    def to_json(self) -> dict[str, object]:
        """Return the change for the envelope."""
        was, now = self.values
        reapplied = self.looked.reapplied if self.looked else None
        return {
            "time": iso_time(self.time),
            "what": self.what,
            "was": was,
            "now": now,
            "rule": self.rule,
            "done": self.done,
            "by": self.by._asdict() if self.by else None,
            "run": self.run or None,
            "record": self.recorded.text if self.recorded else None,
            "seen": self.looked is not None,
            "reapplied": None if reapplied is None else not reapplied,
            "why": reapplied or "",
        }

    def __str__(self) -> str:
        """Return it for a sentence."""
        was, now = self.values
        told = self.what if now is None else f"{self.what} was {was} and is {now}"
        tried = "" if self.done else " (refused by the kernel)"
        run = f"run {self.run} of mig-audit" if self.run else ""
        return f"{told}{tried} ({run or self.by or 'nobody knows by whom'})"


@dataclass(frozen=True)
class Drift:
    """All of a window's; ``more`` counts those that are not told, ``unwatched`` is why the recorder could not look."""

    changes: tuple[Drifted, ...] = ()
    more: int = 0
    unwatched: str = ""

    @classmethod
    def of(
        cls,
        recorded: Sequence[Recorded],
        looked: Sequence[Change],
        more: int,
        look_up: Callable[[int], Optional[Actor]] = actor_of,
        run_of: Callable[[Change], str] = lambda _change: "",
    ) -> Drift:
        """Join what the two witnesses say; a change that both saw is one, and what we put back ourselves is none.

        ``look_up`` says who a living process is, for an audit pid that was taken without a record; ``run_of`` says
        which other run of mig-audit made a change that no record tells of.
        """
        left, echoes = list(looked), [_echo(change) for change in looked if change.reapplied == ""]
        changes = [
            Drifted(record, _taken(left, record), run=record.run)
            for record in recorded
            if not _is_echo(record, echoes)
        ]
        changes += [
            Drifted(None, each, look_up(each.now) if each.what == "pid" and each.now else None, run_of(each))
            for each in left
        ]
        changes.sort(key=lambda change: change.time)
        return cls(tuple(changes[:MOST_CHANGES]), more + max(0, len(changes) - MOST_CHANGES))

    @property
    def lost_reset(self) -> bool:
        """Return whether somebody reset the kernel's counter of lost records."""
        return any(change.what == LOST and change.done for change in self.changes)

    @property
    def switched_off(self) -> Optional[float]:
        """Return when audit was first switched off; None if it never was."""
        times = [
            change.time
            for change in self.changes
            if change.what == "enabled" and change.done and change.values[1] == 0
        ]
        return min(times, default=None)

    def to_json(self) -> list[object]:
        """Return the changes for the envelope."""
        return [change.to_json() for change in self.changes]

    def errors(self) -> Iterator[MigAuditError]:
        """Yield an error if there was any change, and one if there may have been some that nobody saw."""
        if self.unwatched:
            yield DriftError(f"the kernel's audit could not be watched all the time: {self.unwatched}")
        if not self.changes:
            return
        kinds = Counter(str(change) for change in self.changes)
        first = list(kinds.items())[:_TOLD]
        told = "; ".join(kind if count == 1 else f"{count} times {kind}" for kind, count in first)
        left = len(self.changes) + self.more - sum(count for _, count in first)
        rest = f"; and {left} more" if left else ""
        yield DriftError(
            f"the audit configuration was changed by others during the window: {told}{rest}",
            "kernel.drift has all of it; with the parameter kernel.reapply it is put back at once",
        )


def _taken(looked: list[Change], record: Recorded) -> Optional[Change]:
    """Take what the recorder saw of a recorded change out of the list."""
    for index, change in enumerate(looked):
        same = change.what == record.what and record.done
        if same and (key_of(change.rule) == record.key if change.rule else change.now == record.now):
            return looked.pop(index)
    return None


_Echo = tuple[str, Optional[int], Optional[bytes]]


def _echo(change: Change) -> _Echo:
    """Return what the record of putting a change back says."""
    if change.what == RULE_REMOVED:
        return RULE_ADDED, None, key_of(change.rule)
    return change.what, change.was, None


def _is_echo(record: Recorded, echoes: list[_Echo]) -> bool:
    """Take a record of our own putting back out of those that are expected; the kernel may not say that it was us."""
    echo = (record.what, record.now, record.key)
    if record.by.pid is not None or echo not in echoes:
        return False
    echoes.remove(echo)
    return True


def key_of(payload: bytes) -> Optional[bytes]:
    """Return the key of a rule; None if it has none, or nobody can read it."""
    try:
        fields = Rule.unpack(payload).fields
    except RuleError:
        return None
    return next((field.text for field in fields if field.code == AUDIT_FILTERKEY), None)


def _rule_text(payload: bytes) -> str:
    try:
        return print_rule(Rule.unpack(payload)).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except RuleError:
        return f"a rule that auditctl has no words for: {payload.hex()}"
