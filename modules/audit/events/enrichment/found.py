"""Who an event's process is, and what that answer holds for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from mig_audit.modules.audit.events.enrichment.process import Process

GONE, REUSED, UNSEEN, CHANGED = "gone", "reused", "unseen", "changed"
"""Why something is not told: the process ended, its pid is another's, nobody saw it, or it runs something else now."""


class Found(NamedTuple):
    """Who an event's process is.

    Attributes:
        process: it.
        parent: the process of its ppid, if that is certain.
        why: why there is no parent: one of the four words above, or nothing where there can be none.
        fresh: whether it is seen for the first time, or has just started another program.
        ppid: as the event has it.
        presumed: whether the parent is taken to be that process only because its pid was seen a short time before.
    """

    process: Process
    parent: Optional[Process]
    why: str
    fresh: bool
    ppid: Optional[int]
    presumed: bool


class Lasting:
    """What was found of a process, and the state of the kept processes that it holds for."""

    __slots__ = ("changes", "found", "parent", "parent_changes", "pid", "ppid", "process", "state", "version")

    def __init__(self, found: Found, version: int, state: int) -> None:
        process, parent, _, _, self.ppid, _ = found
        self.found = found
        self.process = process
        self.parent = parent
        self.pid = process.program.pid
        self.version = version
        self.state = state
        self.changes = process.program.changes
        self.parent_changes = 0 if parent is None else parent.program.changes
