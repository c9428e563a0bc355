"""What enrichment added to an event, for formats that ask for one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.events.enrichment.model import Enrichment

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event

_NOTHING = Enrichment()


def around(event: Event) -> Enrichment:
    """Return all of it; an event that was not enriched has nothing."""
    return event.enrichment or _NOTHING


def unknown(event: Event) -> list[str]:
    """Return what could not be told, each with its reason."""
    return [f"{gap.what}: {gap.why}" for gap in around(event).gaps]
