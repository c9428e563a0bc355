"""The file activity of a log: each event changes the state of its host, and gives its rows."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.modules.audit.files.births import appear, follow, unconfirmed
from mig_audit.modules.audit.files.call import NOBODY, URING, Call
from mig_audit.modules.audit.files.descriptors import Room
from mig_audit.modules.audit.files.families.failing import fail
from mig_audit.modules.audit.files.families.nameless import use_ring
from mig_audit.modules.audit.files.families.table import CALLS, NEVER_FAIL
from mig_audit.modules.audit.files.host import Counts, Host
from mig_audit.modules.audit.files.reordering import SERIALS, Arrival, Reordering
from mig_audit.modules.audit.files.rows import GAP, Row
from mig_audit.modules.audit.files.seed import Seed, plant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.files.reordering import Turn

ROW, STATE, OTHER, INCOMPLETE, LATE, UNTRACKED = ["rows", "state", "other", "incomplete", "late", "untracked"]
OUTCOMES = (ROW, STATE, OTHER, INCOMPLETE, LATE, UNTRACKED)
"""What becomes of an event: rows; a change of the state alone; nothing, as it is not about files; nothing, as not all of it
is there, or as it came when its time was over, or as it is of one host too many."""

_MOST_HOSTS = 64


class _Place:
    """One host and the events of it that wait for their turn."""

    __slots__ = ("host", "moment", "waiting")

    def __init__(self, host: Host) -> None:
        self.host = host
        self.waiting = Reordering()
        self.moment = (0, 0)


class Activity:
    """Takes events as they are complete, and gives rows.

    Args:
        seed: what ran when the log began.
        lost: how many events are missing without a gap; then nothing that is followed from call to call is exact.
        held: gives the serials of a host's events that are not whole yet, and have no call so far: some of the kernel's
            have no end, so that they come when others long after them were taken.

    Attributes:
        outcomes: how many events had which of `OUTCOMES`; those that still wait for their turn have none.
        counts: what else is to be told at the end.
        gaps: how often events were missing.
        missing: how many were.
    """

    def __init__(
        self,
        seed: Optional[Seed] = None,
        lost: int = 0,
        held: Callable[[str], Sequence[int]] = lambda _: (),
    ) -> None:
        self._seed = seed
        self._held = held
        self.lost = lost
        self.outcomes: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self.counts = Counts()
        self.gaps = self.missing = 0
        self._room = Room()
        self._numbers = count(1)
        self._places: dict[str, _Place] = {}

    def take(self, node: str, arrival: Arrival) -> Iterator[Row]:
        """Take an event of a host."""
        place = self._place(node)
        if place is None:
            self.outcomes[UNTRACKED] += 1
            return
        for turn in place.waiting.add(arrival):
            yield from self._turn(node, place, turn)

    def flush(self) -> Iterator[Row]:
        """Give what is still to be told: the log is over."""
        for node, place in self._places.items():
            for turn in place.waiting.flush():
                yield from self._turn(node, place, turn)
            yield from unconfirmed(place.host)

    def _place(self, node: str) -> Optional[_Place]:
        place = self._places.get(node)
        if place is None and len(self._places) < _MOST_HOSTS:
            place = self._places[node] = _Place(self._host())
            if self._seed is not None and self._seed.node == node:
                plant(self._seed, place.host)
        return place

    def _host(self) -> Host:
        host = Host(self._room, self.counts, self._numbers)
        host.doubts_always = bool(self.lost)
        return host

    def _turn(self, node: str, place: _Place, turn: Turn) -> Iterator[Row]:
        arrival, missing, late, new_boot = turn
        if new_boot:
            yield from unconfirmed(place.host)
            place.host.vacate()
            place.host = self._host()
        if missing:
            missing -= sum(0 < (arrival.serial - held) % SERIALS <= missing for held in self._held(node))
        if missing:
            yield self._gap(node, place, arrival, missing)
        call = arrival.call
        if late and (call is not None or arrival.incomplete):
            self._doubt(place.host)  # what it did to the state, others may have undone by now
            self.outcomes[LATE] += 1
            return
        if late:
            self.outcomes[OTHER] += 1
            return
        place.moment = arrival.seconds, arrival.milliseconds
        if call is None:
            if arrival.incomplete:
                self._doubt(place.host)
            self.outcomes[INCOMPLETE if arrival.incomplete else OTHER] += 1
            return
        rows = self._apply(place.host, call)
        yield from rows

    def _gap(self, node: str, place: _Place, arrival: Arrival, missing: int) -> Row:
        self.gaps += 1
        self.missing += missing
        self._doubt(place.host)
        seconds, milliseconds = place.moment
        after = arrival.seconds * 1000 + arrival.milliseconds
        call = NOBODY._replace(
            node=node,
            seconds=arrival.seconds,
            milliseconds=arrival.milliseconds,
            serial=arrival.serial,
        )
        duration = max(after - seconds * 1000 - milliseconds, 0) if seconds else None
        return Row(GAP, call, None, amount=missing, duration=duration)

    @staticmethod
    def _doubt(host: Host) -> None:
        """Doubt all that is known of a host: something happened that is not known."""
        host.tick += 1
        host.doubted = host.tick

    def _apply(self, host: Host, call: Call) -> Sequence[Row]:
        host.tick += 1
        host.now = call.seconds * 1000 + call.milliseconds
        process = host.process(call.pid)
        rows: Sequence[Row] = ()
        if process is None or (call.ppid is not None and (call.ppid, call.pid) in host.waiting):
            process, rows = appear(host, call)
            process.first = call
        else:
            host.touch(process)
        if call.cwd is not None and process.root.path is not None:
            process.cwd = process.root.path + call.cwd
        changes = process.table.changes
        told: Optional[Sequence[Row]]
        if call.machine == URING:
            told = use_ring(host, process, call)
            host.doubt(process)
        else:
            handler = CALLS.get(call.name or "")
            if handler is None:
                told = None
            elif call.success is False:
                told = (fail(host, process, call),)
            elif call.success is None and call.name not in NEVER_FAIL:
                # It was ended by a signal while it was at work.
                self._doubt(host)
                self.outcomes[INCOMPLETE] += 1
                return rows
            else:
                told = handler(host, process, call)
        if process.lazy or process.provisional:
            follow(host, process, changes)
        host.give_up()
        if told or rows:
            self.outcomes[ROW] += 1
            return (*rows, *(told or ()))
        self.outcomes[OTHER if told is None else STATE] += 1
        return ()
