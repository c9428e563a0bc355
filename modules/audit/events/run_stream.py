"""Blocks of lines become complete events, by the shortest way that a line allows.

Three ways lead through it, to the same events. Usual ones are cut out of the block as a whole. Of other lines, one that
is cut at its second space, begins with a record type that was seen before, and has the stamp of the line before it,
costs three comparisons here and is no `Record` at all. Any other line is parsed by `parse_line`, which says what a
record is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events.interleaved import untangle
from mig_audit.modules.audit.events.ledger import AUDITD_TYPES
from mig_audit.modules.audit.events.node_lines import NO_NODE, by_node, node_of
from mig_audit.modules.audit.events.stream import STAMPED, RecordStream, is_sparse, lines_of, stamped_lines
from mig_audit.modules.audit.events.usual import USUAL, EnrichedUsual, Usual, count_records
from mig_audit.modules.audit.events.usual_message import ENRICHED_MESSAGE, USUAL_MESSAGE, UsualMessage
from mig_audit.modules.audit.records.rawline import MARK
from mig_audit.modules.audit.records.record import (
    LINE_LIMIT,
    SEPARATOR,
    SERIAL_LIMIT,
    type_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.events.grouping import RunGrouping
    from mig_audit.modules.audit.events.interleaved import Interleaved
    from mig_audit.modules.audit.events.ledger import Ledger
    from mig_audit.modules.audit.events.usual import Complete, UsualEvent

_MESSAGE = re.compile(rb"msg=audit\(([0-9]{1,12})\.([0-9]{3}):([0-9]{1,10})\):")
_STAMP = slice(len("msg=audit("), -len("):"))
_TYPE = re.compile(rb"type=[A-Z][A-Z0-9_]{0,63}(?:\[[0-9]{1,10}\])?")
_LONGEST_RUN = 256  # records; a forged event must not gather without end before the correlator bounds it
_TYPES_LIMIT = 1024
_new_usual = tuple.__new__  # what Usual(...) does, without its Python frame
_NEXT = b"\ntype=SYSCALL "  # where the next usual event may begin
_END = -1  # of a usual event
_NO_MESSAGE = b" "  # a line is cut at spaces, so that nothing equals it


class RunStream(RecordStream):
    """The same events, by the shortest way that a line allows."""

    def __init__(self, ledger: Ledger, grouping: RunGrouping) -> None:
        super().__init__(ledger, grouping)
        self._grouping = grouping
        self._milliseconds_limit = grouping.seconds_limit * 1000
        # What was taken from the lines: `node_lines.by_node`.
        self._prefix, self._node = NO_NODE, ""
        # The record types, by what a line begins with; and which of them are events of their own.
        self._kinds: dict[bytes, str] = {}
        self._singles: set[str] = set()
        # The run that is growing: its records are in no event yet.
        self._message = _NO_MESSAGE
        self._stamp = b""
        self._now = 0
        self._types: list[str] = []
        self._texts: list[bytes] = []

    def without_call(self, node: str, most: int) -> Sequence[int]:
        """Return the serials of a node's open events without a record of a call, among so many of the oldest."""
        return self._grouping.without_call(node, most)

    @property
    def held(self) -> int:
        """Return how many records are in events that are still open."""
        return self._grouping.held + len(self._types)

    def feed(self, block: bytes) -> Iterator[Complete]:
        """Take whole lines; give the events that are complete because of them."""
        if STAMPED not in block:
            yield from self._turn_to(NO_NODE)
            yield from self._feed_sparse(block)
            return
        if _has_long_line(block):
            yield from self._turn_to(NO_NODE)
            yield from self._feed_long(block)
            return
        for prefix, lines in by_node(block):
            if prefix != self._prefix:
                yield from self._turn_to(prefix)
            yield from self._feed_events(lines)

    def _turn_to(self, prefix: bytes) -> Sequence[Complete]:
        """Go on with the lines of a node, from which this prefix was taken."""
        done = self._end_run()
        self._prefix, self._node = prefix, node_of(prefix)
        self._grouping.turn_to(self._node)
        return done

    def _feed_long(self, block: bytes) -> Iterator[Complete]:
        for line in lines_of(block):
            yield from self._long_way(line)

    def _feed_events(self, block: bytes) -> Iterator[Complete]:
        """Take lines that are all of one node."""
        enriched = SEPARATOR in block
        if enriched and MARK in block:
            yield from self._feed_long(block)
            return
        match, kind, match_message = USUAL.match, Usual, USUAL_MESSAGE.match
        if enriched:
            kind, match_message = EnrichedUsual, ENRICHED_MESSAGE.match
        usuals: list[UsualEvent] = []
        sizes: list[int] = []  # of those without an end
        position, end = 0, len(block)
        while position < end:
            found = match(block, position)
            usual: Optional[UsualEvent] = _new_usual(kind, found.groups()) if found else None
            if not found:
                found = match_message(block, position)
                usual = UsualMessage.of(found.groups()) if found else None
            following = found.end() if found else end
            if usual and usual[_END]:
                usuals.append(usual)
                position = following
                continue
            # Where none has its end, there is none to look for.
            others = untangle(block, position, usual[0]) if usual and not sizes else None
            if others:
                yield from self._take(usuals, sizes)
                usuals = []
                yield from self._take_interleaved(others, block[position : others.end])
                position = others.end
                continue
            if usual:
                usuals.append(usual)
                sizes.append(following - position)
                position = following
                continue
            yield from self._take(usuals, sizes)
            usuals, sizes = [], []
            # Here comes a record in another shape, or one of an event that began before.
            following = block.find(_NEXT, position) + 1 or end
            yield from self._feed_lines(block[position:following])
            position = following
        yield from self._take(usuals, sizes)

    def _take(self, usuals: list[UsualEvent], sizes: list[int]) -> Iterator[Complete]:
        if not usuals:
            return
        yield from self._end_run()
        records = count_records(usuals)
        self._ledger.received += sum(records)
        self._ledger.track_serials(self._node, [int(usual[3]) for usual in usuals])
        yield from self._grouping.add_usuals(usuals, records, sizes)

    def _take_interleaved(self, others: Interleaved, block: bytes) -> Iterator[Complete]:
        yield from self._end_run()
        records = count_records(others.events)
        done = self._grouping.add_interleaved(others.events, records)
        if not done:
            yield from self._feed_lines(block)
            return
        self._ledger.received += sum(records)
        self._ledger.track_serials(self._node, others.serials)
        yield from done

    def _feed_lines(self, block: bytes) -> Iterator[Complete]:  # the hot path of other lines
        lines = lines_of(block)
        if is_sparse(block, lines):
            yield from self._feed_sparse(block)
            return
        kinds, singles, longest = self._kinds, self._singles, _LONGEST_RUN
        is_open, add_run = self._grouping.is_open, self._grouping.add_run
        message, types, texts = self._message, self._types, self._texts
        otherwise = 0
        for line in lines:
            try:
                kind, msg, text = line.split(b" ", 2)
                name = kinds[kind]
            except (ValueError, KeyError):
                otherwise += 1
                yield from self._another_way(line)
                message, types, texts = self._message, self._types, self._texts
                continue
            if msg != message:
                if types:
                    self._types, self._texts = [], []
                    yield from add_run(self._stamp, self._now, types, texts)
                    types, texts = self._types, self._texts
                if not self._begin_run(msg):
                    otherwise += 1
                    yield from self._long_way(line)
                    message, types, texts = self._message, self._types, self._texts
                    continue
                message = msg
            if not types and name in singles:
                if is_open(self._stamp):
                    # Its own time may be what completes that event, which it is then no record of.
                    otherwise += 1
                    yield from self._long_way(line)
                    message, types, texts = self._message, self._types, self._texts
                else:
                    yield from self._grouping.add_single(self._stamp, self._now, name, text)
                continue
            types.append(name)
            texts.append(text)
            if name != "EOE" and len(types) < longest:
                continue
            done = add_run(self._stamp, self._now, types, texts)
            types, texts = self._types, self._texts = [], []
            yield from done
        self._ledger.received += len(lines) - otherwise

    def _feed_sparse(self, block: bytes) -> Iterator[Complete]:
        yield from self._end_run()
        for others, line in stamped_lines(block):
            if others:
                self._ledger.keep_aside_all(others, self._prefix)
            if line:
                yield from self._long_way(line)

    def flush(self) -> Iterator[Complete]:
        """Give what is still open: the stream has ended."""
        yield from self._end_run()
        yield from super().flush()

    def _begin_run(self, message: bytes) -> bool:
        """Remember the event that the next records belong to; return whether there is such an event."""
        match = _MESSAGE.fullmatch(message)
        if match is None:
            return False
        seconds, milliseconds, digits = match.groups()
        now, serial = int(seconds + milliseconds), int(digits)
        if serial >= SERIAL_LIMIT or now >= self._milliseconds_limit:
            return False
        self._message, self._stamp = message, message[_STAMP]
        self._now = now
        self._ledger.track_serial(self._node, serial)
        return True

    def _end_run(self) -> Sequence[Complete]:
        """Give the run to the grouping; the next line begins another."""
        self._message = _NO_MESSAGE
        if not self._types:
            return ()
        types, texts = self._types, self._texts
        self._types, self._texts = [], []
        return self._grouping.add_run(self._stamp, self._now, types, texts)

    def _another_way(self, line: bytes) -> Iterator[Complete]:
        """Take a line of a type that was not seen before, or of no type; once it is known, the short way."""
        kind = line.partition(b" ")[0]
        if kind in self._kinds or len(self._kinds) >= _TYPES_LIMIT or not _TYPE.fullmatch(kind):
            yield from self._long_way(line)
            return
        name = type_name(kind[len("type=") :])
        if name.startswith(AUDITD_TYPES):
            yield from self._long_way(line)  # it is numbered otherwise than what has the same stamp
            return
        self._kinds[kind] = name
        if self._grouping.is_single(name):
            self._singles.add(name)
        yield from self._feed_lines(line)

    def _long_way(self, line: bytes) -> Iterator[Complete]:
        yield from self._end_run()
        yield from self._line(self._prefix + line)


def _has_long_line(block: bytes) -> bool:
    """Say whether a line may be too long for a record: one that is covers a window of half its length."""
    window = LINE_LIMIT // 2
    return any(
        block.find(b"\n", start, start + window) < 0 for start in range(0, len(block) - window + 1, window)
    )
