"""Enrichment of a stream: each host that its records name has processes of its own."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Optional, Union

from mig_audit.modules.audit.events.enrichment.host import HostEnricher
from mig_audit.modules.audit.events.enrichment.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mig_audit.modules.audit.events.enrichment.model import Enrichment
    from mig_audit.modules.audit.events.enrichment.proc import Proc
    from mig_audit.modules.audit.events.enrichment.settings import EnrichmentSettings
    from mig_audit.modules.audit.events.event import Event
    from mig_audit.modules.audit.events.glance import Seen

_NODES = 1024
_PROCESSES = 8192


def wall_clock() -> float:
    """Return milliseconds since the epoch."""
    return time.time() * 1000


class Enricher:
    """Enriches events in the order in which they are complete; a pid of one host says nothing of another's.

    Records without a node are of the host whose ``/proc`` is given; of the nodes, only the records are asked. The node
    whose last event is the longest ago is forgotten where there are too many, and begins anew if it comes again.

    Args:
        settings: what is wanted.
        proc: the host's ``/proc``, if this is that host, now; without it, only the records are asked.
        clock: milliseconds since the epoch.
        nodes: how many of them are kept.
        processes: how many processes of all nodes together are kept, but for those of the latest one, which are as
            many as a host may have.
    """

    def __init__(
        self,
        settings: EnrichmentSettings,
        proc: Optional[Proc] = None,
        clock: Callable[[], float] = wall_clock,
        *,
        nodes: int = _NODES,
        processes: int = _PROCESSES,
    ) -> None:
        self._wanted = Wanted(settings)
        self._clock = clock
        self._host = HostEnricher(self._wanted, proc, clock)
        self._nodes: OrderedDict[str, _Node] = OrderedDict()
        self._held = 0
        self._most_nodes, self._most_processes = nodes, processes

    def begin(self) -> None:
        """Learn what runs already; for the moment before the first event."""
        self._host.begin()

    def enrich(self, event: Event) -> Event:
        """Return an event with its enrichment, if it names a process; never raises."""
        return self.on(event.node).enrich(event)

    def on(self, node: str) -> Union[HostEnricher, _Node]:
        """Return what enriches the next events, which are all of this node; empty for the host."""
        if not node:
            return self._host
        known = self._nodes.get(node)
        if known is None:
            host = HostEnricher(self._wanted, None, self._clock, node)
            known = self._nodes[node] = _Node(host, self._count)
        self._nodes.move_to_end(node)
        return known

    def _count(self, more: int) -> None:
        self._held += more
        self._forget()

    def _forget(self) -> None:
        while len(self._nodes) > self._most_nodes or (
            self._held > self._most_processes and len(self._nodes) > 1
        ):
            _, forgotten = self._nodes.popitem(last=False)
            self._held -= forgotten.host.held


class _Node:
    """The enricher of a node; how many processes it keeps is told after each event."""

    def __init__(self, host: HostEnricher, count: Callable[[int], None]) -> None:
        self.host = host
        self._count = count

    def enrich(self, event: Event) -> Event:
        """See `HostEnricher.enrich`; likewise the others."""
        before = self.host.held
        enriched = self.host.enrich(event)
        self._count(self.host.held - before)
        return enriched

    def enrich_call(self, glance: Seen, time: int) -> Optional[Enrichment]:
        """See there."""
        before = self.host.held
        enrichment = self.host.enrich_call(glance, time)
        self._count(self.host.held - before)
        return enrichment

    def enrich_message(
        self, types: Sequence[str], bodies: Sequence[bytes], time: int
    ) -> Optional[Enrichment]:
        """See there."""
        before = self.host.held
        enrichment = self.host.enrich_message(types, bodies, time)
        self._count(self.host.held - before)
        return enrichment
