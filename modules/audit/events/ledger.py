"""What became of every record: in an event, or kept aside with a reason. Nothing else is allowed to happen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.events.group import WHOLE
from mig_audit.modules.audit.events.serials import MissingSerials, SerialTracker
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events.group import Bundle
    from mig_audit.modules.audit.events.usual import UsualRun
    from mig_audit.modules.audit.records import Record

_SERIALS = compile_late(rb"^type=[^ ]+ msg=audit\([0-9]+\.[0-9]{3}:([0-9]{1,10})\):", re.MULTILINE)
AUDITD_TYPES = "DAEMON_"
"""How the types of auditd's own messages begin."""

_SAMPLE_LIMIT = 512
_NODES_LIMIT = 256


class Account(NamedTuple):
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

    ``received`` is what came in; whoever takes lines counts them there.
    """

    def __init__(self, *, samples: int = 5) -> None:
        self._samples_limit = samples
        self._samples: list[str] = []
        self.received = 0
        self._in_events = self._aside = 0
        self._endings: dict[str, int] = {}
        self._incomplete = self._late = self._untracked = 0
        self._trackers: dict[str, SerialTracker] = {}
        self._serial, self._node = -1, ""

    def keep_aside(self, line: bytes) -> None:
        """Count a line that is no record."""
        self._aside += 1
        if len(self._samples) < self._samples_limit:
            self._samples.append(printable(line[:_SAMPLE_LIMIT]))

    def keep_aside_all(self, lines: bytes, prefix: bytes = b"") -> None:
        """Count lines that came in and are no records, one at least; this prefix was taken from each of them."""
        number = lines.count(b"\n") + (not lines.endswith(b"\n"))
        self.received += number
        self._aside += number
        room = min(self._samples_limit - len(self._samples), number)
        for line in lines.split(b"\n", room)[:room]:
            self._samples.append(printable((prefix + line)[:_SAMPLE_LIMIT]))

    def begin(self, serial: int) -> None:
        """Let this host's numbering count from this serial on; see `SerialTracker.begin`."""
        self._trackers.setdefault("", SerialTracker()).begin(serial)

    def reach(self, serial: int, first: Optional[int]) -> int:
        """Count this host's numbering up to this serial; return how many more are missing.

        ``first`` is where it is to begin, if it was not told yet.
        """
        tracker = self._trackers.setdefault("", SerialTracker())
        if first is not None and not tracker.begun:
            tracker.begin(first)
        before = tracker.missing().missing
        tracker.reach(serial)
        return tracker.missing().missing - before

    def track(self, record: Record) -> None:
        """Follow the numbering of the record's node.

        That is on arrival, not when its event is complete: one without its end is that only seconds later, and by
        then thousands of serials away from those that were seen before and after it.
        """
        # auditd numbers its own messages, from a random start.
        if record.type.startswith(AUDITD_TYPES):
            return
        if record.serial != self._serial or record.node != self._node:
            self.track_serial(record.node, record.serial)

    def track_serial(self, node: str, serial: int) -> None:
        """Do the same for the records of one event that come together; not for auditd's own."""
        self._serial, self._node = serial, node
        tracker = self._tracker(node)
        if tracker is not None:
            tracker.add(serial)

    def track_serials(self, node: str, serials: list[int]) -> None:
        """Do the same for consecutive events."""
        self._serial, self._node = serials[-1], node
        tracker = self._tracker(node)
        if tracker is not None:
            tracker.add_all(serials)

    def _tracker(self, node: str) -> Optional[SerialTracker]:
        tracker = self._trackers.get(node)
        if tracker is None:
            if len(self._trackers) >= _NODES_LIMIT:
                self._untracked += 1
                return None
            tracker = self._trackers[node] = SerialTracker()
        return tracker

    def skim(self, block: bytes) -> None:
        """Follow this host's numbering through lines of a raw log that there is no time to take."""
        tracker, last = self._trackers.setdefault("", SerialTracker()), b""
        for serial in _SERIALS.findall(block):
            if serial != last:
                last = serial
                tracker.add(int(serial))

    def close(self, bundle: Bundle, *, complete: bool) -> None:
        """Count an event that was given out; ``complete`` says that nothing is known to be missing of it."""
        self._in_events += len(bundle.records or bundle.types)
        self._endings[bundle.ending] = self._endings.get(bundle.ending, 0) + 1
        self._incomplete += not complete
        self._late += bundle.part > 0

    def close_usual(self, run: UsualRun) -> None:
        """Count usual events that were given out; they have all the paths that they announce."""
        events, records, _ = run
        if not events:
            return
        self._in_events += records
        ends = [usual[-1] for usual in events]
        for end in set(ends):
            ending, number = (end or b"").decode("ascii").lower(), ends.count(end)
            self._endings[ending] = self._endings.get(ending, 0) + number
            self._incomplete += 0 if ending in WHOLE else number

    def account(self, *, pending: int = 0, left_out: int = 0) -> Account:
        """Return the balance; of the records, ``pending`` are still held, and ``left_out`` in no group."""
        return Account(
            self.received,
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
