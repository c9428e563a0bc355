"""What became of every record: in an event, or kept aside with a reason. Nothing else is allowed to happen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mig_audit.errors import RecordError
from mig_audit.modules.audit.events.serials import MissingSerials, SerialTracker
from mig_audit.modules.audit.records import parse_line, printable
from mig_audit.modules.audit.records.record import SECONDS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mig_audit.modules.audit.events.correlation import Group
    from mig_audit.modules.audit.records import Record

_SAMPLE_LIMIT = 512
_NODES_LIMIT = 256


@dataclass(frozen=True)
class Account:
    """The balance of a stream of records.

    Attributes:
        received: lines that came in.
        in_events: records that were given out in groups, or that only said that one was whole.
        aside: lines that are no records, counted and not used.
        pending: records in events that are still open.
        samples: the first lines kept aside, as printable text.
        events: groups given out.
        endings: how many groups ended in which way (`correlation.ENDINGS`).
        incomplete: groups with something known to be missing.
        late: groups that are further parts of an event already given out.
        serials: what is missing of the kernel's numbering, by node ("" where records name none).
        untracked: events of further nodes, whose numbering is not followed.
    """

    received: int
    in_events: int
    aside: int
    pending: int
    samples: tuple[str, ...]
    events: int
    endings: Mapping[str, int]
    incomplete: int
    late: int
    serials: Mapping[str, MissingSerials]
    untracked: int

    @property
    def balanced(self) -> bool:
        """Say whether every record is accounted for."""
        return self.received == self.in_events + self.aside + self.pending

    @property
    def missing(self) -> int:
        """Return how many serials are missing, over all nodes."""
        return sum(serials.missing for serials in self.serials.values())


class Ledger:
    """The one place that counts records.

    Args:
        samples: how many of the lines kept aside are remembered.
        seconds_limit: no record is of this time or later.
    """

    def __init__(self, *, samples: int = 5, seconds_limit: int = SECONDS_LIMIT) -> None:
        self._samples_limit = samples
        self._seconds_limit = seconds_limit
        self._samples: list[str] = []
        self._received = self._in_events = self._aside = 0
        self._endings: Counter[str] = Counter()
        self._incomplete = self._late = self._untracked = 0
        self._trackers: dict[str, SerialTracker] = {}
        self._serial, self._node = -1, ""

    def records(self, lines: Iterable[bytes]) -> Iterator[Record]:
        """Give the records of these lines, and keep aside those that are none."""
        for line in lines:
            self._received += 1
            try:
                record = parse_line(line, self._seconds_limit)
            except RecordError:
                self._keep_aside(line)
            else:
                # On arrival, not when its event is complete: one without its end is that only seconds later, and by
                # then thousands of serials away from those that were seen before and after it.
                if record.serial != self._serial or record.node != self._node:
                    self._track(record)
                yield record

    def begin(self, serial: int) -> None:
        """Let this host's numbering count from this serial on; see `SerialTracker.begin`."""
        self._trackers.setdefault("", SerialTracker()).begin(serial)

    def close(self, group: Group) -> None:
        """Count a group that was given out."""
        self._in_events += len(group.records)
        self._endings[group.ending] += 1
        self._incomplete += not group.complete
        self._late += group.late

    def account(self, *, pending: int = 0, left_out: int = 0) -> Account:
        """Return the balance; of the records, ``pending`` are still held, and ``left_out`` in no group."""
        return Account(
            self._received,
            self._in_events + left_out,
            self._aside,
            pending,
            tuple(self._samples),
            sum(self._endings.values()),
            dict(self._endings),
            self._incomplete,
            self._late,
            {node: tracker.missing() for node, tracker in self._trackers.items()},
            self._untracked,
        )

    def _track(self, record: Record) -> None:
        self._serial, self._node = record.serial, record.node
        # auditd numbers its own messages, from a random start.
        if record.type.startswith("DAEMON_"):
            return
        tracker = self._trackers.get(record.node)
        if tracker is None:
            if len(self._trackers) >= _NODES_LIMIT:
                self._untracked += 1
                return
            tracker = self._trackers[record.node] = SerialTracker()
        tracker.add(record.serial)

    def _keep_aside(self, line: bytes) -> None:
        self._aside += 1
        if len(self._samples) < self._samples_limit:
            self._samples.append(printable(line[:_SAMPLE_LIMIT]))
