"""From raw-log lines to rows of file activity, with every event accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mig_audit.modules.audit.events import Decoder, Ledger, make_stream
from mig_audit.modules.audit.events.ledger import AUDITD_TYPES
from mig_audit.modules.audit.events.usual import bundles
from mig_audit.modules.audit.files.activity import OTHER, Activity
from mig_audit.modules.audit.files.call import call_of
from mig_audit.modules.audit.files.reordering import Arrival
from mig_audit.modules.audit.formats.interface import KERNEL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mig_audit.modules.audit.events import Account, Bundle, Event, Names
    from mig_audit.modules.audit.events.usual import Complete
    from mig_audit.modules.audit.files.rows import Row


class Teller(Protocol):
    """Whatever rows can be told to."""

    def tell(self, row: Row) -> None:
        """Take one row."""


class FilesPipeline:
    """One stream of records on its way to rows; see `replay.Feedable`.

    Args:
        teller: of the rows.
        names: of users.
    """

    own = others = unrepresented = 0

    def __init__(self, teller: Teller, names: Names) -> None:
        self._teller = teller
        self._ledger = Ledger()
        self._stream = make_stream(KERNEL, self._ledger)
        self._decoder = Decoder(names)
        self.activity = Activity()
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

    def _finish(self, complete: Complete) -> None:
        for bundle in bundles(complete):
            self._finish_one(bundle)

    def _finish_one(self, bundle: Bundle) -> None:
        group = bundle.group()
        self._ledger.close(bundle, complete=group.complete)
        event = self._decoder.decode(group)
        if event.records[0].type.startswith(AUDITD_TYPES):
            self.activity.outcomes[OTHER] += 1  # auditd numbers its own messages
            return
        self._tell(self.activity.take(event.node, _arrival(event)))

    def _tell(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self.findings += 1
            self._teller.tell(row)


def _arrival(event: Event) -> Arrival:
    call = call_of(event)
    incomplete = call is None and (event.syscall is not None or "syscall" in event.gaps)
    return Arrival(event.serial, event.seconds, event.milliseconds, call, incomplete)
