"""The notifications of pauditd (github.com/pantheon-systems/pauditd): go-audit's event in an envelope with a topic.

The topic is the rule's key, so an event without a key has no notification, as with pauditd itself. It differs where
pauditd guesses: of several keys the first is the topic (pauditd joins them with a control character), a quote in a key
stays, and the trace id is made from the event's own id, so that an event that is sent again carries the same one.
"""

from __future__ import annotations

import uuid
from itertools import chain
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.formats.jsontext import joined, to_ascii_json
from mig_audit.modules.audit.formats.rawtext import message_group

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Event, Origin

_VERSION = "1.0.0"
_TTY_TOPIC = "tty"  # pam_tty_audit has no rule and no key


class PauditdNotificationFormat:
    """Encodes events as pauditd's notification-service transformer posts them.

    Args:
        origin: the host that the records are from; a ``node=`` in the records goes before its name.
    """

    name = "pauditd-notification"
    media_type = "application/json"

    def __init__(self, origin: Origin) -> None:
        self._names = origin.names
        self._hostname = host_name(origin)

    def encode(self, event: Event) -> Optional[bytes]:
        """Return one JSON object, None for an event without a key."""
        topic = _topic(event)
        if not topic:
            return None
        host = event.node or self._hostname
        attributes = {
            "hostname": host.partition(".")[0],
            "trace_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{host}/{event.stamp}")),
        }
        return joined(
            chain(
                (to_ascii_json({"topic": topic, "attributes": attributes})[:-1], b',"data":'),
                message_group(event, self._names, rule_key=topic),
                (b",", to_ascii_json({"version": _VERSION})[1:]),
            )
        )


def _topic(event: Event) -> str:
    if "TTY" in event.types:
        return _TTY_TOPIC
    return event.keys[0] if event.keys else ""
