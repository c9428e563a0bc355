"""Records become groups: all records of one event, however they were interleaved with those of others.

Constant work per record, however many events are open: one ordered dict, oldest event first, is all the state there
is. Time is stream time (the records' own), never the wall clock, so a replay groups exactly as the live run did.

Most records need not become a `Record` to be grouped: those that came one behind the other with the same stamp are
taken as a run of types and bodies, and given out as a `Bundle`, which becomes a group for whoever wants one.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Optional, Union

from mig_audit.modules.audit.events.group import END, EOE, EVICTED, SINGLE, TIMEOUT, Bundle, Gathering, Group
from mig_audit.modules.audit.events.usual import UsualMessage, UsualRun, bundles
from mig_audit.modules.audit.records.record import SECONDS_LIMIT
from mig_audit.modules.audit.tables import record_type_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mig_audit.modules.audit.events.usual import Complete, UsualEvent
    from mig_audit.modules.audit.records import Record

_EOE = "EOE"
# linux/audit.h: below the kernel's event types and above its anomaly types are messages that programs send; each is
# one event. LOGIN is the kernel's and comes with its system call. KERNEL is the record of audit's own start.
_FIRST_KERNEL_EVENT, _LAST_KERNEL_EVENT = 1300, 2099
_LOGIN, _KERNEL = 1006, 2000

# About what a record takes beside its body.
_RECORD_SIZE = 400

_new_bundle = tuple.__new__  # what Bundle(...) does, without its Python frame

_Key = Union[bytes, tuple[str, bytes]]


class _Open(Gathering):
    """An event, and the time at which it has had all its records; ``usual`` are those it began with, if they were."""

    __slots__ = ("count", "deadline", "usual")

    def __init__(self, stamp: bytes, deadline: int) -> None:
        super().__init__(stamp)
        self.deadline = deadline
        self.usual: Optional[UsualEvent] = None
        self.count = 0

    @classmethod
    def of(cls, usual: UsualEvent, deadline: int, count: int) -> _Open:
        """Return a usual event of so many records; it has no lists until it is `cut`."""
        opened = cls.__new__(cls)
        opened.stamp, opened.deadline, opened.usual, opened.count, opened.size = (
            usual[0],
            deadline,
            usual,
            count,
            0,
        )
        return opened

    def __len__(self) -> int:
        """Return how many records there are."""
        return self.count if self.usual else super().__len__()

    def cut(self) -> None:
        """Become an event that is not a usual one."""
        if self.usual:
            self.types, self.bodies = self.usual.run()
            self.records = self.usual = None


def _give(usual: UsualEvent, records: int, ending: str, part: int, done: list[Complete]) -> None:
    """Give a usual event together with those before it; likewise a further part of one that is complete, by itself."""
    if part:
        done.append(Bundle(usual[0], *usual.run(), None, usual.ended(ending).ending, part))
        return
    _join(UsualRun([usual.ended(ending)], records), done)


def _join(run: UsualRun, done: list[Complete]) -> None:
    """Give usual events together with those before them."""
    last = done[-1] if done else None
    if isinstance(last, UsualRun):
        last.events.extend(run.events)
        done[-1] = UsualRun(last.events, last.records + run.records)
    else:
        done.append(run)


class Correlator:
    """The open events, and which events were completed lately.

    Every record that `add` or `add_run` takes comes out in exactly one bundle, of `add`, `add_run` or `flush`.

    Args:
        timeout: milliseconds of stream time after which an event without EOE is complete.
        max_open: how many events may be open; beyond it the oldest is given out.
        max_size: how many bytes the open events may hold together; beyond it, the same.
        max_records: how many records one event may hold: the kernel's longest, a program with 6 MiB of arguments, has
            about 1,700. Further ones become late parts.
        memory: how many completed events are remembered at least, and at most twice, so that their late records are
            known as such.
        step_back: as many records in a row from before the clock, and the clock was set back (or an older log follows a
            newer one).
    """

    seconds_limit = SECONDS_LIMIT
    left_out = 0

    def __init__(
        self,
        *,
        timeout: int = 2000,
        max_open: int = 10_000,
        max_size: int = 32 * 1024 * 1024,
        max_records: int = 4096,
        memory: int = 10_000,
        step_back: int = 1000,
    ) -> None:
        self._timeout = timeout
        self._step_back = step_back
        self._max_open = max_open
        self._max_size = max_size
        self._max_records = max_records
        self._memory = memory
        self._open: OrderedDict[_Key, _Open] = OrderedDict()
        self._completed: dict[_Key, int] = {}  # how many groups each gave
        self._completed_before: dict[_Key, int] = {}
        self._single: dict[str, bool] = {}
        self._held = self._size = 0
        # The clock never goes back; the offset makes up for steps that the records' clock made.
        self._clock = -1
        self._offset = 0
        self._behind = 0
        self._behind_latest = 0

    @property
    def held(self) -> int:
        """Return how many records are in events that are still open."""
        return self._held

    def is_open(self, stamp: bytes) -> bool:
        """Say whether an event without a node is open."""
        return stamp in self._open

    def add(self, record: Record) -> list[Complete]:
        """Take one record and return the events that are complete because of it."""
        name, node, seconds, milliseconds, _, stamp, body, _ = record
        done: list[Complete] = []
        self._advance(seconds * 1000 + milliseconds, done)
        key: _Key = (node, stamp) if node else stamp
        opened = self._open.get(key)
        if opened is None:
            if self.is_single(name):
                done.append(Bundle(stamp, [], [], [record], SINGLE, self._next_part(key)))
                return done
            opened = self._open[key] = _Open(stamp, self._clock + self._timeout)
        opened.cut()
        opened.add_record(record)
        self._grow(opened, 1, len(body))
        self._close(key, opened, done, ended=name == _EOE)
        return done

    def add_usuals(self, usuals: list[UsualEvent], records: list[int]) -> list[Complete]:
        """Take usual events, or what may be only the first records of them, one behind the other.

        ``records`` is how many each of them has.
        """
        done: list[Complete] = []
        ends = [usual[-1] for usual in usuals]
        start, number = 0, len(usuals)
        while start < number:
            # Of several processors, each may leave an event open for the others'.
            stop = ends.index(None, start) if None in ends[start:] else number
            stretch, counts = usuals[start:stop], records[start:stop]
            if stretch and self._are_complete(stretch):
                _join(UsualRun(stretch, sum(counts)), done)
            else:
                for usual, count in zip(stretch, counts):
                    self._add_usual(usual, count, done)
            if stop < number:
                self._add_usual(usuals[stop], records[stop], done)
            start = stop + 1
        return done

    def _are_complete(self, usuals: list[UsualEvent]) -> bool:
        """Take events that have their ends as complete, if no other could be complete because of them; say whether."""
        stamps = [usual[0] for usual in usuals]
        # Of stamps, only the serials differ in length, so that their order is that of time.
        earliest, latest = [
            int(stamp[:10] + stamp[11:14]) + self._offset for stamp in (min(stamps), max(stamps))
        ]
        ahead = self._clock if stamps == sorted(stamps) else max(latest, self._clock)
        latest = max(latest, self._clock)
        if self._behind or earliest < ahead - self._timeout or len(set(stamps)) < len(stamps):
            return False
        if len(self._completed) + len(stamps) > self._memory:
            return False
        if self._open and (
            next(iter(self._open.values())).deadline <= latest or not self._open.keys().isdisjoint(stamps)
        ):
            return False
        if not (
            self._completed.keys().isdisjoint(stamps) and self._completed_before.keys().isdisjoint(stamps)
        ):
            return False
        self._clock = latest
        self._completed.update(dict.fromkeys(stamps, 1))
        return True

    def _add_usual(self, usual: UsualEvent, records: int, done: list[Complete]) -> None:
        stamp, ended = usual[0], usual[-1] is not None
        self._advance(int(usual[1] + usual[2]), done, records)
        opened = self._open.get(stamp)
        if opened is None and ended:
            _give(usual, records, EOE, self._next_part(stamp), done)
            return
        if opened is None:
            opened = self._open[stamp] = _Open.of(usual, self._clock + self._timeout, records)
        else:
            opened.cut()
            opened.add_run(*usual.run())
            # A message is one more record of that event.
            ended = ended and not isinstance(usual, UsualMessage)
        self._grow(opened, records, usual.size)
        if ended or opened.usual is None or self._size > self._max_size or len(self._open) > self._max_open:
            self._close(stamp, opened, done, ended=ended)

    def add_run(self, stamp: bytes, now: int, types: list[str], bodies: list[bytes]) -> list[Complete]:
        """Take records that came one behind the other, all with this stamp and no node.

        Only the last of them may be EOE, and the first may be of a type that is an event of its own only if the event
        is open; ``now`` is the stamp's time in milliseconds. The lists are not used by the caller any more.
        """
        done: list[Complete] = []
        if now + self._offset != self._clock or self._behind:
            self._advance(now, done, len(types))
        ended = types[-1] == _EOE
        opened = self._open.get(stamp)
        if opened is None:
            if ended and len(types) <= self._max_records:
                done.append(_new_bundle(Bundle, (stamp, types, bodies, None, EOE, self._next_part(stamp))))
                return done
            opened = self._open[stamp] = _Open(stamp, self._clock + self._timeout)
        opened.cut()
        opened.add_run(types, bodies)
        self._grow(opened, len(types), sum(map(len, bodies)))
        self._close(stamp, opened, done, ended=ended)
        return done

    def add_single(self, stamp: bytes, now: int, name: str, body: bytes) -> list[Complete]:
        """Take a record without a node that is an event of its own."""
        done: list[Complete] = []
        self._advance(now, done)
        done.append(Bundle(stamp, [name], [body], None, SINGLE, self._next_part(stamp)))
        return done

    def flush(self) -> list[Complete]:
        """Return what is still open, oldest first; for the end of the stream."""
        done: list[Complete] = []
        for key in list(self._open):
            self._complete(key, END, done)
        return done

    def _advance(self, time: int, done: list[Complete], records: int = 1) -> None:
        """Follow the records' clock, in milliseconds; so many records have that time."""
        now = time + self._offset
        if now > self._clock:
            self._clock = now
            self._behind = 0
            if self._open:
                self._expire(done)
        elif now < self._clock - self._timeout:
            self._fall_behind(now, records)
        else:
            self._behind = 0

    def _grow(self, opened: _Open, records: int, body_size: int) -> None:
        size = body_size + records * _RECORD_SIZE
        opened.size += size
        self._size += size
        self._held += records

    def _close(self, key: _Key, opened: _Open, done: list[Complete], *, ended: bool) -> None:
        """Complete what is to be completed now that this event has grown."""
        if ended:
            self._complete(key, EOE, done)
        elif len(opened) >= self._max_records:
            self._complete(key, EVICTED, done)
        while self._size > self._max_size or len(self._open) > self._max_open:
            self._complete(next(iter(self._open)), EVICTED, done)

    def _complete(self, key: _Key, ending: str, done: list[Complete]) -> None:
        opened = self._open.pop(key)
        self._held -= len(opened)
        self._size -= opened.size
        part = self._next_part(key)
        if opened.usual:
            _give(opened.usual, opened.count, ending, part, done)
        else:
            done.append(opened.bundle(ending, part))

    def _next_part(self, key: _Key) -> int:
        part = self._completed.get(key) or self._completed_before.get(key, 0)
        self._completed[key] = part + 1
        if len(self._completed) > self._memory:
            self._forget()
        return part

    def _forget(self) -> None:
        self._completed_before, self._completed = self._completed, {}

    def _expire(self, done: list[Complete]) -> None:
        # Deadlines are given by a clock that never goes back, so the oldest event is always the next to expire.
        while self._open:
            key = next(iter(self._open))
            if self._open[key].deadline > self._clock:
                return
            self._complete(key, TIMEOUT, done)

    def _fall_behind(self, now: int, records: int) -> None:
        """Follow a clock that was set back, else no event would ever time out again.

        One record from long ago is only a system call that blocked: its time is that of its entry.
        """
        self._behind_latest = max(self._behind_latest, now) if self._behind else now
        self._behind += records
        while self._behind >= self._step_back:
            step, more = self._clock - self._behind_latest, self._behind - self._step_back
            self._offset += step
            # What is left of these records may still be from before the clock.
            now += step
            self._behind = more if now < self._clock - self._timeout else 0
            self._behind_latest = now

    def is_single(self, name: str) -> bool:
        """Say whether a record of this type is an event of its own."""
        single = self._single.get(name)
        if single is None:
            single = is_single(name)
            if len(self._single) < self._memory:
                self._single[name] = single
        return single


def is_single(name: str) -> bool:
    """Say whether a record of this type is an event of its own."""
    number = record_type_number(name)
    if number is None or number == _LOGIN:
        return False
    return number == _KERNEL or not _FIRST_KERNEL_EVENT <= number <= _LAST_KERNEL_EVENT


def correlate(records: Iterable[Record], correlator: Correlator) -> Iterator[Group]:
    """Give the groups of a whole stream, the open ones at its end too."""
    for record in records:
        yield from (bundle.group() for complete in correlator.add(record) for bundle in bundles(complete))
    yield from (bundle.group() for complete in correlator.flush() for bundle in bundles(complete))
