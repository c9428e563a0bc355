"""Fields that have no home of their own in an event, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event


def field_of(event: Event, *names: str) -> Optional[str]:
    """Return the first value of the first of these names that the event has."""
    return next((field.value for name in names for field in event.rest if field.name == name), None)
