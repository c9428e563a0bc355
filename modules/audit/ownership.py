"""Whose an event is: found on the host, or made by this run or another one by their own work on audit."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Callable, Optional, Protocol

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.canary import Bracket, canary_of
from mig_audit.modules.audit.config_changes import CONFIG_CHANGE
from mig_audit.modules.audit.events import END

if TYPE_CHECKING:
    from collections.abc import Collection

    from mig_audit.modules.audit.config_changes import Recorded
    from mig_audit.modules.audit.events import Bundle, Event

_CANARY, _SYSCALL = "TRUSTED_APP", "SYSCALL"
_CHANGE_TYPES = frozenset({CONFIG_CHANGE, "EVENT_LISTENER"})
LOOKED_AT = frozenset({_CANARY, CONFIG_CHANGE})
"""Types of a first record that may be a run's own, or a change by others."""
_NO_KEY = b" key=(null)"
_PID = compile_late(rb" pid=([0-9]{1,10}) ")


class Whose(enum.Enum):
    """This run's own, or another run's."""

    OWN = "own"
    OTHER = "other"


class Others(Protocol):
    """Knows other runs, in the run itself (`mig_audit.modules.audit.other_runs`) or by what its result tells of them."""

    def look(self) -> None:
        """Look for more of them."""

    def sent_canary(self, body: bytes) -> bool:
        """Say whether this message is the canary of one, and count it."""

    def of_process(self, pid: int) -> str:
        """Return the id of the run that a process is of; nothing if it is of none."""

    def recorded(self, change: Recorded) -> str:
        """Return the id of the run that made a change of which a record tells; nothing if none did."""

    def count(self, run_id: str) -> None:
        """Count a change that a run made."""


class Ownership:
    """Knows the window and the processes of a run; without processes everything is found.

    ``open`` says that the window has begun, as far as the records show.

    Args:
        own_pids: the run's processes.
        others: other runs on this host, where there may be some.
        counting: told the serial of the first canary, from which what is missing is counted.
    """

    def __init__(
        self, own_pids: Collection[int], others: Optional[Others], counting: Callable[[int], None]
    ) -> None:
        """Begin before the window."""
        self._own_pids = own_pids
        self._others = others
        self._counting = counting
        self._bracket = Bracket()
        self._configured = True
        self.open = not own_pids

    def window_began(self, seconds: float, *, configured: bool) -> None:
        """Take note of when the window began, in seconds since the epoch, and whether the run changes anything."""
        self._bracket.begin_at(seconds)
        self._configured = configured

    def window_ended(self, seconds: float) -> None:
        """Take note of when the window ended, in seconds since the epoch."""
        self._bracket.end_at(seconds)

    def look_around(self) -> None:
        """Look for other runs, where there can be any: nobody else configures the kernel while this run does."""
        if self._others and not self._configured:
            self._others.look()

    def opens(self, bundle: Bundle) -> bool:
        """Say whether the window has begun with this event, if not before."""
        self.open = self.open or self._bracket.begins_with(float(bundle.stamp.partition(b":")[0]))
        return self.open

    def of_bundle(self, bundle: Bundle) -> Optional[Whose]:
        """Return whose an event is, where that can be seen without decoding it."""
        first = bundle.types[0] if bundle.types else bundle.group().records[0].type
        if first == _CANARY:
            return self._of_message(bundle)
        return Whose.OWN if first == _SYSCALL and self._is_joining(bundle) else None

    def of_event(self, event: Event) -> Optional[Whose]:
        """Return whose an event is that changes audit, or who listens to it.

        Of some changes the kernel makes a record without a process in it: those outside the window are ours.
        """
        if not self._own_pids or _CHANGE_TYPES.isdisjoint(event.types):
            return None
        pid = event.process.pid
        if pid in self._own_pids:
            return Whose.OWN
        # Rules that are added with one call are one event.
        if pid is not None or set(event.types) != {CONFIG_CHANGE}:
            return Whose.OTHER if pid is not None and self._others and self._others.of_process(pid) else None
        seconds = event.seconds + event.milliseconds / 1000
        inside = self._bracket.holds(event.serial, seconds)
        # Where nothing shows when the window ended, nothing comes after audit was switched off again.
        outside = event.ending == END if inside is None else not inside
        return Whose.OWN if outside and self._configured else None

    def of_change(self, change: Recorded) -> str:
        """Return the id of the other run that made a change; nothing if none did."""
        run_id = self._others.recorded(change) if self._others else ""
        if run_id and self._others:
            self._others.count(run_id)
        return run_id

    def _of_message(self, bundle: Bundle) -> Optional[Whose]:
        record = bundle.group().records[0]
        seen = canary_of(record.serial, record.body, self._own_pids)
        if seen is not None:
            self.open = True
            # The first one is where the numbering is counted from.
            if self._bracket.add(seen):
                self._counting(seen.serial)
            return Whose.OWN
        return Whose.OTHER if self._others and self._others.sent_canary(record.body) else None

    def _is_joining(self, bundle: Bundle) -> bool:
        """Say whether this is the rest of the event of our joining the multicast group.

        Its EVENT_LISTENER record is sent to the group before we are in it, and the others after that. No rule asked for
        them.
        """
        if self.open or self.opens(bundle):
            return False
        body = bundle.bodies[0] if bundle.bodies else bundle.group().records[0].body
        if not body.endswith(_NO_KEY):
            return False
        pid = _PID.search(body)
        return pid is not None and int(pid[1]) in self._own_pids
