"""The events of go-audit (github.com/slackhq/go-audit): the records' text, and a map of the users in it.

Nothing is decoded; key names, their order and types are go-audit's. It differs where go-audit loses something: a user
id at the end of a record is found too, an event without EOE does not wait, and no type is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.formats.jsontext import joined
from mig_audit.modules.audit.formats.rawtext import message_group

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin


class GoAuditFormat:
    """Encodes events as go-audit prints them.

    Args:
        origin: the host that the records are from, whose users get their names; go-audit's events name no host.
    """

    name = "go-audit"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._names = origin.names

    def encode(self, event: Event) -> bytes:
        """Return one JSON object."""
        return joined(message_group(event, self._names))
