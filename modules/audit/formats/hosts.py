"""The name of the host that an event is from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from mig_audit.modules.audit.events import Origin


def host_name(origin: Origin) -> str:
    """Return the name as printable text, for events whose records name no node."""
    return printable(os.fsencode(origin.hostname)) or "unknown"
