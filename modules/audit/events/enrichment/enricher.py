"""Enrichment of a stream: each host that its records name has processes of its own."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events.enrichment.host import HostEnricher
from mig_audit.modules.audit.events.enrichment.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from mig_audit.modules.audit.events.enrichment.proc import Proc
    from mig_audit.modules.audit.events.enrichment.settings import EnrichmentSettings
    from mig_audit.modules.audit.events.event import Event

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

    Attributes:
        enrich_call: see `HostEnricher.enrich_call`; for records without a node, as is the next.
        enrich_message: see `HostEnricher.enrich_message`.
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
        self.enrich_call = self._host.enrich_call
        self.enrich_message = self._host.enrich_message
        self._nodes: OrderedDict[str, HostEnricher] = OrderedDict()
        self._held = 0
        self._most_nodes, self._most_processes = nodes, processes

    def begin(self) -> None:
        """Learn what runs already; for the moment before the first event."""
        self._host.begin()

    def enrich(self, event: Event) -> Event:
        """Return an event with its enrichment, if it names a process; never raises."""
        if not event.node:
            return self._host.enrich(event)
        host = self._nodes.get(event.node)
        if host is None:
            host = self._nodes[event.node] = HostEnricher(self._wanted, None, self._clock)
        self._nodes.move_to_end(event.node)
        before = host.held
        enriched = host.enrich(event)
        self._held += host.held - before
        self._forget()
        return enriched

    def _forget(self) -> None:
        while len(self._nodes) > self._most_nodes or (
            self._held > self._most_processes and len(self._nodes) > 1
        ):
            _, forgotten = self._nodes.popitem(last=False)
            self._held -= forgotten.held
