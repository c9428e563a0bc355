"""The axis of this room: events go into a sink, batches go through a transport, one file per transport."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Optional, Protocol

if TYPE_CHECKING:
    from mig_audit.errors import MigAuditError
    from mig_audit.modules.audit.sinks.batch import Batch


SPOOL = 64 << 20
"""Bytes that a spool may have, unless the parameters say otherwise."""


class Verdict(enum.Enum):
    """What one attempt to deliver a batch came to."""

    ACCEPTED = "accepted"
    UNREACHABLE = "unreachable"  # no answer: the endpoint's state, not the batch's
    BUSY = "busy"  # an answer that asks to come again
    TOO_LARGE = "too large"  # fewer events may be accepted
    REFUSED = "refused"  # the same batch will never be accepted
    NOBODY = "nobody"  # there is no one to take it, and it is not to wait for one


@dataclass(frozen=True)
class Answer:
    """The answer to one attempt.

    ``cause`` is the same for failures of the same kind, which are reported as one error; ``what`` and ``remedy`` are
    that error's words. ``retry_after`` is in seconds, None where the endpoint did not ask for a pause. ``uncertain``
    says that the batch may have arrived although it was not accepted.
    """

    verdict: Verdict
    cause: str = ""
    what: str = ""
    remedy: str = ""
    retry_after: Optional[float] = None
    uncertain: bool = False


class SpoolFile(NamedTuple):
    """A file with events that were not delivered, one a line; ``size`` is in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class SinkOutcome:
    """The account of one sink; ``offered == delivered + rejected + undelivered``, always, counted in events.

    Delivered events were accepted by the endpoint, rejected ones refused for what they are, and undelivered ones could
    not be handed over. ``batches`` were accepted, ``attempts`` were made, ``retries`` of them not for the first time.
    ``bytes`` are those of the delivered events. ``last_error`` is the last failure seen, overcome or not; ``errors``
    are those that cost events, one for each cause. ``spooled`` of the undelivered events are in the file ``spool``.
    """

    kind: str
    target: str
    offered: int = 0
    delivered: int = 0
    rejected: int = 0
    undelivered: int = 0
    batches: int = 0
    attempts: int = 0
    retries: int = 0
    bytes: int = 0
    last_error: Optional[str] = None
    errors: tuple[MigAuditError, ...] = ()
    spooled: int = 0
    spool: Optional[SpoolFile] = None

    def to_json(self) -> dict[str, object]:
        """Return the account as a document; its errors are told elsewhere."""
        shown = {name: value for name, value in vars(self).items() if name != "errors"}
        return {**shown, "spool": self.spool._asdict() if self.spool else None}


class Sink(Protocol):
    """Takes formatted events and delivers them in order, each at least once."""

    def put(self, event: bytes) -> None:
        """Take one event: a JSON object without a newline. It never waits for the network, and never fails."""

    def finish(self, deadline: float) -> SinkOutcome:
        """Deliver what is left until ``deadline`` on the sink's monotonic clock, then stop and give the account."""


class Transport(Protocol):
    """One way to one place. Used by one thread, except for `cut`."""

    @property
    def kind(self) -> str:
        """The transport's name in the parameters, such as ``http``."""

    @property
    def target(self) -> str:
        """The place, without anything secret."""

    def deliver(self, batch: Batch, patience: float) -> Answer:
        """Try once to hand a batch over, in at most about ``patience`` seconds."""

    def cut(self) -> None:
        """End an attempt that is under way, from another thread; nothing happens if there is none."""

    def close(self) -> None:
        """Release what is open."""
