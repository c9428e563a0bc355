"""The host that records are from: this one, or one that a log was brought from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.events.names import HostNames

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.events.names import Names


class Origin(NamedTuple):
    """What is known of that host beside its records.

    Attributes:
        hostname: its name; a ``node=`` in the records goes before it.
        names: its users and groups.
        proc: its ``/proc``, or a copy of parts of it; None where there is none.
    """

    hostname: str
    names: Names
    proc: Optional[Path] = None

    @classmethod
    def here(cls) -> Origin:
        """Return this host."""
        from pathlib import Path  # noqa: PLC0415  # slow to import, and a replay needs none

        return cls(os.uname().nodename, HostNames(), Path("/proc"))
