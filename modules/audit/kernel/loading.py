"""Rules into the kernel, many at a time, each with its own outcome."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.errors import KernelRefusedError, MigAuditError, UnansweredError
from mig_audit.modules.audit.kernel.state import RuleOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mig_audit.modules.audit.kernel.control import Control

BATCH = 32
"""Rules that are added with one system call, at the most."""

_BATCH_BYTES = 1 << 16  # far below the send buffer of a socket, which must hold all of a call


def add_rules(
    control: Control, payloads: Iterable[bytes], progress: Callable[[RuleOutcome], None]
) -> tuple[RuleOutcome, ...]:
    """Add rules, a batch at a time; report each outcome at once, because an interrupted run must know what to undo.

    At most ``BATCH`` rules may be in the kernel whose outcomes were not reported.
    """
    outcomes = []
    for batch in _batches(payloads):
        for payload, error in zip(batch, control.add_rules(batch)):
            outcome = _outcome(payload, error)
            progress(outcome)
            outcomes.append(outcome)
    return tuple(outcomes)


def _batches(payloads: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield rules in order, as many as go into one system call."""
    batch: list[bytes] = []
    size = 0
    for payload in payloads:
        if batch and (len(batch) == BATCH or size + len(payload) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(payload)
        size += len(payload)
    if batch:
        yield batch


def _outcome(payload: bytes, error: Optional[MigAuditError]) -> RuleOutcome:
    if error is None:
        return RuleOutcome(payload, "added")
    if isinstance(error, UnansweredError):
        return RuleOutcome(payload, "pending", str(error))
    if isinstance(error, KernelRefusedError) and error.number == errno.EEXIST:
        return RuleOutcome(payload, "exists", "it was loaded before and stays")
    return RuleOutcome(payload, "refused", str(error))
