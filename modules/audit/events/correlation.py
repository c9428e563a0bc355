"""Records become groups: all records of one event, however they were interleaved with those of others.

Constant work per record, however many events are open: one ordered dict, oldest event first, is all the state there
is. Time is stream time (the records' own), never the wall clock, so a replay groups exactly as the live run did.

Most records need not become a `Record` to be grouped: those that came one after the other with the same stamp are
taken as a run of types and texts, and given out as a `Bundle`, which becomes a group for whoever wants one.
"""

from __future__ import annotations

from itertools import accumulate, groupby
from operator import sub
from typing import TYPE_CHECKING, cast

from mig_audit.modules.audit.events.completed import Completed, key_of, keys_of
from mig_audit.modules.audit.events.group import END, EOE, EVICTED, SINGLE, TIMEOUT, Bundle, Gathering, Group
from mig_audit.modules.audit.events.opened import OpenEvents
from mig_audit.modules.audit.events.singles import Singles
from mig_audit.modules.audit.events.stream_clock import StreamClock
from mig_audit.modules.audit.events.together import MOST_TOGETHER, give, give_each
from mig_audit.modules.audit.events.usual import UsualRun, bundles, with_ending
from mig_audit.modules.audit.events.usual_message import UsualMessage
from mig_audit.modules.audit.records.record import SECONDS_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mig_audit.modules.audit.events.completed import Key
    from mig_audit.modules.audit.events.usual import Complete, Usual, UsualEvent
    from mig_audit.modules.audit.records import Record

_EOE = "EOE"


