"""What is missing, as far as it can be known: the loss ledger of one run.

Two meters, and neither is honest alone (`gap <= missing <= gap + lost`). A record that was dropped at a full socket
leaves a gap in the serial numbers and an ENOBUFS, and the kernel's ``lost`` does not move. An event that was refused at
the backlog limit moves ``lost``, by one or more, and never had a serial number. The canaries close the interval: what
was dropped before one that came back is a gap below its serial. What came and could not be written to the raw log is a
gap as well, up to the last serial of it. docs/loss.md has the measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mig_audit.errors import LossError, MigAuditError
from mig_audit.modules.audit.host import iso_time
from mig_audit.modules.audit.recorder.canaries import Canaries
from mig_audit.modules.audit.recorder.unwritten import Unwritten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.drift import Drift
    from mig_audit.modules.audit.events import Account
    from mig_audit.modules.audit.kernel.status import Status
    from mig_audit.modules.audit.recorder.client import RecorderProcess
    from mig_audit.modules.audit.recording import Recording
    from mig_audit.modules.audit.sinks import SinkOutcome

_REPLAY = "they are in the raw log; allow more drain time, or record less"
ALIVE, SILENT, FILTERED, REFUSED, UNSENT = "alive", "silent", "filtered", "refused", "unsent"
_NO_CANARIES = Canaries()
_ALL_WRITTEN = Unwritten()


@dataclass(frozen=True)
class Loss:
    """The meters of one run.

    ``received`` to ``skimmed``, ``foreign`` and ``unparsed`` count records, ``overruns`` are ENOBUFS, ``lost`` is in
    the kernel's own unit, records it refused, and None where somebody reset that counter meanwhile. ``gap`` counts
    serial numbers that are not in the raw log, of which ``unplaced`` may be after all, and ``beyond`` came after the
    window's end; ``late`` counts those that came after a higher one. ``unwritten`` tells of records that were received
    and dropped; ``uncounted`` says that no serial is in the raw log from which theirs could be counted. ``incomplete``,
    ``filtered``, ``undelivered``, ``spooled`` and ``rejected`` are events, the last three summed over the sinks; the
    spooled ones are among the undelivered. ``may_filter`` says that there are rules that could keep canaries out.
    ``log_size`` is in bytes. ``switched_off`` is when somebody first switched audit off, and ``cut_off`` when a
    recorder that ended before its window last spoke, both in seconds since the epoch.
    """

    received: int = 0
    written: int = 0
    unwritten: Unwritten = _ALL_WRITTEN
    processed: int = 0
    skimmed: int = 0
    foreign: int = 0
    overruns: int = 0
    lost: Optional[int] = 0
    gap: int = 0
    unplaced: int = 0
    beyond: int = 0
    uncounted: bool = False
    ranges: tuple[tuple[int, int], ...] = ()
    late: int = 0
    late_ranges: tuple[tuple[int, int], ...] = ()
    unparsed: int = 0
    incomplete: int = 0
    filtered: int = 0
    undelivered: int = 0
    spooled: int = 0
    rejected: int = 0
    canaries: Canaries = _NO_CANARIES
    may_filter: bool = False
    log_size: int = 0
    switched_off: Optional[float] = None
    cut_off: Optional[float] = None

    @classmethod
    def measure(
        cls,
        recorder: RecorderProcess,
        before: Status,
        recording: Recording,
        *,
        sinks: Sequence[SinkOutcome],
        drift: Drift,
        may_filter: bool,
    ) -> Loss:
        """Read the meters; without the recorder's last word, what it would have said is what the raw log shows.

        ``before`` is the kernel's status before the run.
        """
        ended, seen = recorder.ended, recording.processed + recording.skimmed
        account, filters = recording.pipeline.account(), recording.pipeline.filters
        serials, lost = account.serials.get(""), recorder.lost
        delta = None if lost is None else lost - before.lost
        return cls(
            received=ended.received if ended else seen,
            written=ended.written if ended else seen,
            unwritten=ended.unwritten if ended else _ALL_WRITTEN,
            processed=recording.processed,
            skimmed=recording.skimmed,
            foreign=ended.foreign if ended else 0,
            overruns=ended.overruns if ended else 0,
            lost=None if delta is None or delta < 0 or drift.lost_reset else delta,
            gap=account.missing,
            unplaced=serials.unplaced if serials else 0,
            beyond=recording.beyond,
            uncounted=serials is None or serials.first is None,
            ranges=serials.ranges if serials else (),
            late=serials.late if serials else 0,
            late_ranges=serials.late_ranges if serials else (),
            unparsed=account.aside,
            incomplete=account.incomplete,
            filtered=sum(filters.taken.values()) if filters else 0,
            undelivered=sum(sink.undelivered for sink in sinks),
            spooled=sum(sink.spooled for sink in sinks),
            rejected=sum(sink.rejected for sink in sinks),
            canaries=recorder.canaries,
            may_filter=may_filter,
            log_size=recording.tail.size,
            switched_off=drift.switched_off,
            cut_off=recorder.death.last if recorder.death else None,
        )

    @property
    def unprocessed(self) -> int:
        """Return the records that are in the raw log and were not looked at."""
        return self.written - self.processed

    @property
    def least(self) -> int:
        """Return how many events of the window are missing at the least: canaries that were lost are none."""
        own = self.canaries.sent - self.canaries.returned + self.unwritten.own
        return max(0, self.gap - self.unplaced - self.beyond - own)

    @property
    def most(self) -> Optional[int]:
        """Return how many events are missing at the most; None where nobody can know."""
        return None if self.lost is None or self.doubt else self.gap + self.lost

    @property
    def path(self) -> str:
        """Return what the canaries say of the way that records take."""
        canaries = self.canaries
        if canaries.closed:
            return ALIVE
        if canaries.unsent:
            return REFUSED if canaries.refused else UNSENT
        return FILTERED if self.may_filter and not canaries.returned else SILENT

    @property
    def doubt(self) -> str:
        """Return why there is no upper bound; nothing if there is one."""
        return "; ".join(self._doubts())

    def _doubts(self) -> Iterator[str]:
        if self.lost is None:
            yield "the kernel's counter of lost records was reset, or could not be read"
        if self.cut_off is not None:
            yield f"the recorder was heard of for the last time at {iso_time(self.cut_off)}"
        elif self.switched_off is not None:
            yield f"audit was switched off by somebody at {iso_time(self.switched_off)}"
        elif self.path == SILENT:
            yield self._silence
        elif self.path == ALIVE and not self.canaries.opened:
            yield "no canary came back before the window began, from which serials could be counted"
        elif self.overruns and self.path != ALIVE:
            yield "the socket overran, and no canary shows what was lost after that"
        if self.unwritten.records and self.uncounted:
            yield f"{self._not_written}, and none before them"
        if self.unprocessed > self.skimmed:
            yield f"{self.unprocessed - self.skimmed} records were not looked at"

    @property
    def why(self) -> str:
        """Return why there is no upper bound, or what else the interval rests on; nothing if every record was written."""
        return self.doubt or (self._not_written if self.unwritten.records else "")

    @property
    def _not_written(self) -> str:
        return f"{self.unwritten.records} records came and could not be written to the raw log"

    @property
    def _silence(self) -> str:
        since = self.canaries.silent_since
        return f"no canary came back {f'since {iso_time(since)}' if since else 'at the end of the window'}"

    def balanced(self, account: Account) -> bool:
        """Return whether every record is accounted for."""
        processed = account.in_events + account.aside + account.pending
        return self.received == processed + self.unwritten.records + self.unprocessed and account.balanced

    def to_json(self) -> dict[str, object]:
        """Return the ledger for the envelope."""
        canaries = self.canaries
        return {
            "serial_gap": self.gap,
            "missing_serials": [list(span) for span in self.ranges],
            "serials_late": self.late,
            "late_serials": [list(span) for span in self.late_ranges],
            "kernel_lost": self.lost,
            "overruns": self.overruns,
            "records_unparsed": self.unparsed,
            "events_incomplete": self.incomplete,
            "events_filtered": self.filtered,
            "events_undelivered": self.undelivered,
            "events_spooled": self.spooled,
            "events_rejected": self.rejected,
            "canary": {
                "path": self.path,
                "sent": canaries.sent,
                "returned": canaries.returned,
                "slowest": canaries.slowest,
                "silent_since": iso_time(canaries.silent_since) if canaries.silent_since else None,
                "why": canaries.unsent,
            },
            "events_missing": {"min": self.least, "max": self.most, "why": self.why},
        }

    def errors(self) -> Iterator[MigAuditError]:
        """Yield an error for each kind of loss, with what to do about it."""
        if self.gap or self.lost or self.overruns:
            yield self._missing()
        elif self.lost is None:
            yield LossError(
                "it is not known how many records the kernel lost",
                "its counter was reset meanwhile, or could not be read",
            )
        yield from self._path_errors()
        if self.unwritten.records:
            yield LossError(self._not_written, "their events are missing, or incomplete")
        if self.unprocessed:
            yield LossError(f"{self.unprocessed} records were not processed in time", _REPLAY)
        if self.unparsed:
            yield LossError(
                f"{self.unparsed} records could not be parsed", "they are in the raw log as they came"
            )

    def _path_errors(self) -> Iterator[MigAuditError]:
        if self.cut_off is not None:
            # The error that tells of the recorder says so.
            return
        if self.switched_off is not None:
            yield LossError(
                f"audit was switched off by somebody at {iso_time(self.switched_off)}: it is not known what is missing",
                "see kernel.drift for who did it; with the parameter kernel.reapply it is switched on again",
            )
        elif self.path == SILENT:
            yield LossError(
                f"{self._silence}: it is not known what is missing after that",
                "see whether the audit pid was taken, or the host is overloaded",
            )
        elif self.path == FILTERED:
            yield LossError(
                "the canaries are filtered out: loss at the very end of the window could not be seen",
                "see the rules on the user and exclude lists in `auditctl -l`; they must let TRUSTED_APP through",
            )
        elif self.path == REFUSED:
            yield LossError(
                f"no canary could be sent, so loss at the very end of the window could not be seen: {self.canaries.unsent}"
            )

    def _missing(self) -> LossError:
        most = "an unknown number" if self.most is None else str(self.most)
        told = f"kernel lost {'unknown' if self.lost is None else self.lost}, serial gap {self.gap}"
        unwritten = f", records not written {self.unwritten.records}" if self.unwritten.records else ""
        room = (
            "give the raw log more room"
            if unwritten
            else "raise kernel.backlog_limit and kernel.receive_buffer"
        )
        return LossError(
            f"between {self.least} and {most} events are missing ({told}, socket overruns {self.overruns}{unwritten})",
            f"audit fewer events, or {room}",
        )
