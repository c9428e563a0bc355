"""From raw-log lines to events in the envelope and at the sinks, with every record accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional, Protocol

from mig_audit.modules.audit.config_changes import CONFIG_CHANGE, MOST_CHANGES, recorded_changes
from mig_audit.modules.audit.events import (
    Account,
    Actor,
    Decoder,
    Ledger,
    Summary,
    make_stream,
)
from mig_audit.modules.audit.events.group import WHOLE
from mig_audit.modules.audit.events.usual import UsualRun, bundles
from mig_audit.modules.audit.formats import grouping_of, is_json
from mig_audit.modules.audit.formats.interface import shortcut_of
from mig_audit.modules.audit.ownership import LOOKED_AT, Ownership, Whose

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mig_audit.modules.audit.config_changes import Recorded
    from mig_audit.modules.audit.events import Bundle, Names
    from mig_audit.modules.audit.events.enrichment import Enricher, Enrichment
    from mig_audit.modules.audit.events.filters import Filters
    from mig_audit.modules.audit.events.usual import Complete, UsualEvent
    from mig_audit.modules.audit.formats import Format
    from mig_audit.modules.audit.formats.interface import Shortcut
    from mig_audit.modules.audit.ownership import Others
    from mig_audit.modules.audit.screening import Screened, Screening


class Taker(Protocol):
    """Whatever encoded events can be given to."""

    def put(self, event: bytes) -> None:
        """Take one event."""


class Pipeline:
    """One stream of records on its way.

    ``kept`` are the encoded events for the envelope; ``own`` counts events that are this run's own changes to audit and
    its canaries, and ``others`` those of other runs, which are in the raw log and nowhere else; ``ownership`` tells
    them, and is told when the window begins and ends; ``filters`` count those that they took away; ``findings`` counts
    all others, ``unrepresented`` those among them that the format has no words for. ``json`` says whether the encoded
    events are JSON. ``changes`` are the first changes that others made to audit, ``changed`` counts all of them.
    """

    def __init__(  # noqa: PLR0913  # each is a choice of the caller's
        self,
        form: Format,
        sinks: Sequence[Taker],
        *,
        limit: int,
        max_size: int,
        own_pids: Collection[int] = (),
        names: Optional[Names] = None,
        filters: Optional[Filters] = None,
        enricher: Optional[Enricher] = None,
        other_runs: Optional[Others] = None,
    ) -> None:
        """Keep at most ``limit`` events and ``max_size`` bytes of them; send all of them to the sinks.

        Without ``own_pids`` nothing is this run's own.
        """
        self._format = form
        self.json = is_json(form)
        self._sinks = sinks
        self._room = max_size
        self._limit = limit
        self._ledger = Ledger()
        self.ownership = Ownership(own_pids, other_runs, self._ledger.begin)
        self._stream = make_stream(grouping_of(form), self._ledger)
        self._decoder = Decoder(names)
        self._shortcut = shortcut_of(form, self._decoder)
        self.filters = filters
        self._screening = _screening(self._decoder, filters, enricher)
        self._straight = None if self._screening else self._shortcut
        self.summary = Summary()
        self.kept: list[bytes] = []
        self.findings = 0
        self.own = self.others = 0
        self.changes: list[Recorded] = []
        self.changed = 0
        self.unrepresented = 0

    def feed(self, block: bytes) -> None:
        """Take whole lines of the raw log."""
        for complete in self._stream.feed(block):
            self._finish_all(complete)

    def skim(self, block: bytes) -> None:
        """Look at no more of these lines than which serials they have: there is no time to process them."""
        self._ledger.skim(block)

    def reach(self, serial: int, first: Optional[int]) -> int:
        """Count serials up to one that is known to have been given; see `Ledger.reach`."""
        return self._ledger.reach(serial, first)

    def set_aside(self, torn: bytes) -> None:
        """Count a line that was not written to its end, and may look like a record."""
        self._ledger.received += 1
        self._ledger.keep_aside(torn)

    def flush(self) -> None:
        """Complete what is open: the stream has ended."""
        for complete in self._stream.flush():
            self._finish_all(complete)

    def account(self) -> Account:
        """Return the balance of records so far."""
        return self._ledger.account(pending=self._stream.held, left_out=self._stream.left_out)

    def _finish_all(self, complete: Complete) -> None:
        shortcut = self._shortcut
        if not isinstance(complete, UsualRun) or shortcut is None or not self.ownership.open:
            for bundle in bundles(complete):
                self._finish(bundle)
        elif self._screening:
            self._finish_screened(self._screening, shortcut, complete)
        else:
            self._finish_usuals(shortcut, complete)

    def _finish_screened(self, screening: Screening, shortcut: Shortcut, run: UsualRun) -> None:
        dropped: list[UsualEvent] = []
        for kept, enrichments, usual, screened in screening.stretches(run, dropped):
            self._finish_usuals(
                shortcut, run if len(kept) == len(run.events) else UsualRun.of(kept, run.node), enrichments
            )
            if usual is not None:
                self._finish_long(usual.bundle(run.node), screened)
        self._close_dropped(run if len(dropped) == len(run.events) else UsualRun.of(dropped, run.node))

    def _close_dropped(self, run: UsualRun) -> None:
        incomplete = [usual for usual in run.events if not usual.whole]
        if incomplete:
            run = UsualRun.of([usual for usual in run.events if usual.whole], run.node)
        self._ledger.close_usual(run)
        for usual in incomplete:
            self._ledger.close(usual.bundle(run.node), complete=False)

    def _finish_usuals(
        self, shortcut: Shortcut, run: UsualRun, enrichments: Sequence[Enrichment] = ()
    ) -> None:
        while run.events:
            told, actors = shortcut.encode_usuals(run.events, enrichments, run.node)
            done, declined, rest = run.split(len(told))
            self._ledger.close_usual(done)
            self.findings += len(told)
            self.summary.add_all(actors)
            self._hand_out_all(told)
            for bundle in declined.bundles():
                self._finish_declined(bundle, enrichments[len(told)] if enrichments else None)
            run, enrichments = rest, enrichments[len(told) + 1 :]

    def _finish_declined(self, bundle: Bundle, enrichment: Optional[Enrichment]) -> None:
        self._finish_long(bundle, self._screening.kept(enrichment) if self._screening else None)

    def _hand_out_all(self, events: Sequence[bytes]) -> None:
        if self._limit:
            for encoded in events:
                self._hand_out(encoded)
        else:
            for sink in self._sinks:
                for encoded in events:
                    sink.put(encoded)

    def _finish(self, bundle: Bundle) -> None:
        ownership = self.ownership
        straight = self._straight if ownership.open or ownership.opens(bundle) else None
        if straight and bundle.types and bundle.types[0] not in LOOKED_AT:
            self._finish_straight(straight, bundle)
            return
        whose = ownership.of_bundle(bundle)
        if whose is not None:
            self._ledger.close(bundle, complete=bundle.complete)
            self._count(whose)
            return
        screened = self._screening.screen(bundle) if self._screening else None
        if screened and screened.dropped:
            self._ledger.close(bundle, complete=bundle.complete)
            return
        short = None
        if self._shortcut and (screened is None or screened.decided):
            short = self._shortcut.encode(bundle, screened.enrichment if screened else None)
        if short is None:
            self._finish_long(bundle, screened)
            return
        self._take(bundle, *short)

    def _finish_straight(self, shortcut: Shortcut, bundle: Bundle) -> None:
        """Finish an event that nothing is asked of but to be told: no filter, no enrichment, not of this run."""
        short = shortcut.encode(bundle)
        if short is None:
            self._finish_long(bundle, None)
            return
        encoded, category, actor = short
        self._ledger.close(bundle, complete=bundle.ending in WHOLE)
        self.findings += 1
        self.summary.add(category, actor)
        if self._limit:
            self._hand_out(encoded)
        else:
            for sink in self._sinks:
                sink.put(encoded)

    def _take(self, bundle: Bundle, encoded: bytes, category: str, actor: Actor) -> None:
        self._ledger.close(bundle, complete=bundle.ending in WHOLE)
        self.findings += 1
        self.summary.add(category, actor)
        self._hand_out(encoded)

    def _finish_long(self, bundle: Bundle, screened: Optional[Screened]) -> None:
        group = bundle.group()
        self._ledger.close(bundle, complete=group.complete)
        event = self._decoder.decode(group)
        if screened and self._screening:
            event = self._screening.enrich(event, screened)
        whose = self.ownership.of_event(event)
        if whose is not Whose.OWN and event.records[0].type == CONFIG_CHANGE:
            whose = self._note(recorded_changes(event)) or whose
        if whose is not None:
            self._count(whose)
            return
        if screened and self._screening and not self._screening.keeps(event, screened):
            return
        self.findings += 1
        self.summary.add(event.category, Actor.of(event))
        if self._limit > len(self.kept) or self._sinks:
            self._hand_out(self._format.encode(event))

    def _hand_out(self, encoded: Optional[bytes]) -> None:
        if encoded is None:
            self.unrepresented += 1
            return
        if len(self.kept) < self._limit and len(encoded) <= self._room:
            self._room -= len(encoded)
            self.kept.append(encoded)
        for sink in self._sinks:
            sink.put(encoded)

    def _count(self, whose: Whose) -> None:
        if whose is Whose.OWN:
            self.own += 1
        else:
            self.others += 1

    def _note(self, changes: Sequence[Recorded]) -> Optional[Whose]:
        """Take note of changes that are not ours; return whose they are, if another run made all of them."""
        told = [change._replace(run=self.ownership.of_change(change)) for change in changes]
        self.changed += len(told)
        self.changes += told[: MOST_CHANGES - len(self.changes)]
        return Whose.OTHER if told and all(change.run for change in told) else None


def _screening(
    decoder: Decoder, filters: Optional[Filters], enricher: Optional[Enricher]
) -> Optional[Screening]:
    """Return what asks them about every event; None if there is nothing to ask."""
    if filters is None and enricher is None:
        return None
    from mig_audit.modules.audit.screening import Screening  # noqa: PLC0415  # a plain replay needs none of it

    return Screening(decoder, filters, enricher)