class Correlator:
    """The open events, and which events were completed lately.

    Every record that `add` or `add_run` takes comes out in exactly one bundle, of `add`, `add_run` or `flush`.

    Args:
        timeout: milliseconds of stream time after which an event without EOE is complete.
        max_open: how many events may be open; beyond it the oldest is given out.
        max_size: how many bytes the open events may hold together; beyond it, the same.
        max_records: how many records one event may hold: the kernel's longest, a program with 6 MiB of arguments, has
            about 1,700. Further ones become late parts.
        max_event_size: how many bytes their texts may have together: those of that program have 12 MiB. The same.
        memory: how many completed events are remembered at least, and at most twice, so that their late records are
            known as such.
        step_back: as many records in a row from before the clock, and the clock was set back (or an older log follows a
            newer one).
    """

    seconds_limit = SECONDS_LIMIT
    left_out = 0

    def __init__(  # noqa: PLR0913  # each is a bound
        self,
        *,
        timeout: int = 2000,
        max_open: int = 10_000,
        max_size: int = 32 * 1024 * 1024,
        max_records: int = 4096,
        max_event_size: int = 13 * 1024 * 1024,
        memory: int = 10_000,
        step_back: int = 1000,
    ) -> None:
        self._timeout = timeout
        self._max_records = max_records
        self._max_event_size = max_event_size
        self._open = OpenEvents(max_open, max_size)
        self._completed = Completed(memory)
        self.is_single = Singles(memory).is_single
        self._node = ""
        self._clock = StreamClock(timeout, step_back)

    @property
    def held(self) -> int:
        """Return how many records are in events that are still open."""
        return self._open.held

    def without_call(self, node: str, most: int) -> list[int]:
        """Return the serials of a node's open events without a record of a call, among so many of the oldest."""
        return self._open.without_call(node, most)

    def turn_to(self, node: str) -> None:
        """Take what comes next as of this node, but for what `add` is given: a record has its own."""
        self._node = node

    def is_open(self, stamp: bytes) -> bool:
        """Say whether an event of this node is open."""
        return key_of(stamp, self._node) in self._open

    def add(self, record: Record) -> list[Complete]:
        """Take one record and return the events that are complete because of it."""
        name, node, seconds, milliseconds, _, stamp, body, enriched = record
        done: list[Complete] = []
        self._advance(seconds * 1000 + milliseconds, done)
        key = key_of(stamp, node)
        if key not in self._open and self.is_single(name):
            done.append(Bundle(stamp, [], [], [record], SINGLE, self._completed.add(key), None, node))
            return done
        gathered = self._open.gather(key, stamp, self._clock.now)
        gathered.add_record(record)
        size = self._open.grow(key, 1, len(body) + len(enriched or b""))
        self._close(key, gathered, size, done, ended=name == _EOE)
        return done

    def add_usuals(
        self, usuals: list[UsualEvent], records: list[int], sizes: Sequence[int] = ()
    ) -> list[Complete]:
        """Take usual events, or what may be only the first records of them, one after the other.

        ``records`` is how many each of them has, ``sizes`` how many bytes those are of each that has no end.
        """
        done: list[Complete] = []
        if not sizes:
            self._end(usuals, records, done)
            return done
        if len(sizes) == len(usuals):
            self._begin(usuals, records, sizes, done)
            return done
        start = begun = 0
        for ended, some in groupby([usual[-1] is not None for usual in usuals]):
            number = len(list(some))
            stop = start + number
            if ended:
                self._end(usuals[start:stop], records[start:stop], done)
            else:
                self._begin(usuals[start:stop], records[start:stop], sizes[begun : begun + number], done)
                begun += number
            start = stop
        return done

    def add_interleaved(self, usuals: list[UsualEvent], records: list[int]) -> list[Complete]:
        """Take usual events that have their ends, in the order of these; their records came by turns.

        If others might be complete in between, nothing is taken and given: they have to come record by record.
        """
        times = [int(usual[1] + usual[2]) for usual in usuals]
        if max(times) - min(times) < self._timeout and self._are_complete(usuals):
            return [UsualRun(usuals, sum(records), self._node)]
        return []

    def _end(self, usuals: list[UsualEvent], records: list[int], done: list[Complete]) -> None:
        if len(usuals) > 1 and self._are_complete(usuals):
            give(usuals, sum(records), self._node, done)
            return
        for usual, count in zip(usuals, records):
            self._advance(int(usual[1] + usual[2]), done, count)
            key = key_of(usual[0], self._node)
            if self._are_new([key]):
                self._completed.add(key)
                give([usual], count, self._node, done)
            elif isinstance(usual, UsualMessage) and key not in self._open:
                part = self._completed.add(key)
                done.append(Bundle.of(usual[0], *usual.run(), SINGLE, part, self._node))
            else:
                self._add_records(usual[0], *usual.run(), done)

    def _are_complete(self, usuals: list[UsualEvent]) -> bool:
        """Take events that have their ends as complete, if no other could be complete because of them; say whether."""
        stamps = [usual[0] for usual in usuals]
        # Of stamps, only the serials differ in length, so that their order is that of time.
        ascending = stamps == sorted(stamps)
        clock = self._clock
        earliest, latest = [
            int(stamp[:10] + stamp[11:14]) + clock.offset for stamp in (min(stamps), max(stamps))
        ]
        ahead = clock.now if ascending else max(latest, clock.now)
        latest = max(latest, clock.now)
        keys = keys_of(stamps, self._node)
        if clock.behind or earliest < ahead - self._timeout or not self._are_new(keys):
            return False
        if self._open and self._open.since() <= latest - self._timeout:
            return False
        clock.now = latest
        self._completed.add_new(keys)
        return True

    def _begin(
        self, usuals: list[UsualEvent], records: list[int], sizes: Sequence[int], done: list[Complete]
    ) -> None:
        if len(usuals) > 1 and self._are_open(usuals, records, sizes, done):
            return
        for usual, count, size in zip(usuals, records, sizes):
            self._advance(int(usual[1] + usual[2]), done, count)
            key = key_of(usual[0], self._node)
            if self._are_new([key]):
                self._open.begin([key], [usual], [count], [size], [self._clock.now])
                self._evict(done)
            else:
                self._add_records(usual[0], *usual.run(), done)

    def _are_open(
        self, usuals: list[UsualEvent], records: list[int], sizes: Sequence[int], done: list[Complete]
    ) -> bool:
        """Open events that have no ends, if they are new ones and time goes forward; say whether.

        Because of them the oldest open ones are complete. How many, and why, is known without a look at each step if
        there is one reason only: the time, or that too much is open.
        """
        keys = keys_of([usual[0] for usual in usuals], self._node)
        clock, offset = self._clock, self._clock.offset
        times = [int(usual[1] + usual[2]) + offset for usual in usuals]
        if clock.behind or not self._are_new(keys):
            return False
        clocks = times
        if times[0] < clock.now or times != sorted(times):
            clocks = list(accumulate([clock.now, *times], max))[1:]
            if max(map(sub, clocks, times)) > self._timeout:
                return False
        timed = (self._open.since() if self._open else clocks[0]) <= clocks[-1] - self._timeout
        if timed and not self._open.has_room(len(usuals), sum(records), sum(sizes)):
            return False
        clock.now = clocks[-1]
        self._open.begin(keys, usuals, records, sizes, clocks)
        if timed:
            self._expire(done)
        else:
            self._evict(done)
        return True

    def _are_new(self, keys: Sequence[Key]) -> bool:
        """Say whether these are different events, none of them open, nor, as far as is remembered, completed before."""
        return len(set(keys)) == len(keys) and self._open.has_none(keys) and self._completed.knows_none(keys)

    def add_run(self, stamp: bytes, now: int, types: list[str], texts: list[bytes]) -> list[Complete]:
        """Take records that came one after the other, all with this stamp.

        Their texts are what `Bundle.of` takes. Only the last of them may be EOE, and the first may be of a type that is an
        event of its own only if the event is open; ``now`` is the stamp's time in milliseconds. The lists are not used by
        the caller any more.
        """
        done: list[Complete] = []
        clock = self._clock
        if now + clock.offset != clock.now or clock.behind:
            self._advance(now, done, len(types))
        self._add_records(stamp, types, texts, done)
        return done

    def _add_records(self, stamp: bytes, types: list[str], texts: list[bytes], done: list[Complete]) -> None:
        ended, key = types[-1] == _EOE, key_of(stamp, self._node)
        if ended and len(types) <= self._max_records and key not in self._open:
            done.append(Bundle.of(stamp, types, texts, EOE, self._completed.add(key), self._node))
            return
        if not self._open.extend(key, types, texts):
            gathered = self._open.gather(key, stamp, self._clock.now)
            gathered.add_run(types, texts)
            size = self._open.grow(key, len(types), sum(map(len, texts)))
            self._close(key, gathered, size, done, ended=ended)
        elif ended:
            usual, number = self._open.pop(key)
            self._completed.add(key)
            give([cast("Usual", usual)], number, self._node, done)
        else:
            self._evict(done)

    def add_single(self, stamp: bytes, now: int, name: str, text: bytes) -> list[Complete]:
        """Take a record that is an event of its own."""
        done: list[Complete] = []
        self._advance(now, done)
        part = self._completed.add(key_of(stamp, self._node))
        done.append(Bundle.of(stamp, [name], [text], SINGLE, part, self._node))
        return done

    def flush(self) -> list[Complete]:
        """Return what is still open, oldest first; for the end of the stream."""
        done: list[Complete] = []
        self._end_oldest(len(self._open), END, done)
        return done

    def _advance(self, time: int, done: list[Complete], records: int = 1) -> None:
        """Follow the records' clock, in milliseconds; so many records have that time."""
        if self._clock.follow(time, records) and self._open:
            self._expire(done)

    def _close(self, key: Key, gathered: Gathering, size: int, done: list[Complete], *, ended: bool) -> None:
        """Complete what is to be completed now that this event has grown to this size."""
        if ended or len(gathered) >= self._max_records or size >= self._max_event_size:
            self._open.pop(key)
            done.append(gathered.bundle(EOE if ended else EVICTED, self._completed.add(key)))
        self._evict(done)

    def _evict(self, done: list[Complete]) -> None:
        self._end_oldest(self._open.surplus(), EVICTED, done)

    def _expire(self, done: list[Complete]) -> None:
        # Events are opened by a clock that never goes back, so the oldest is always the next to expire.
        self._end_oldest(self._open.older(self._clock.now - self._timeout), TIMEOUT, done)

    def _end_oldest(self, number: int, ending: str, done: list[Complete]) -> None:
        """Complete so many of the open events."""
        while number > 0:
            keys, events, numbers = self._open.pop_oldest(min(number, MOST_TOGETHER))
            number -= len(keys)
            start = 0
            for kind, some in groupby(events, type):
                stop = start + len(list(some))
                these, of_these = events[start:stop], keys[start:stop]
                if kind is Gathering:
                    for gathered, key in zip(cast("Sequence[Gathering]", these), of_these):
                        done.append(gathered.bundle(ending, self._completed.add(key)))
                else:
                    usuals = with_ending(cast("Sequence[Usual]", these), ending)
                    self._completed.add_new(of_these)
                    give_each(of_these, usuals, numbers[start:stop], done)
                start = stop


def correlate(records: Iterable[Record], correlator: Correlator) -> Iterator[Group]:
    """Give the groups of a whole stream, the open ones at its end too."""
    for record in records:
        yield from (bundle.group() for complete in correlator.add(record) for bundle in bundles(complete))
    yield from (bundle.group() for complete in correlator.flush() for bundle in bundles(complete))
