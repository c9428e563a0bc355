"""The account of one sink: every event that was offered ends in exactly one of three places."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import DeliveryError, InternalError, MigAuditError
from mig_audit.modules.audit.sinks.interface import Answer, SinkOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.sinks.batch import Batch
    from mig_audit.modules.audit.sinks.spool import Spool

_REJECTED = "rejected"
_UNDELIVERED = "not delivered"
_MOST_CAUSES = 16  # an endpoint chooses its answers, and must not choose how long our report is


@dataclass
class _Loss:
    """Events that share a fate and its cause; the first answer speaks for all of them."""

    fate: str
    answer: Answer
    events: int = 0
    uncertain: int = 0

    def error(self, spool: str) -> DeliveryError:
        answer, one = self.answer, self.events == 1
        count = "1 event was" if one else f"{self.events} events were"
        spooled = spool and self.fate == _UNDELIVERED
        stay = (
            f"{'is' if one else 'are'} in {spool}"
            if spooled
            else f"{'remains' if one else 'remain'} in the raw log"
        )
        return DeliveryError(
            f"{answer.what}; {count} {self.fate}{self._doubt()} and {stay}",
            f"{answer.remedy}, then send {spool if spooled else 'the raw log'} again",
        )

    def _doubt(self) -> str:
        if not self.uncertain:
            return ""
        who = ("it" if self.events == 1 else "they") if self.uncertain == self.events else str(self.uncertain)
        return f" ({who} may have arrived all the same)"


class Account:
    """Counts as things happen; not for several threads at once."""

    def __init__(self, spool: Optional[Spool] = None) -> None:
        """Begin with nothing; what cannot be delivered is put into the spool."""
        self.offered = 0
        self._spool = spool
        self._delivered = 0
        self._rejected = 0
        self._undelivered = 0
        self._batches = 0
        self._attempts = 0
        self._retries = 0
        self._bytes = 0
        self._last_error: Optional[str] = None
        self._losses: dict[tuple[str, str], _Loss] = {}
        self._faults: list[MigAuditError] = []

    def attempt(self, answer: Answer, *, again: bool) -> None:
        """Count an attempt and remember its failure."""
        self._attempts += 1
        self._retries += again
        self._last_error = answer.what or self._last_error

    def accept(self, batch: Batch) -> None:
        """Count a batch as delivered."""
        self._batches += 1
        self._delivered += len(batch.events)
        self._bytes += sum(map(len, batch.events))

    def reject(self, events: int, answer: Answer) -> None:
        """Count events that the endpoint will never take."""
        self._rejected += events
        self._lose(_REJECTED, events, answer, 0)

    def give_up(self, events: Sequence[bytes], answer: Answer, uncertain: int = 0) -> None:
        """Keep events that did not get through, ``uncertain`` of which may have."""
        self._undelivered += len(events)
        self._last_error = answer.what
        self._lose(_UNDELIVERED, len(events), answer, uncertain)
        if self._spool is not None:
            self._spool.keep(events)

    def give_up_unread(self, events: int, answer: Answer) -> None:
        """Count events that did not get through, and that nobody can keep."""
        self._undelivered += events
        self._lose(_UNDELIVERED, events, answer, 0)

    def fault(self, error: InternalError) -> None:
        """Keep a fault of our own."""
        self._faults.append(error)
        self._last_error = str(error)

    def close(self, kind: str, target: str) -> SinkOutcome:
        """Return the account, in which everything offered must be somewhere."""
        missing = self.offered - self._delivered - self._rejected - self._undelivered
        if missing:
            self.fault(InternalError(f"the account of {target} does not balance: {missing} events astray"))
        spool = self._spool.close() if self._spool else None
        spooled = self._spool.events if self._spool else 0
        complete = spool.path if spool and spooled == self._undelivered else ""
        return SinkOutcome(
            kind=kind,
            target=target,
            offered=self.offered,
            delivered=self._delivered,
            rejected=self._rejected,
            undelivered=self._undelivered + missing,
            batches=self._batches,
            attempts=self._attempts,
            retries=self._retries,
            bytes=self._bytes,
            last_error=self._last_error,
            errors=(
                *self._faults,
                *(loss.error(complete) for loss in self._losses.values()),
                *self._refusal(target, spooled),
            ),
            spooled=spooled,
            spool=spool,
        )

    def _refusal(self, target: str, spooled: int) -> Iterator[DeliveryError]:
        """Tell why the spool has not all."""
        if self._spool is not None and self._spool.refusal:
            what = f"{spooled} of the {self._undelivered} events that {target} did not get are in the spool"
            yield DeliveryError(f"{what}: {self._spool.refusal}", "all of them remain in the raw log")

    def _lose(self, fate: str, events: int, answer: Answer, uncertain: int) -> None:
        key = fate, answer.cause
        if key not in self._losses and len(self._losses) >= _MOST_CAUSES:
            key = fate, "other"
            answer = replace(answer, what=f"{answer.what} (and other causes)")
        loss = self._losses.setdefault(key, _Loss(fate, answer))
        loss.events += events
        loss.uncertain += uncertain
