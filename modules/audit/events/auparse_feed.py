"""Records become groups as libauparse 3.0.9 groups them when it is fed line by line, and come out in its order.

It differs from `correlation` in what ends an event (PROCTITLE does, and every type that is no kernel event; the EOE
after it is left out), and in that an event is given out only when none before it, by time and serial, is still open.
Programs built on the library see these groups and no others. Time is stream time, in whole seconds.

Work per record does not grow with the events that are open, but for the heaps that say which one is next. The library
holds what it cannot yet give out without a bound; here the first one is given out early beyond one.
"""

from __future__ import annotations

from collections import OrderedDict
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from mig_audit.modules.audit.events.group import END, EOE, EVICTED, SINGLE, TIMEOUT, Gathering
from mig_audit.modules.audit.records.auparse import is_broken, type_number
from mig_audit.modules.audit.records.record import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.group import Bundle
    from mig_audit.modules.audit.records import Record

_TIMEOUT = 2  # seconds, end_of_event_timeout of auditd.conf
_EOE, _PROCTITLE, _KERNEL = 1320, 1327, 2000
_FIRST_EVENT, _FIRST_ANOMALY_MESSAGE = 1300, 2100
_FIRST_NETLABEL, _LAST_NETLABEL = 1406, 1419
_ENDS = frozenset({_EOE, _PROCTITLE})
# About what a record takes beside its body, as a body alone, and an event beside its records: bytes, as measured.
_RECORD_SIZE = 200
_BODY_SIZE = 60
_EVENT_SIZE = 950


class _Key(NamedTuple):
    """What the records of one event have in common; events are given out in this order, but for the node."""

    seconds: int
    milliseconds: int
    serial: int
    node: str


class _Event(Gathering):
    """An event that was not given out yet; ``ending`` is empty while it may get records."""

    __slots__ = ("ending", "key", "slot", "type")

    def __init__(self, stamp: bytes, key: _Key, slot: int) -> None:
        super().__init__(stamp)
        self.key = key
        self.slot = slot
        self.type = 0  # of the last record
        self.size = _EVENT_SIZE
        self.ending = ""

    def add(self, record: Record) -> int:
        """Add a record and return about how many bytes it takes."""
        # A separator within a body stood in a text that was restored, and nothing is cut there.
        if record.node or record.enriched is not None or SEPARATOR in record.body or self.records is not None:
            self.add_record(record)
            size = len(record.body) + len(record.enriched or b"") + _RECORD_SIZE
        else:
            self.types.append(record.type)
            self.texts.append(record.body)
            size = len(record.body) + _BODY_SIZE
        self.size += size
        return size


