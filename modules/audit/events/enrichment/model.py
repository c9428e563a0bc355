"""What enrichment adds to an event; every part is there only where it is known, and what is not known is said."""

from __future__ import annotations

from typing import NamedTuple, Optional

LOG, PROC, INHERITED = "log", "proc", "inherited"
"""Where something is known from: the records, ``/proc``, or the parent that it was taken over from."""


class Ancestor(NamedTuple):
    """A process that an event's process descends from, as it was last known when the event was made.

    Attributes:
        pid: in the initial namespace.
        exe: the program's path; None where only the name is known.
        comm: its name.
        command: its command line (`mig_audit.modules.audit.events.command_line`).
        source: ``log`` or ``proc``.
    """

    pid: int
    exe: Optional[str]
    comm: Optional[str]
    command: Optional[str]
    source: str


class Place(NamedTuple):
    """Where the control groups say a process runs.

    Attributes:
        container: the container's id.
        runtime: what runs it, ``docker``, ``containerd``, ``crio``, ``podman``, ``lxc``, ``nspawn``; None if only the
            id is known.
        unit: the systemd unit, the innermost one.
        cgroup: the path of the control group.
        source: ``proc`` or ``inherited``.
    """

    container: Optional[str]
    runtime: Optional[str]
    unit: Optional[str]
    cgroup: Optional[str]
    source: str


class Gap(NamedTuple):
    """Something that could not be told, and why: ``gone``, ``reused``, ``unseen``, ``changed``, ``denied``, ``large``."""

    what: str
    why: str


class Enrichment(NamedTuple):
    """What is known around one event.

    Attributes:
        parent: the process that the kernel names as the parent (ppid), if it is certain which one that is.
        ancestors: the parent that the event's process had when it was first seen, then that one's, and so on.
        place: container and unit.
        script: the file behind the interpreter that an execve started.
        environment: the chosen variables, in the order of the process.
        sha256: of the program that an execve started.
        labels: given by rules to this process, or to one that it descends from.
        gaps: what could not be told.
        presumed: what is told because the pids say so, which they do where the kernel gives them in turn: ``parent``,
            ``ancestors``; a process with the right to choose pids can make it wrong.
    """

    parent: Optional[Ancestor] = None
    ancestors: tuple[Ancestor, ...] = ()
    place: Optional[Place] = None
    script: Optional[str] = None
    environment: tuple[tuple[str, str], ...] = ()
    sha256: Optional[str] = None
    labels: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    presumed: tuple[str, ...] = ()
