"""Questions to filters about events that are not decoded yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from kernel_events import NAMES, syscall_body

from mig_audit.modules.audit.events import Decoder
from mig_audit.modules.audit.events.filters import DROPPED, KEPT
from mig_audit.modules.audit.events.glance import Glance, glance_at
from mig_audit.modules.audit.events.identities import LookUp

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Group
    from mig_audit.modules.audit.events.filters import Filters


def ask(filters: Filters, group: Group, *, names: bool = True, decoder: Optional[Decoder] = None) -> int:
    """Ask about an event before it is one; 0 where nothing is seen at a glance."""
    types, bodies = [record.type for record in group.records], [record.body for record in group.records]
    first = group.records[0]
    minute, time = first.seconds // 60, first.seconds * 1000 + first.milliseconds
    look_up = LookUp((decoder or Decoder(NAMES)).identities, minute) if names else None
    if "SYSCALL" not in types:
        return filters.ask_other(types, bodies, time, look_up)
    glance = glance_at(types, bodies)
    return 0 if glance is None else filters.ask_call(glance, time, look_up)


def finish(filters: Filters, answer: int, event: Event) -> int:
    """Ask the filters that were not asked yet about the event."""
    if answer < 0:
        return answer
    return KEPT if filters.keep(event, answer) else DROPPED


def glance_of(**fields: object) -> Glance:
    """Return a glance at a system call's record alone."""
    glance = glance_at(["SYSCALL"], [syscall_body(**fields).encode()])
    assert glance is not None
    return glance
