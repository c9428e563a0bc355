"""What the caller of a run must know: the entries of ``errors``, in the order in which they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.errors import NeverMatchesError, PartialError, RestoreError, RuleNotLoadedError
from mig_audit.modules.audit.dead_runs import restore_error
from mig_audit.modules.audit.events.filters import never_matching

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.errors import MigAuditError
    from mig_audit.modules.audit.facts import Facts
    from mig_audit.modules.audit.kernel.state import Restoration
    from mig_audit.modules.audit.ruleset import AskedRule
    from mig_audit.modules.audit.sinks import SinkOutcome

_LARGEST_BUFFER = (2**31 - 1) // 2  # bytes that the kernel grants to anybody (SO_RCVBUFFORCE, socket(7))


def run_errors(facts: Facts) -> Iterator[MigAuditError]:
    """Give all there is to know of a run that was begun; the one that kept it from recording comes first."""
    if facts.ready.error:
        yield facts.ready.error
    yield from facts.faults
    yield from _buffer_errors(facts)
    yield from _rule_errors(facts.rules)
    yield from _filter_errors(facts)
    yield from _log_errors(facts)
    yield from facts.drift.errors()
    yield from facts.loss.errors()
    yield from _sink_errors(facts.sinks)
    yield from restore_errors(facts.restoration)
    yield from filter(None, map(restore_error, facts.found.recovered))


def _buffer_errors(facts: Facts) -> Iterator[MigAuditError]:
    asked, granted = facts.parameters.kernel.receive_buffer, facts.ready.receive_buffer
    if granted < min(asked, _LARGEST_BUFFER):
        yield PartialError(
            f"the receive buffer has {granted} of {asked} bytes: without CAP_NET_ADMIN it is bounded by net.core.rmem_max",
            "allow CAP_NET_ADMIN (`mig-audit doctor` says how), or a burst overruns the socket sooner",
        )


def _rule_errors(rules: Sequence[AskedRule]) -> Iterator[MigAuditError]:
    for rule in rules:
        if rule.error is not None or rule.outcome in {"refused", "pending"}:
            what = f"a rule was not loaded: {rule.origin}: {rule.text}: {rule.detail}"
            yield RuleNotLoadedError(what, "mend or remove it; the others were loaded")


def _filter_errors(facts: Facts) -> Iterator[MigAuditError]:
    for problem in never_matching(facts.parameters.filters):
        yield NeverMatchesError(
            f"{problem.path}: {problem.message}", "mend or remove it; all events were looked at"
        )


def _log_errors(facts: Facts) -> Iterator[MigAuditError]:
    if facts.ended and facts.ended.error:
        yield facts.ended.error


def _sink_errors(outcomes: Sequence[SinkOutcome]) -> Iterator[MigAuditError]:
    for outcome in outcomes:
        yield from outcome.errors


def restore_errors(restoration: Optional[Restoration]) -> Iterator[MigAuditError]:
    """Give what there is to know of how the kernel was left: nothing, if it is as it was found."""
    if restoration is None:
        yield RestoreError(
            "it is not known how the kernel was left", "compare `auditctl -s` and `auditctl -l`"
        )
    elif not restoration.restored:
        yield RestoreError(
            f"the kernel is not as it was found: {'; '.join(restoration.differences)}",
            "what someone else changed during the run was left to them; compare `auditctl -s` and `auditctl -l`",
        )
