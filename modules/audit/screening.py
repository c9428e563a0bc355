"""What is asked of every event before it is decoded: what enrichment learns from it, and whether the filters let it through.

Enrichment comes first, since filters may ask for it, and since it learns from events that they take away. What cannot
be told from a glance waits for the decoded event; nothing is asked twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.config_changes import CONFIG_CHANGE
from mig_audit.modules.audit.events.glance import glance_at
from mig_audit.modules.audit.events.identities import LookUp
from mig_audit.modules.audit.events.usual_message import UsualMessage
from mig_audit.modules.audit.events.verdict import DROPPED, KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.events import Bundle, Decoder, Event
    from mig_audit.modules.audit.events.enrichment import Enricher, Enrichment
    from mig_audit.modules.audit.events.filters import Filters
    from mig_audit.modules.audit.events.usual import UsualEvent, UsualRun

# What is done to audit itself, by this run too: such an event is decoded in any case.
_SYSCALL = "SYSCALL"
_CHANGES = frozenset({CONFIG_CHANGE, "EVENT_LISTENER"})


class Screened(NamedTuple):
    """What is known of an event.

    Attributes:
        since: the number of the first filter that must see the decoded event; `DROPPED` or `KEPT` where none must.
        enrichment: what it is enriched with; None where that is to be found out, or not asked for.
    """

    since: int
    enrichment: Optional[Enrichment] = None

    @property
    def dropped(self) -> bool:
        """Say whether a filter took it away."""
        return self.since == DROPPED

    @property
    def decided(self) -> bool:
        """Say whether nothing is left to be asked of the decoded event."""
        return self.since < 0


_NOTHING = Screened(0)


class Stretch(NamedTuple):
    """Usual events that go on, and perhaps the one after them that must be decoded first.

    Attributes:
        kept: those that go on.
        enrichments: of each of them, or of none where nothing is enriched.
        open: the other one.
        screened: what is known of that.
    """

    kept: list[UsualEvent]
    enrichments: list[Enrichment]
    open: Optional[UsualEvent] = None
    screened: Screened = _NOTHING


class Screening:
    """Asks the filters and the enricher of one stream."""

    def __init__(self, decoder: Decoder, filters: Optional[Filters], enricher: Optional[Enricher]) -> None:
        self._identities = decoder.identities
        self._filters = filters
        self._enricher = enricher
        self._seconds = b""
        self._look_up: Optional[LookUp] = None

    def stretches(self, run: UsualRun, dropped: list[UsualEvent]) -> Iterator[Stretch]:
        """Give the events of a run in order, without those that the filters take away, which are put to ``dropped``.

        An event is asked about when those of the stretch before it are finished.
        """
        self._turn_to(run.node)
        enrich = self._enricher.on(run.node).enrich_call if self._enricher else None
        ask = self._filters.ask_call if self._filters else None
        timed = enrich is not None or (self._filters is not None and self._filters.asks_time)
        names = self._filters is not None and self._filters.asks_names
        kept: list[UsualEvent] = []
        enrichments: list[Enrichment] = []
        time = 0
        for usual in run.events:
            if isinstance(usual, UsualMessage):
                since, enrichment = self.screen(usual.bundle(run.node))
            else:
                seen, added = usual.plain()
                if timed:
                    time = int(usual.seconds + usual.milliseconds)
                enrichment = enrich(seen, time) if enrich else None
                if enrich and enrichment is None:
                    since = 0
                elif ask is None:
                    since = KEPT
                else:
                    look_up = self._names(usual.seconds, added) if names else None
                    since = ask(seen, time, look_up, enrichment)
            if since == KEPT:
                kept.append(usual)
                if enrichment is not None:
                    enrichments.append(enrichment)
            elif since == DROPPED:
                dropped.append(usual)
            else:
                yield Stretch(kept, enrichments, usual, Screened(since, enrichment))
                kept, enrichments = [], []
        yield Stretch(kept, enrichments)

    def screen(self, bundle: Bundle) -> Screened:
        """Return what the records of an event tell."""
        stamp, types, bodies, records, _, part, added, node = bundle
        if records is not None or part:
            return _NOTHING
        self._turn_to(node)
        glance = glance_at(types, bodies) if _SYSCALL in types else None
        if glance is None and (_SYSCALL in types or not _CHANGES.isdisjoint(types)):
            return _NOTHING
        seconds, _, rest = stamp.partition(b".")
        time = int(seconds + rest[:3])
        enrichment = None
        if self._enricher:
            enricher = self._enricher.on(node)
            enrichment = (
                enricher.enrich_call(glance, time) if glance else enricher.enrich_message(types, bodies, time)
            )
            if enrichment is None:
                return _NOTHING
        if not self._filters:
            return Screened(KEPT, enrichment)
        if glance:
            # Only what was added to a SYSCALL record goes before the names that are known here.
            names = self._names(seconds, added[types.index(_SYSCALL)] if added else None)
            since = self._filters.ask_call(glance, time, names, enrichment)
        else:
            since = self._filters.ask_other(types, bodies, time, self._names(seconds), enrichment)
        return Screened(since, enrichment)

    def kept(self, enrichment: Optional[Enrichment]) -> Screened:
        """Return what is known of an event that goes on, and was enriched if anything is."""
        return Screened(KEPT, enrichment)

    def enrich(self, event: Event, screened: Screened) -> Event:
        """Return the decoded event with its enrichment."""
        if screened.enrichment is not None:
            return event._replace(enrichment=screened.enrichment)
        return self._enricher.enrich(event) if self._enricher else event

    def keeps(self, event: Event, screened: Screened) -> bool:
        """Say whether an enriched event that was not dropped passes the filters that were not asked yet."""
        return screened.decided or self._filters is None or self._filters.keep(event, screened.since)

    def _turn_to(self, node: str) -> None:
        if self._filters:
            self._filters.turn_to(node)

    def _names(self, seconds: bytes, added: Optional[bytes] = None) -> Optional[LookUp]:
        """Return where to look names up at a time, if filters ask for them; ``added`` is what the log has of some."""
        if self._filters is None or not self._filters.asks_names:
            return None
        if seconds != self._seconds:
            self._seconds = seconds
            self._look_up = LookUp(self._identities, int(seconds) // 60)
        return self._look_up._replace(added=added) if added and self._look_up else self._look_up
