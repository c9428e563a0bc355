"""The way that records take in a run, beside the plain one: the same events, the same account, the same summary.

The plain way is that of the parts that say what is right: line by line, record by record, every event decoded, without
any shortcut, and nothing decided before.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Optional, Protocol

from streams import in_bundles

from mig_audit.modules.audit.canary import canary_of
from mig_audit.modules.audit.events import (
    Account,
    Actor,
    Correlator,
    Decoder,
    Ledger,
    RecordStream,
    Summary,
    TableNames,
)
from mig_audit.modules.audit.events.enrichment import Enricher, EnrichmentSettings
from mig_audit.modules.audit.events.filters import make_filters, parse_filters
from mig_audit.modules.audit.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mig_audit.modules.audit.events import Bundle, Count, Event
    from mig_audit.modules.audit.events.filters import Filters
    from mig_audit.modules.audit.formats import Format

NAMES = TableNames({0: "root", 1000: "alice"}, {0: "root"})
_ALL = 1 << 20  # of a summary


class BrokenError(Exception):
    """Something that must hold does not."""


class Asked(NamedTuple):
    """What is asked of events besides their format.

    Attributes:
        dropped: a condition, for those that are not wanted; none if it is empty.
        enriched: whether they are enriched.
        own_pids: whose canaries are no events; the window begins with the first.
    """

    dropped: str = ""
    enriched: bool = False
    own_pids: tuple[int, ...] = ()

    def filters(self) -> Optional[Filters]:
        """Return new filters."""
        return make_filters(parse_filters([{"drop": self.dropped}])) if self.dropped else None

    def enricher(self) -> Optional[Enricher]:
        """Return a new enricher."""
        return Enricher(EnrichmentSettings()) if self.enriched else None


NOTHING = Asked()


class Told(NamedTuple):
    """What is told of a stream at its end."""

    account: Optional[Account]
    findings: int
    unrepresented: int
    summary: dict[str, tuple[Count, ...]]


class _Sink:
    def __init__(self) -> None:
        self.events: list[bytes] = []

    def put(self, event: bytes) -> None:
        self.events.append(event)

    def take(self) -> list[bytes]:
        events, self.events = self.events, []
        return events


class RunWay:
    """A stream as a run reads it: in blocks of lines."""

    def __init__(self, form: Format, asked: Asked = NOTHING, *, limit: int = 0, max_size: int = 0) -> None:
        """Begin one; so many events, and bytes of them, are kept."""
        self._sink = _Sink()
        self._pipeline = Pipeline(
            form,
            (self._sink,),
            limit=limit,
            max_size=max_size,
            own_pids=asked.own_pids,
            names=NAMES,
            filters=asked.filters(),
            enricher=asked.enricher(),
        )

    @property
    def kept(self) -> list[bytes]:
        """Return the events that are kept."""
        return self._pipeline.kept

    def feed(self, blocks: Iterable[bytes]) -> list[bytes]:
        """Return the events that are given out because of these blocks; the account balances after each of them.

        Raises:
            BrokenError: it does not.
        """
        for block in filter(None, blocks):
            self._pipeline.feed(block)
            account = self._pipeline.account()
            if not account.balanced:
                raise BrokenError(f"records are not conserved: {account}")
        return self._sink.take()

    def flush(self) -> list[bytes]:
        """Return the events that were open."""
        self._pipeline.flush()
        return self._sink.take()

    def told(self) -> Told:
        """Return what it tells."""
        pipeline = self._pipeline
        return Told(pipeline.account(), pipeline.findings, pipeline.unrepresented, pipeline.summary.top(_ALL))


class PlainWay:
    """A stream as it is right."""

    def __init__(self, form: Format, asked: Asked = NOTHING) -> None:
        """Begin one; not for a format whose events are grouped otherwise than the kernel's."""
        self._form = form
        self._ledger = Ledger()
        self._stream = RecordStream(self._ledger, Correlator())
        self._decoder = Decoder(NAMES)
        self._filters, self._enricher = asked.filters(), asked.enricher()
        self._own_pids = asked.own_pids
        self._summary = Summary()
        self._findings = self._unrepresented = 0

    def feed(self, lines: Iterable[bytes]) -> list[bytes]:
        """Return the events that are given out because of these lines."""
        return self._encoded(
            in_bundles(chain.from_iterable(self._stream.feed(line + b"\n") for line in lines))
        )

    def flush(self) -> list[bytes]:
        """Return the events that were open."""
        return self._encoded(in_bundles(self._stream.flush()))

    def told(self) -> Told:
        """Return what it tells."""
        account = self._ledger.account(pending=self._stream.held, left_out=self._stream.left_out)
        return Told(account, self._findings, self._unrepresented, self._summary.top(_ALL))

    def _encoded(self, bundles: Iterable[Bundle]) -> list[bytes]:
        encoded: list[bytes] = []
        for bundle in bundles:
            event = self._event(bundle)
            if event is None:
                continue
            self._findings += 1
            self._summary.add(event.category, Actor.of(event))
            told = self._form.encode(event)
            if told is None:
                self._unrepresented += 1
            else:
                encoded.append(told)
        return encoded

    def _event(self, bundle: Bundle) -> Optional[Event]:
        group = bundle.group()
        self._ledger.close(bundle, complete=group.complete)
        first = group.records[0]
        if first.type == "TRUSTED_APP" and canary_of(first.serial, first.body, self._own_pids):
            return None
        event = self._decoder.decode(group)
        if self._enricher:
            event = self._enricher.enrich(event)
        return event if self._filters is None or self._filters.keep(event) else None


