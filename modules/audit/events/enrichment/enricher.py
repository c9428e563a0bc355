"""Enrichment: what the records of other events, and ``/proc``, tell about an event. Never late for the recorder.

It is done when an event is processed, which is after it happened; what was gone by then is said to be, not guessed.
"""

from __future__ import annotations

import time

from mig_audit.lean_typing import TYPE_CHECKING, NamedTuple, Optional, Union
from mig_audit.modules.audit.events.enrichment.cgroups import parse_cgroup
from mig_audit.modules.audit.events.enrichment.hashes import DENIED, Hashes
from mig_audit.modules.audit.events.enrichment.model import INHERITED, PROC, Enrichment, Gap, Place
from mig_audit.modules.audit.events.enrichment.processes import UNSEEN, ProcessTable
from mig_audit.modules.audit.events.enrichment.scripts import find_script, program_inode
from mig_audit.modules.audit.events.enrichment.told import ordinary_call, told_by, told_by_call
from mig_audit.modules.audit.events.filters.matching import compile_condition
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from mig_audit.modules.audit.events.enrichment.proc import Proc
    from mig_audit.modules.audit.events.enrichment.process import Process
    from mig_audit.modules.audit.events.enrichment.processes import Found
    from mig_audit.modules.audit.events.enrichment.settings import EnrichmentSettings, LabelRule
    from mig_audit.modules.audit.events.enrichment.told import Call, Told
    from mig_audit.modules.audit.events.event import Event
    from mig_audit.modules.audit.events.group import Bundle

_INIT = 1
_VALUE_LIMIT = 4096  # characters of a variable's value
_VARIABLES_LIMIT = 64
_KNOWN_LIMIT = 4096


def wall_clock() -> float:
    """Return milliseconds since the epoch."""
    return time.time() * 1000


class _Known(NamedTuple):
    """An answer, and the state of the table that it holds for."""

    found: Found
    version: int
    enrichment: Enrichment


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
        # What was the answer for a process lately, where nothing but records can change it.
        self._known: dict[Call, _Known] = {}
        self._prefixes = tuple(name[:-1] for name in settings.environment if name.endswith("*"))

    def begin(self) -> None:
        """Learn what runs already; for the moment before the first event."""
        self.processes.seed()

    def enrich(self, event: Event) -> Event:
        """Return an event with its enrichment, if it names a process; never raises."""
        told = told_by(event)
        if told is None:
            return event
        found = self.processes.find(told)
        enrichment = self._around(found, told)
        if told.starts:
            enrichment = self._started(enrichment, found, told, event)
        if not self._labels:
            return _with(event, enrichment)
        event = _with(event, enrichment._replace(labels=tuple(found.process.labels)))
        for rule, matches in self._labels:
            if matches(event):
                _apply(rule, found.process)
        return _with(event, enrichment._replace(labels=tuple(found.process.labels)))

    def enrich_early(self, bundle: Bundle) -> Optional[Enrichment]:
        """Return the enrichment of an event that need not be decoded for it; None where it must be.

        An event that was enriched here must not be given to `enrich` again.
        """
        if self._labels or bundle.records is not None or bundle.part:
            return None
        call = ordinary_call(bundle.types, bundle.bodies)
        if call is None:
            return None
        seconds, _, rest = bundle.stamp.partition(b".")
        moment = int(seconds) * 1000 + int(rest[:3])
        known = self._known.get(call)
        if known is not None and self.processes.again(known.found, known.version, moment):
            return known.enrichment
        told = told_by_call(call, moment)
        found = self.processes.find(told)
        enrichment = self._around(found, told)
        if self._proc is None and not found.fresh:
            if len(self._known) >= _KNOWN_LIMIT:
                self._known.clear()
            self._known[call] = _Known(found, self.processes.version, enrichment)
        return enrichment

    def _around(self, found: Found, told: Told) -> Enrichment:
        """Return what is the same for every event of a process."""
        process, parent = found.process, found.parent
        gaps = (Gap("parent", found.why),) if found.why else ()
        if found.fresh and self._settings.cgroups:
            why = self._place(found, told)
            gaps = (*gaps, Gap("place", why)) if why else gaps
        return Enrichment(
            None if parent is None else parent.program.view,
            tuple([program.view for program in process.line]),
            process.place,
            labels=tuple(process.labels),
            gaps=gaps,
        )

    def _started(self, enrichment: Enrichment, found: Found, told: Told, event: Event) -> Enrichment:
        """Return the enrichment of an event with what there is of a program that was started."""
        gaps: list[Gap] = []
        environment = self._environment(found, told, gaps) if self._settings.environment else ()
        digest = self._sha256(found, told, event, gaps) if self._hashes else None
        return enrichment._replace(
            script=find_script(event),
            environment=environment,
            sha256=digest,
            gaps=(*enrichment.gaps, *gaps),
        )

    def _place(self, found: Found, told: Told) -> str:
        """Find out where a process runs: ask, or take over what is known of its parent; say why, if neither can be."""
        process, parent, proc = found.process, found.parent, self._proc
        why = self.processes.alive(process, told.time)
        content = None if proc is None or why else proc.cgroup(process.program.pid)
        if content is not None:
            process.place = Place(*parse_cgroup(content), PROC)
            return ""
        place = None if parent is None else self._current_place(parent, told)
        # The first process starts services, and puts each into a group of its own.
        if place is not None and parent is not None and parent.program.pid != _INIT:
            process.place = place._replace(source=INHERITED)
        return "" if process.place is not None else why or UNSEEN

    def _current_place(self, parent: Process, told: Told) -> Optional[Place]:
        """Return where a parent runs; it may have been moved since it was asked for."""
        if self._proc is not None and not self.processes.alive(parent, told.time):
            content = self._proc.cgroup(parent.program.pid)
            if content is not None:
                parent.place = Place(*parse_cgroup(content), PROC)
        return parent.place

    def _environment(self, found: Found, told: Told, gaps: list[Gap]) -> tuple[tuple[str, str], ...]:
        why = self.processes.alive(found.process, told.time)
        variables = None if self._proc is None or why else self._proc.environment(found.process.program.pid)
        if variables is None:
            gaps.append(Gap("environment", why or DENIED))
            return ()
        chosen = ((printable(name), value) for name, value in variables)
        return tuple(
            [
                (name, printable(value)[:_VALUE_LIMIT])
                for name, value in chosen
                if name in self._names or (self._prefixes and name.startswith(self._prefixes))
            ][:_VARIABLES_LIMIT]
        )

    def _sha256(self, found: Found, told: Told, event: Event, gaps: list[Gap]) -> Optional[str]:
        inode, why = program_inode(event), self.processes.alive(found.process, told.time)
        result: Union[str, Gap] = Gap("sha256", why or UNSEEN)
        if self._proc is not None and self._hashes is not None and inode is not None:
            path = told.exe or "" if why else self._proc.program_path(found.process.program.pid)
            result = self._hashes.sha256(path, inode)
        if isinstance(result, Gap):
            gaps.append(result)
            return None
        return result


def _with(event: Event, enrichment: Enrichment) -> Event:
    """Return an event with its enrichment, which is its last member; `_replace` takes three times as long."""
    return type(event)._make((*event[:-1], enrichment))


def _apply(rule: LabelRule, process: Process) -> None:
    if rule.remove:
        process.labels.pop(rule.label, None)
    else:
        process.labels[rule.label] = rule.children
