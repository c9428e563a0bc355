"""Enrichment: what the records of other events, and ``/proc``, tell about an event. Never late for the recorder.

It is done when an event is processed, which is after it happened; what was gone by then is said to be, not guessed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from mig_audit.modules.audit.events.enrichment.cgroups import parse_cgroup
from mig_audit.modules.audit.events.enrichment.found import UNSEEN
from mig_audit.modules.audit.events.enrichment.hashes import DENIED, Hashes
from mig_audit.modules.audit.events.enrichment.model import INHERITED, PROC, Enrichment, Gap, Place
from mig_audit.modules.audit.events.enrichment.presence import why_absent
from mig_audit.modules.audit.events.enrichment.processes import ProcessTable
from mig_audit.modules.audit.events.enrichment.scripts import find_script, program_inode
from mig_audit.modules.audit.events.enrichment.told import Told, special_call, told_by, told_by_glance
from mig_audit.modules.audit.events.filters.early import EarlyCall
from mig_audit.modules.audit.events.filters.messages import EarlyOther
from mig_audit.modules.audit.records import printable
from mig_audit.modules.audit.records.memo import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mig_audit.modules.audit.events.enrichment.found import Found, Lasting
    from mig_audit.modules.audit.events.enrichment.proc import Proc
    from mig_audit.modules.audit.events.enrichment.process import Process
    from mig_audit.modules.audit.events.enrichment.settings import LabelRule
    from mig_audit.modules.audit.events.enrichment.wanted import Wanted
    from mig_audit.modules.audit.events.event import Event
    from mig_audit.modules.audit.events.filters.early import Early
    from mig_audit.modules.audit.events.glance import Seen

_INIT = 1
_VALUE_LIMIT = 4096  # characters of a variable's value
_VARIABLES_LIMIT = 64
_KNOWN_LIMIT = 4096
_EMPTY = Enrichment()
# By whether the parent is, and one of the ancestors.
_PRESUMED: Mapping[tuple[bool, bool], tuple[str, ...]] = {
    (False, False): (),
    (True, False): ("parent",),
    (False, True): ("ancestors",),
    (True, True): ("parent", "ancestors"),
}
_MESSAGE = re.compile(rb"pid=([1-9][0-9]{0,9}) uid=")  # kernel/audit.c, audit_log_common_recv_msg


class _Known(NamedTuple):
    """An answer for the events of a process, and the state of the table that it holds for.

    Attributes:
        ppid: as in the record.
        who: from ``auid=`` to before the key: what does not change with the rule that asked.
        lasting: who it is.
        enrichment: the answer.
    """

    ppid: bytes
    who: bytes
    lasting: Lasting
    enrichment: Enrichment


class HostEnricher:
    """Enriches the events of one host, in the order in which they are complete.

    Args:
        wanted: what is asked for.
        proc: the host's ``/proc``, if this is that host, now; without it, only the records are asked.
        clock: milliseconds since the epoch.
        node: what the records call the host, empty if they do not.
    """

    def __init__(
        self, wanted: Wanted, proc: Optional[Proc], clock: Callable[[], float], node: str = ""
    ) -> None:
        settings = wanted.settings
        self._node = node
        self._settings = settings
        self._proc = proc
        self._processes = ProcessTable(proc, clock, depth=settings.ancestors, trust=settings.trust)
        self._hashes = None if settings.hash_size is None else Hashes(max_size=settings.hash_size)
        self._labels, self._asked = wanted.labels, wanted.asked
        self._names, self._prefixes = wanted.names, wanted.prefixes
        # What was the answer for a process lately, where nothing but records can change it.
        self._known: dict[bytes, _Known] = {}
        self._messages: dict[bytes, _Known] = {}

    @property
    def held(self) -> int:
        """Return how many processes are kept, or as how many they count."""
        return self._processes.weight

    def begin(self) -> None:
        """Learn what runs already; for the moment before the first event."""
        self._processes.seed()

    def enrich(self, event: Event) -> Event:
        """Return an event with its enrichment, if it names a process; never raises."""
        told = told_by(event)
        if told is None:
            return event
        found, enrichment = self._learn(told)
        if not self._labels:
            return _with(event, enrichment)
        event = _with(event, _labelled(enrichment, found.process))
        for rule, question in self._labels:
            if question.meets(event):
                _apply(rule, found.process)
        return _with(event, _labelled(enrichment, found.process))

    def enrich_call(self, glance: Seen, time: int) -> Optional[Enrichment]:
        """Return the enrichment of the event of a system call that need not be decoded for it; None where it must be.

        An event that was enriched here must not be given to `enrich` again. ``time`` is in milliseconds.
        """
        if self._asked and not self._can_label(EarlyCall(glance, None, _EMPTY, self._node)):
            return None
        special = special_call(glance.call)
        known = self._known.get(glance.pid) if special is None else None
        if (
            known is not None
            and glance.who.startswith(known.who)
            and glance.ppid == known.ppid
            and known.enrichment.place is known.lasting.process.place
            and self._processes.again(known.lasting, time)
        ):
            enrichment, process = known.enrichment, known.lasting.process
        else:
            told = told_by_glance(glance, time)
            if told is None:
                return None
            found, enrichment = self._learn(told)
            process = found.process
            if special is None:
                who, key, _ = glance.who.rpartition(b" key=")
                self._remember(self._known, glance.pid, glance.ppid, who + key, found, enrichment)
        if not self._labels:
            return enrichment
        return self._label(
            process, enrichment, EarlyCall(glance, None, _labelled(enrichment, process), self._node)
        )

    def enrich_message(
        self, types: Sequence[str], bodies: Sequence[bytes], time: int
    ) -> Optional[Enrichment]:
        """Return the same of an event without a system call."""
        message = _MESSAGE.match(bodies[0]) if len(types) == 1 else None
        if message is None:
            return None
        if self._asked and not self._can_label(EarlyOther(types, bodies, None, _EMPTY, self._node)):
            return None
        pid = message[1]
        known = self._messages.get(pid)
        if (
            known is not None
            and known.enrichment.place is known.lasting.process.place
            and self._processes.again(known.lasting, time)
        ):
            enrichment, process = known.enrichment, known.lasting.process
        else:
            found, enrichment = self._learn(Told(int(pid), None, time, None, None))
            process = found.process
            self._remember(self._messages, pid, b"", b"", found, enrichment)
        if not self._labels:
            return enrichment
        early = EarlyOther(types, bodies, None, _labelled(enrichment, process), self._node)
        return self._label(process, enrichment, early)

    def _learn(self, told: Told) -> tuple[Found, Enrichment]:
        if self._processes.crowded:
            self._known.clear()
            self._messages.clear()
            self._processes.make_room()
        found = self._processes.find(told)
        enrichment = self._around(found, told)
        return found, self._started(enrichment, found, told) if told.starts else enrichment

    def _remember(  # a row of the memory
        self,
        known: dict[bytes, _Known],
        pid: bytes,
        ppid: bytes,
        who: bytes,
        found: Found,
        enrichment: Enrichment,
    ) -> None:
        lasting = self._processes.lasting(found)
        if lasting is None or len(who) > LONGEST:
            return
        if len(known) >= _KNOWN_LIMIT:
            known.clear()
        known[pid] = _Known(ppid, who, lasting, enrichment)

    def _can_label(self, early: Early) -> bool:
        """Say whether all that the rules for labels ask is known without the decoded event."""
        return all(question.meets_early(early) is not None for question in self._asked)

    def _label(self, process: Process, enrichment: Enrichment, early: Early) -> Enrichment:
        """Return the enrichment with the labels that the process has after this event."""
        for rule, question in self._labels:
            if question.meets_early(early):
                _apply(rule, process)
        return _labelled(enrichment, process)

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
            presumed=_PRESUMED[found.presumed, bool(process.line) and process.presumed],
        )

    def _started(self, enrichment: Enrichment, found: Found, told: Told) -> Enrichment:
        """Return the enrichment of an event with what there is of a program that was started."""
        gaps: list[Gap] = []
        environment = self._environment(found, told, gaps) if self._settings.environment else ()
        digest = self._sha256(found, told, gaps) if self._hashes else None
        return enrichment._replace(
            script=find_script(told),
            environment=environment,
            sha256=digest,
            gaps=(*enrichment.gaps, *gaps),
        )

    def _place(self, found: Found, told: Told) -> str:
        """Find out where a process runs: ask, or take over what is known of its parent; say why, if neither can be."""
        process, parent, proc = found.process, found.parent, self._proc
        why = why_absent(proc, process, told.time)
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
        if self._proc is not None and not why_absent(self._proc, parent, told.time):
            content = self._proc.cgroup(parent.program.pid)
            if content is not None:
                parent.place = Place(*parse_cgroup(content), PROC)
        return parent.place

    def _environment(self, found: Found, told: Told, gaps: list[Gap]) -> tuple[tuple[str, str], ...]:
        why = why_absent(self._proc, found.process, told.time)
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

    def _sha256(self, found: Found, told: Told, gaps: list[Gap]) -> Optional[str]:
        inode, why = program_inode(told), why_absent(self._proc, found.process, told.time)
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


def _labelled(enrichment: Enrichment, process: Process) -> Enrichment:
    """Return an enrichment with the labels that a process has now."""
    labels = tuple(process.labels)
    return enrichment if labels == enrichment.labels else enrichment._replace(labels=labels)


def _apply(rule: LabelRule, process: Process) -> None:
    if rule.remove:
        process.labels.pop(rule.label, None)
    else:
        process.labels[rule.label] = rule.children
