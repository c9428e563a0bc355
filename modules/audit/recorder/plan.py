"""What the recorder is told to do, as one document on its channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Optional

from mig_audit.modules.audit.kernel.rule_bytes import for_calls_of
from mig_audit.modules.audit.kernel.status import FAILURE_PANIC, Setting, Status
from mig_audit.modules.audit.recorder.bounds import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_UNLIMITED = Limits()


@dataclass(frozen=True)
class Plan:
    """All that the recorder needs to know.

    ``rules`` and ``own_rules`` are ``struct audit_rule_data`` payloads; the latter keep the run's own processes out of
    the record. ``window``, and ``canary``, the time between two of them, are in seconds, ``wait_time`` is in jiffies,
    sizes are in bytes. ``latest`` is when the window must be over, on the monotonic clock, which all processes share. A
    setting that is None stays as it was found. ``reapply`` asks to put back what others change of ours.
    """

    rules: tuple[bytes, ...]
    own_rules: tuple[bytes, ...]
    run_id: str
    window: float
    canary: float
    stream: str
    receive_buffer: int
    max_log_size: int
    backlog_limit: Optional[int]
    rate_limit: Optional[int]
    failure: Optional[int]
    wait_time: Optional[int]
    latest: Optional[float] = None
    limits: Limits = _UNLIMITED
    reapply: bool = False

    def settings(self, status: Status, *, tune: bool) -> dict[Setting, int]:
        """Return what to set on a kernel with this status, in order; ``enabled`` comes last.

        The backlog limit is only ever raised, and ``failure`` only ever lowered.
        """
        wanted: dict[Setting, int] = {}
        if self.failure is not None and status.failure == FAILURE_PANIC:
            wanted[Setting.FAILURE] = self.failure
        if tune:
            if self.rate_limit is not None:
                wanted[Setting.RATE_LIMIT] = self.rate_limit
            if self.backlog_limit is not None and 0 < status.backlog_limit < self.backlog_limit:
                wanted[Setting.BACKLOG_LIMIT] = self.backlog_limit
            if self.wait_time is not None and status.backlog_wait_time is not None:
                wanted[Setting.BACKLOG_WAIT_TIME] = self.wait_time
        wanted[Setting.ENABLED] = 1
        return {setting: value for setting, value in wanted.items() if status.setting(setting) != value}

    def beside(self, standing: Sequence[bytes]) -> Plan:
        """Return the plan with its own rules about those system calls alone that any other rule is about.

        ``standing`` are the rules that the kernel has already.
        """
        others = (*self.rules, *standing)
        narrowed = (for_calls_of(rule, others) for rule in self.own_rules)
        return replace(self, own_rules=tuple(rule for rule in narrowed if rule is not None))

    def to_json(self) -> dict[str, object]:
        """Return the plan for the channel."""
        document: dict[str, object] = dict(vars(self))
        document["limits"] = self.limits.to_json()
        document["rules"] = [rule.hex() for rule in self.rules]
        document["own_rules"] = [rule.hex() for rule in self.own_rules]
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Plan:
        """Rebuild a plan from `to_json`."""
        fields = dict(document)
        fields["limits"] = Limits.from_json(document["limits"])
        fields["rules"] = tuple(bytes.fromhex(rule) for rule in document["rules"])
        fields["own_rules"] = tuple(bytes.fromhex(rule) for rule in document["own_rules"])
        return cls(**fields)
