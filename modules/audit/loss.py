"""What is missing, as far as it can be known: the loss ledger of one run.

Two meters, and neither is honest alone (`gap <= missing <= gap + lost`). A record that was dropped at a full socket
leaves a gap in the serial numbers and an ENOBUFS, and the kernel's ``lost`` does not move. An event that was refused
at the backlog limit moves ``lost``, by one or more, and never had a serial number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import LossError, MigAuditError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events import Account
    from mig_audit.modules.audit.kernel.status import Status
    from mig_audit.modules.audit.recorder.reports import Ended
    from mig_audit.modules.audit.recording import Recording

_REPLAY = "they are in the raw log; allow more drain time, or record less"


@dataclass(frozen=True)
class Loss:
    """The meters of one run, in records but for ``gap``, which counts serial numbers, and ``overruns`` (ENOBUFS).

    ``lost`` is None where somebody reset the kernel's counter meanwhile. ``processed`` are the records that were taken
    from the raw log, ``log_size`` is its size in bytes.
    """

    received: int
    written: int
    unwritten: int
    processed: int
    foreign: int
    overruns: int
    lost: Optional[int]
    gap: int
    ranges: tuple[tuple[int, int], ...]
    unparsed: int
    incomplete: int
    log_size: int

    @classmethod
    def measure(cls, before: Status, ended: Optional[Ended], recording: Recording, log_size: int) -> Loss:
        """Read the meters; without the recorder's last word, what it would have said is what the raw log shows."""
        processed, account = recording.processed, recording.pipeline.account()
        serials = account.serials.get("")
        delta = ended.status.lost - before.lost if ended else None
        return cls(
            received=ended.received if ended else processed,
            written=ended.written if ended else processed,
            unwritten=ended.unwritten if ended else 0,
            processed=processed,
            foreign=ended.foreign if ended else 0,
            overruns=ended.overruns if ended else 0,
            lost=None if delta is None or delta < 0 else delta,
            gap=account.missing,
            ranges=serials.ranges if serials else (),
            unparsed=account.aside,
            incomplete=account.incomplete,
            log_size=log_size,
        )

    @property
    def unprocessed(self) -> int:
        """Return the records that are in the raw log and were not looked at."""
        return self.written - self.processed

    def balanced(self, account: Account) -> bool:
        """Return whether every record is accounted for."""
        processed = account.in_events + account.aside + account.pending
        return self.received == processed + self.unwritten + self.unprocessed and account.balanced

    def to_json(self) -> dict[str, object]:
        """Return the ledger for the envelope."""
        most = None if self.lost is None else self.gap + self.lost
        return {
            "serial_gap": self.gap,
            "missing_serials": [list(span) for span in self.ranges],
            "kernel_lost": self.lost,
            "overruns": self.overruns,
            "events_missing": {"min": self.gap, "max": most},
        }

    def errors(self) -> Iterator[MigAuditError]:
        """Yield an error for each kind of loss, with what to do about it."""
        if self.gap or self.lost or self.overruns:
            yield self._missing()
        elif self.lost is None:
            yield LossError(
                "it is not known how many records the kernel lost", "its counter was reset meanwhile"
            )
        if self.unwritten:
            yield LossError(f"{self.unwritten} records came and could not be written to the raw log")
        if self.unprocessed:
            yield LossError(f"{self.unprocessed} records were not processed in time", _REPLAY)
        if self.unparsed:
            yield LossError(
                f"{self.unparsed} records could not be parsed", "they are in the raw log as they came"
            )

    def _missing(self) -> LossError:
        most = "an unknown number" if self.lost is None else str(self.gap + self.lost)
        told = f"kernel lost {'unknown' if self.lost is None else self.lost}, serial gap {self.gap}"
        return LossError(
            f"between {self.gap} and {most} events are missing ({told}, socket overruns {self.overruns})",
            "audit fewer events, or raise kernel.backlog_limit and kernel.receive_buffer",
        )
