"""Enrichment: what the records of other events, and ``/proc``, tell about an event. Never late for the recorder.

It is done when an event is processed, which is after it happened; what was gone by then is said to be, not guessed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Optional, Union

from mig_audit.modules.audit.events.enrichment.cgroups import parse_cgroup
from mig_audit.modules.audit.events.enrichment.hashes import Hashes
from mig_audit.modules.audit.events.enrichment.model import INHERITED, PROC, Enrichment, Gap, Place
from mig_audit.modules.audit.events.enrichment.processes import UNSEEN, ProcessTable
from mig_audit.modules.audit.events.enrichment.scripts import find_script, program_inode
from mig_audit.modules.audit.events.filters.matching import compile_condition
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mig_audit.modules.audit.events.enrichment.proc import Proc
    from mig_audit.modules.audit.events.enrichment.process import Process
    from mig_audit.modules.audit.events.enrichment.processes import Found
    from mig_audit.modules.audit.events.enrichment.settings import EnrichmentSettings, LabelRule
    from mig_audit.modules.audit.events.event import Event

_INIT = 1
_VALUE_LIMIT = 4096  # characters of a variable's value
_VARIABLES_LIMIT = 64
_EXECS = frozenset({"execve", "execveat"})


def wall_clock() -> float:
    """Return milliseconds since the epoch."""
    return time.time() * 1000


class Enricher:
    """Enriches the events of one host, in the order in which they are complete.

    Args:
        settings: what is wanted.
        proc: the host's ``/proc``, if this is that host, now; without it, only the records are asked.
        clock: milliseconds since the epoch.
    """

    def __init__(
        self,
        settings: EnrichmentSettings,
        proc: Optional[Proc] = None,
        clock: Callable[[], float] = wall_clock,
    ) -> None:
        self._settings = settings
        self._proc = proc
        self.processes = ProcessTable(proc, clock, depth=settings.ancestors, trust=settings.trust)
        self._hashes = None if settings.hash_size is None else Hashes(max_size=settings.hash_size)
        self._labels = [(rule, compile_condition(rule.where)) for rule in settings.labels]
        self._names = frozenset(name for name in settings.environment if not name.endswith("*"))
        self._prefixes = tuple(name[:-1] for name in settings.environment if name.endswith("*"))

    def begin(self) -> None:
        """Learn what runs already; for the moment before the first event."""
        self.processes.seed()

    def enrich(self, event: Event) -> None:
        """Give an event that was just decoded its enrichment; never raises.

        The event is not copied for it: nobody else has it yet.
        """
        found = self.processes.find(event)
        if found is None:
            return
        process, parent = found.process, found.parent
        gaps = [Gap("parent", found.why)] if found.why else []
        if found.fresh and self._settings.cgroups:
            self._place(found, event, gaps)
        starts = event.syscall is not None and event.syscall.name in _EXECS and event.syscall.success is True
        enrichment = Enrichment(
            None if parent is None else parent.program.view,
            tuple([program.view for program in process.line]),
            process.place,
            find_script(event) if starts else None,
            self._environment(found, event, gaps) if starts and self._settings.environment else (),
            self._sha256(found, event, gaps) if starts and self._hashes else None,
            tuple(process.labels),
            tuple(gaps),
        )
        object.__setattr__(event, "enrichment", enrichment)
        if self._labels:
            self._label(event, process)
            object.__setattr__(event, "enrichment", enrichment._replace(labels=tuple(process.labels)))

    def _place(self, found: Found, event: Event, gaps: list[Gap]) -> None:
        """Find out where a process runs: ask, or take over what is known of its parent."""
        process, parent, proc = found.process, found.parent, self._proc
        why = self._why_not(process, event)
        content = None if proc is None or why else proc.cgroup(process.program.pid)
        if content is not None:
            process.place = Place(*parse_cgroup(content), PROC)
            return
        place = None if parent is None else self._current_place(parent, event)
        # The first process starts services, and puts each into a group of its own.
        if place is not None and parent is not None and parent.program.pid != _INIT:
            process.place = place._replace(source=INHERITED)
        elif process.place is None:
            gaps.append(Gap("place", why or UNSEEN))

    def _current_place(self, parent: Process, event: Event) -> Optional[Place]:
        """Return where a parent runs; it may have been moved since it was asked for."""
        if self._proc is not None and not self._why_not(parent, event):
            content = self._proc.cgroup(parent.program.pid)
            if content is not None:
                parent.place = Place(*parse_cgroup(content), PROC)
        return parent.place

    def _environment(self, found: Found, event: Event, gaps: list[Gap]) -> tuple[tuple[str, str], ...]:
        why = self._why_not(found.process, event)
        variables = None if self._proc is None or why else self._proc.environment(found.process.program.pid)
        if variables is None:
            gaps.append(Gap("environment", why or "denied"))
            return ()
        chosen = ((printable(name), value) for name, value in variables)
        return tuple(
            [
                (name, printable(value)[:_VALUE_LIMIT])
                for name, value in chosen
                if name in self._names or (self._prefixes and name.startswith(self._prefixes))
            ][:_VARIABLES_LIMIT]
        )

    def _sha256(self, found: Found, event: Event, gaps: list[Gap]) -> Optional[str]:
        inode, why = program_inode(event), self._why_not(found.process, event)
        result: Union[str, Gap] = Gap("sha256", why or UNSEEN)
        if self._proc is not None and self._hashes is not None and inode is not None:
            path = event.process.exe or "" if why else self._proc.program_path(found.process.program.pid)
            result = self._hashes.sha256(path, inode)
        if isinstance(result, Gap):
            gaps.append(result)
            return None
        return result

    def _why_not(self, process: Process, event: Event) -> str:
        """Say why ``/proc`` cannot be asked about a process; nothing if it can."""
        return self.processes.alive(process, event.seconds * 1000 + event.milliseconds)

    def _label(self, event: Event, process: Process) -> None:
        for rule, matches in self._labels:
            if matches(event):
                _apply(rule, process)


def _apply(rule: LabelRule, process: Process) -> None:
    if rule.remove:
        process.labels.pop(rule.label, None)
    else:
        process.labels[rule.label] = rule.children
