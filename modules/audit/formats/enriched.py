"""What enrichment added to an event, for formats that ask for one thing at a time; nothing where there was none."""

from __future__ import annotations

from mig_audit.lean_typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event
    from mig_audit.modules.audit.events.enrichment import Ancestor, Place


def parent_of(event: Event) -> Optional[Ancestor]:
    """Return the process that the kernel names as the parent, if it is known which one that is."""
    return event.enrichment.parent if event.enrichment else None


def place_of(event: Event) -> Optional[Place]:
    """Return the container and the unit."""
    return event.enrichment.place if event.enrichment else None


def script_of(event: Event) -> Optional[str]:
    """Return the file behind an interpreter that was started."""
    return event.enrichment.script if event.enrichment else None


def sha256_of(event: Event) -> Optional[str]:
    """Return the hash of a program that was started."""
    return event.enrichment.sha256 if event.enrichment else None


def environment_of(event: Event) -> tuple[tuple[str, str], ...]:
    """Return the chosen variables of a program that was started."""
    return event.enrichment.environment if event.enrichment else ()


def ancestors_of(event: Event) -> tuple[Ancestor, ...]:
    """Return the parent that the process had first, then that one's, and so on."""
    return event.enrichment.ancestors if event.enrichment else ()


def labels_of(event: Event) -> tuple[str, ...]:
    """Return the labels of the process."""
    return event.enrichment.labels if event.enrichment else ()


def unknown_of(event: Event) -> tuple[str, ...]:
    """Return what could not be told, each with its reason."""
    return tuple([f"{gap.what}: {gap.why}" for gap in event.enrichment.gaps]) if event.enrichment else ()


def presumed_of(event: Event) -> tuple[str, ...]:
    """Return what is told because the pids say so, and would be wrong if somebody chose them."""
    return event.enrichment.presumed if event.enrichment else ()