class AuparseFeed:
    """The events that were not given out yet.

    Every record that `add` takes comes out in one group, of `add` or `flush`, or is counted in `left_out`.

    Args:
        max_held: how many events may be held.
        max_size: how many bytes the held events may have together.
        max_records: how many records one event may hold. Further ones become late parts.
        max_event_size: how many bytes it may have. The same.
        memory: how many events that were given out are remembered, so that their late records are known as such.
    """

    seconds_limit = 10**12  # all that `parse_line` reads; the library writes years of five digits

    def __init__(
        self,
        *,
        max_held: int = 50_000,
        max_size: int = 36 * 1024 * 1024,
        max_records: int = 4096,
        max_event_size: int = 13 * 1024 * 1024,
        memory: int = 10_000,
    ) -> None:
        self._max_held = max_held
        self._max_size = max_size
        self._max_records = max_records
        self._max_event_size = max_event_size
        self._memory = memory
        self._open: dict[_Key, _Event] = {}
        self._broken: list[_Event] = []
        # Heaps: every event in the order of giving out, and the open ones by age, with closed ones among them.
        self._order: list[tuple[int, int, int, int, _Event]] = []
        self._ages: list[tuple[int, int, _Event]] = []
        self._count = 0
        # Where in the library's array an event is decides between two with the same time and serial.
        self._free: list[int] = []
        self._slots = 0
        self._given: OrderedDict[_Key, int] = OrderedDict()
        self._held = self._size = self._left_out = 0

    @property
    def held(self) -> int:
        """Return how many records are in events that were not given out."""
        return self._held

    @property
    def left_out(self) -> int:
        """Return how many records are in no group: an EOE after its event, or what the library cannot read."""
        return self._left_out

    def add(self, record: Record) -> Sequence[Bundle]:
        """Take one record and return the groups that can be given out because of it."""
        number = type_number(record.type)
        key = _Key(record.seconds, record.milliseconds, record.serial, record.node)
        broken = is_broken(record)
        event = self._open.get(key)
        if event is None:
            if broken or number == _EOE:
                self._left_out += 1
                return ()
            event = self._begin(record.stamp, key)
        event.type = number
        self._size += event.add(record)
        self._held += 1
        if broken:
            # The library does not look whether this ends an event, until the next record.
            self._broken.append(event)
            return ()
        self._close_events(event, record.seconds)
        return self._give_out()

    def flush(self) -> Sequence[Bundle]:
        """Return what was not given out; for the end of the stream."""
        for event in list(self._open.values()):
            self._close(event, END)
        return self._give_out()

    def _begin(self, stamp: bytes, key: _Key) -> _Event:
        if self._free:
            slot = heappop(self._free)
        else:
            slot, self._slots = self._slots, self._slots + 1
        event = self._open[key] = _Event(stamp, key, slot)
        heappush(self._order, (key.seconds, key.milliseconds, key.serial, slot, event))
        self._count += 1
        self._size += _EVENT_SIZE
        heappush(self._ages, (key.seconds, self._count, event))
        return event

    def _close_events(self, event: _Event, seconds: int) -> None:
        """Close what the arrival of a record of ``event`` closes."""
        ages = self._ages
        while ages and (ages[0][2].ending or ages[0][0] + _TIMEOUT <= seconds):
            aged = heappop(ages)[2]
            if not aged.ending:
                self._close(aged, TIMEOUT)
        if self._broken:
            for other in self._broken:
                if not other.ending and ends_event(other.type):
                    self._close(other, SINGLE)
            self._broken.clear()
        if not event.ending and ends_event(event.type):
            self._close(event, EOE if event.type in _ENDS else SINGLE)
        if not event.ending and (len(event) >= self._max_records or event.size >= self._max_event_size):
            self._close(event, EVICTED)

    def _close(self, event: _Event, ending: str) -> None:
        del self._open[event.key]
        event.ending = ending
        # Those that were closed otherwise than by age are still in that heap: it must not grow without end.
        if len(self._ages) > 2 * len(self._open) + self._max_held:
            self._ages = [entry for entry in self._ages if not entry[2].ending]
            heapify(self._ages)

    def _give_out(self) -> Sequence[Bundle]:
        order = self._order
        done: list[Bundle] = []
        while order:
            event = order[0][4]
            if not event.ending:
                if len(order) <= self._max_held and self._size <= self._max_size:
                    break
                self._close(event, EVICTED)
            heappop(order)
            heappush(self._free, event.slot)
            self._held -= len(event)
            self._size -= event.size
            done.append(self._bundle(event))
        return done

    def _bundle(self, event: _Event) -> Bundle:
        part = self._given.get(event.key, 0)
        self._given[event.key] = part + 1
        if len(self._given) > self._memory:
            self._given.popitem(last=False)
        bundle = event.bundle(event.ending, part)
        event.types, event.texts, event.records = [], [], None  # the heap of ages may still know the event
        return bundle


def ends_event(number: int) -> bool:
    """Say whether a record of this type is the last one of its event."""
    return (
        number < _FIRST_EVENT
        or number >= _FIRST_ANOMALY_MESSAGE
        or number in {_EOE, _PROCTITLE, _KERNEL}
        or _FIRST_NETLABEL <= number <= _LAST_NETLABEL
    )
