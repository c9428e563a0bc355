"""From raw-log lines to rows of file activity, with every event accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Protocol

from mig_audit.modules.audit.events import Decoder, Ledger, make_stream
from mig_audit.modules.audit.events.glance import glance_at
from mig_audit.modules.audit.events.ledger import AUDITD_TYPES
from mig_audit.modules.audit.events.usual import UsualRun
from mig_audit.modules.audit.events.usual_message import UsualMessage
from mig_audit.modules.audit.files.activity import OTHER, Activity
from mig_audit.modules.audit.files.call import call_of
from mig_audit.modules.audit.files.glanced import Glances
from mig_audit.modules.audit.files.reordering import Arrival
from mig_audit.modules.audit.formats.interface import KERNEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mig_audit.modules.audit.events import Account, Bundle, Names
    from mig_audit.modules.audit.events.usual import Complete, UsualEvent
    from mig_audit.modules.audit.files.rows import Row
    from mig_audit.modules.audit.files.seed import Seed


_MOST_HELD = 64  # it is asked for each gap, and what has no end is older than what has


class Teller(Protocol):
    """Whatever rows can be told to."""

    def tell(self, row: Row) -> None:
        """Take one row."""


class FilesPipeline:
    """One stream of records on its way to rows; see `replay.Feedable`.

    Args:
        teller: of the rows.
        names: of users.
        seed: what ran when the log began.
        lost: how many events are missing without a gap.
    """

    own = others = unrepresented = 0

    def __init__(self, teller: Teller, names: Names, seed: Optional[Seed] = None, lost: int = 0) -> None:
        self._teller = teller
        self._ledger = Ledger()
        self._stream = make_stream(KERNEL, self._ledger)
        self._decoder = Decoder(names)
        self._glances = Glances(self._decoder.identities)
        self.activity = Activity(seed, lost, self._without_call)
        self.findings = 0

    def feed(self, block: bytes) -> None:
        """Take whole lines of the raw log."""
        for complete in self._stream.feed(block):
            self._finish(complete)

    def flush(self) -> None:
        """Complete what is open: the stream has ended."""
        for complete in self._stream.flush():
            self._finish(complete)
        self._tell(self.activity.flush())

    def account(self) -> Account:
        """Return the balance of records so far."""
        return self._ledger.account(pending=self._stream.held, left_out=self._stream.left_out)

    def _without_call(self, node: str) -> Sequence[int]:
        return self._stream.without_call(node, _MOST_HELD)

    def _finish(self, complete: Complete) -> None:
        if isinstance(complete, UsualRun):
            self._finish_usuals(complete)
        else:
            self._finish_bundle(complete)

    def _finish_usuals(self, run: UsualRun) -> None:
        told = [usual for usual in run.events if self._tell_usual(usual, run.node)]
        self._ledger.close_usual(run if len(told) == len(run.events) else UsualRun.of(told, run.node))

    def _tell_usual(self, usual: UsualEvent, node: str) -> bool:
        """Finish an event by the short way; return False if it took the long one."""
        stamp = int(usual[1]), int(usual[2]), int(usual[3])
        call = None
        if not isinstance(usual, UsualMessage):
            seen, added = usual.plain()
            call = self._glances.call_of(seen, node, stamp, added) if usual.whole else None
            if call is None:
                self._finish_long(usual.bundle(node))
                return False
        self._arrive(node, Arrival(stamp[2], stamp[0], stamp[1], call))
        return True

    def _finish_bundle(self, bundle: Bundle) -> None:
        call = None
        if bundle.records is None and bundle.enriched is None and not bundle.part and bundle.complete:
            seen = glance_at(bundle.types, bundle.bodies)
            if seen is not None:
                call = self._glances.call_of(seen, bundle.node, _numbers(bundle.stamp))
        if call is None:
            self._finish_long(bundle)
            return
        self._ledger.close(bundle, complete=True)
        self._arrive(bundle.node, Arrival(call.serial, call.seconds, call.milliseconds, call))

    def _finish_long(self, bundle: Bundle) -> None:
        group = bundle.group()
        self._ledger.close(bundle, complete=group.complete)
        event = self._decoder.decode(group)
        if event.records[0].type.startswith(AUDITD_TYPES):
            self.activity.outcomes[OTHER] += 1  # auditd numbers its own messages
            return
        call = call_of(event)
        incomplete = call is None and (event.part > 0 or "syscall" in event.gaps)
        self._arrive(event.node, Arrival(event.serial, event.seconds, event.milliseconds, call, incomplete))

    def _arrive(self, node: str, arrival: Arrival) -> None:
        self._tell(self.activity.take(node, arrival))

    def _tell(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.findings += 1
            self._teller.tell(row)


def _numbers(stamp: bytes) -> tuple[int, int, int]:
    seconds, _, rest = stamp.partition(b".")
    milliseconds, _, serial = rest.partition(b":")
    return int(seconds), int(milliseconds), int(serial)