def check_same(events: Sequence[bytes], expected: Sequence[bytes], way: str) -> None:
    """See that the events are the same.

    Raises:
        BrokenError: they are not.
    """
    if events == expected:
        return
    for ours, theirs in zip(events, expected):
        if ours != theirs:
            raise BrokenError(f"{way} it is {ours!r}, and else {theirs!r}")
    raise BrokenError(f"{way} there are {len(events)} events, and else {len(expected)}")


def check_told(told: Told, expected: Told, way: str) -> None:
    """See that the same is told of the events.

    Raises:
        BrokenError: it is not.
    """
    for name, ours, theirs in zip(Told._fields, told, expected):
        if ours != theirs:
            raise BrokenError(f"{way} the {name} is {ours}, and else {theirs}")


class Way(Protocol):
    """A way through a stream: `RunWay` takes blocks, `PlainWay` takes lines."""

    def feed(self, parts: Iterable[bytes], /) -> list[bytes]:
        """Return the events that are given out because of these."""

    def flush(self) -> list[bytes]:
        """Return the events that were open."""

    def told(self) -> Told:
        """Return what is told of the stream."""


class LongRun:
    """Both ways through all logs, as if they were one: what is remembered of one can do harm to the next.

    ``lines`` are those since it was begun.
    """

    def __init__(self, run: Way, plain: Way) -> None:
        """Begin one: a way that takes blocks, and one that takes lines."""
        self.lines: list[bytes] = []
        self._run, self._plain = run, plain
        self._ours: list[bytes] = []
        self._theirs: list[bytes] = []

    def feed(self, blocks: Iterable[bytes], lines: Sequence[bytes]) -> None:
        """Take one more log, the same once in blocks and once in lines.

        Raises:
            BrokenError: the two are not the same.
        """
        self.lines += lines
        self._ours += self._run.feed(blocks)
        self._theirs += self._plain.feed(lines)
        # One of them may have seen by now that an event is complete, and the other not yet.
        both = min(len(self._ours), len(self._theirs))
        check_same(self._ours[:both], self._theirs[:both], "in a long run")
        del self._ours[:both], self._theirs[:both]

    def flush(self) -> None:
        """End what is open; more can follow.

        Raises:
            BrokenError: the two are not the same.
        """
        check_same(
            self._ours + self._run.flush(),
            self._theirs + self._plain.flush(),
            "at the end of a long run",
        )
        self._ours, self._theirs = [], []
        check_told(self._run.told(), self._plain.told(), "in a long run")
