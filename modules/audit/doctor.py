"""Can this host be audited, by whom, what stands in the way, and what is to be done: looked at, and nothing changed."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.capabilities import Capability
from mig_audit.errors import MigAuditError, exit_code, missing_package
from mig_audit.modules.audit.kernel import access
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.recovery import boot_id
from mig_audit.modules.audit.kernel.run_folder import obstacle
from mig_audit.modules.audit.kernel.runs import DIRECTORY, Runs
from mig_audit.modules.audit.kernel.standing import Standing, deafness, refusal
from mig_audit.modules.audit.neighbours import Neighbour, find_neighbours
from mig_audit.modules.audit.packages import FOR_EVERY_RUN, PACKAGES, missing_packages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mig_audit.modules.audit.kernel.access import Access
    from mig_audit.modules.audit.kernel.journal import Undertaking
    from mig_audit.modules.audit.kernel.runs import Unreadable
    from mig_audit.modules.audit.kernel.status import Status

_NEEDED = {
    Capability.AUDIT_READ: "records cannot be read beside another owner of the audit pid",
    Capability.AUDIT_WRITE: "no canary can be sent to prove that records arrive: loss at the very end of a window is not seen",
    Capability.NET_ADMIN: "the receive buffer is bounded by net.core.rmem_max, and a burst overruns it sooner",
    Capability.DAC_READ_SEARCH: "what other users keep to themselves cannot be read",
    Capability.SYS_PTRACE: "other users' processes cannot be named in full",
}


@dataclass(frozen=True)
class Facts:
    """What was found.

    ``refused`` is why the kernel would not say its ``status`` and number of ``rules``, which are None then. ``runs``
    are those that have a journal, None where they cannot be read; ``unreadable`` are the journals that say nothing;
    ``recording`` is the run that lives. ``unwritable`` is why what is to be undone could not be written down, if so.
    ``missing`` are packages that are not installed.
    """

    standing: Standing
    refused: Optional[MigAuditError]
    status: Optional[Status]
    rules: Optional[int]
    owner_lives: bool
    neighbours: tuple[Neighbour, ...]
    runs: Optional[tuple[Undertaking, ...]]
    unreadable: tuple[Unreadable, ...]
    recording: Optional[Undertaking]
    unwritable: Optional[MigAuditError]
    boot: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: ``state`` is ``ok``, ``note``, ``problem`` or ``unknown``.

    A problem has an ``error``, by which a run would end, or do less than it was asked for.
    """

    name: str
    state: str
    says: str
    remedy: str = ""
    error: Optional[MigAuditError] = None

    @classmethod
    def problem(cls, name: str, error: MigAuditError) -> Check:
        """Return what an error means."""
        return cls(name, "problem", error.what, error.remedy, error)

    def to_json(self) -> dict[str, str]:
        """Return it as a document."""
        return {"name": self.name, "state": self.state, "says": self.says, "remedy": self.remedy}


@dataclass(frozen=True)
class Diagnosis:
    """The facts, what they mean, and what a run could do here: ``access`` is None if nothing."""

    facts: Facts
    checks: tuple[Check, ...]
    access: Optional[Access]

    @property
    def exit_code(self) -> int:
        """Return 0 if a run could do all it is asked for, 2 if packages are missing, 3 if it is not permitted to, 4 if audit cannot be used."""
        return exit_code(check.error for check in self.checks if check.error)


def look(
    open_control: Callable[[], Control] = Control.open, directory: str = DIRECTORY, proc: str = "/proc"
) -> Facts:
    """Find out all there is to know; ask the kernel for its status and rules, and change nothing."""
    standing = Standing.read(proc)
    refused, status, rules = None, None, None
    try:
        with open_control() as control:
            status, rules = control.status(), len(control.rules())
    except MigAuditError as error:
        refused = error
    owner = status.pid if status else 0
    runs, unreadable, closed = _runs(directory)
    return Facts(
        standing=standing,
        refused=refused,
        status=status,
        rules=rules,
        owner_lives=os.path.exists(f"{proc}/{owner}"),  # noqa: PTH110  # one question
        neighbours=find_neighbours(owner, proc, (os.getpid(),)),
        runs=runs,
        unreadable=unreadable,
        recording=next((run for run in runs or () if run.recorder.alive(proc) and not run.undoing), None),
        unwritable=closed or obstacle(directory),
        boot=boot_id(),
        missing=missing_packages(),
    )


def _runs(
    directory: str,
) -> tuple[Optional[tuple[Undertaking, ...]], tuple[Unreadable, ...], Optional[MigAuditError]]:
    """Return the runs that can be read and those that cannot; or why nothing can."""
    if not os.path.lexists(directory):
        return (), (), None
    try:
        with Runs(directory, create=False) as runs:
            found, unreadable = runs.look()
            return tuple(found), tuple(unreadable), None
    except MigAuditError as error:
        return None, (), error


def diagnose(facts: Facts) -> Diagnosis:
    """Return what the facts mean, in the order in which a person would mend them."""
    granted = _granted(facts)
    checks = (
        *_package_checks(facts.missing),
        *_kernel_checks(facts),
        *_status_checks(facts, granted),
        *_standing_checks(facts.standing, granted),
        *_capability_checks(facts.standing, granted),
        *_run_checks(facts),
        *_neighbour_checks(facts),
    )
    return Diagnosis(facts, checks, granted)


def _granted(facts: Facts) -> Optional[Access]:
    if facts.status is None:
        return None
    if facts.recording is not None:
        return access.beside_run(facts.recording.main.pid, access.AUTO, asked=True)
    return access.decide(facts.status, access.AUTO, lower_failure=False, alive=lambda _pid: facts.owner_lives)


def _package_checks(missing: Sequence[str]) -> Iterator[Check]:
    for name in missing:
        error, without = missing_package(name), PACKAGES[name]
        needed = without == FOR_EVERY_RUN
        state = "problem" if needed else "note"
        yield Check("packages", state, f"{error.what}: {without}", error.remedy, error if needed else None)


def _kernel_checks(facts: Facts) -> Iterator[Check]:
    if facts.refused is not None:
        yield Check.problem("kernel", facts.refused)
    elif facts.status is not None:
        yield Check("kernel", "ok", f"audit is there and answers; it has {facts.rules} rules")
    if facts.unwritable is not None and facts.standing.uid == 0:
        yield Check.problem("state", facts.unwritable)


def _status_checks(facts: Facts, granted: Optional[Access]) -> Iterator[Check]:
    status, options = facts.status, facts.standing.boot_options
    if status is None or granted is None:
        return
    if granted.error is not None:
        says = f"no rule could be added, a run would only read: {granted.why}"
        yield Check("access", "problem", says, granted.error.remedy, granted.error)
    elif granted.why:
        yield Check("access", "note", f"records are read by multicast: {granted.why}")
    else:
        yield Check("access", "ok", "the audit pid is free: records are read as its owner")
    if status.pid and not facts.owner_lives:
        yield Check("owner", "note", f"the audit pid is still that of process {status.pid}, which is dead")
    if options is not None and "audit=1" not in options:
        yield Check(
            "boot",
            "note",
            "processes that were started before audit was first enabled since boot make no system call records",
            "boot with audit=1 to see all of them",
        )
    if status.lost:
        yield Check("lost", "note", f"the kernel has lost {status.lost} records since it counts")
    if status.rate_limit:
        yield Check("rate", "note", f"the kernel drops records beyond {status.rate_limit} a second")


def _standing_checks(standing: Standing, granted: Optional[Access]) -> Iterator[Check]:
    deaf = deafness(standing)
    if deaf is not None and granted is not None and granted.mode == access.MULTICAST:
        yield Check.problem("network namespace", deaf)
    elif standing.net_namespace is None and granted is not None and granted.mode == access.MULTICAST:
        says = "records are multicast in the host's own network namespace alone, and whether this is it cannot be seen"
        yield Check("network namespace", "unknown", says)
    elif deaf is not None:
        yield Check("network namespace", "note", deaf.what, deaf.remedy)
    for kind, own in (("user", standing.user_namespace), ("pid", standing.pid_namespace)):
        if own is False:
            yield Check(f"{kind} namespace", "note", f"this is not the host's own {kind} namespace")
    if standing.seccomp:
        yield Check("seccomp", "note", "a seccomp filter is on this process, and may deny what audit needs")
    if standing.lockdown:
        yield Check("lockdown", "ok", f"the kernel's lockdown ({standing.lockdown}) does not concern audit")


def _capability_checks(standing: Standing, granted: Optional[Access]) -> Iterator[Check]:
    if granted is not None and granted.mode == access.MULTICAST and not standing.has(Capability.AUDIT_READ):
        refused = refusal("joining the audit multicast group", errno.EPERM, Capability.AUDIT_READ, standing)
        yield Check.problem("multicast", refused)
    for capability, without in _NEEDED.items():
        if not standing.has(capability):
            says = f"without {capability.constant} {without}"
            yield Check("capabilities", "note", says, standing.to_have(capability))


def _run_checks(facts: Facts) -> Iterator[Check]:
    if facts.runs is None:
        yield Check(
            "runs", "unknown", f"{DIRECTORY} cannot be read: killed runs cannot be seen", "run as root"
        )
        return
    for unreadable in facts.unreadable:
        says = f"what a run changed is not known, and is not undone: {unreadable.error.what}"
        remedy = f"remove {DIRECTORY}/{unreadable.run_id}.journal when the kernel's audit is as it should be"
        yield Check("runs", "note", says, remedy)
    for run in facts.runs:
        if run is facts.recording:
            continue
        if run.boot_id != facts.boot:
            says = f"run {run.run_id} was cut off by a reboot: nothing of it is left in the kernel"
        else:
            says = f"run {run.run_id} was killed, or ends just now: what it changed is not undone yet"
        yield Check("runs", "note", says, "`mig-audit restore`, or the next run, sees to it")


def _neighbour_checks(facts: Facts) -> Iterator[Check]:
    for each in facts.neighbours:
        roles = ", ".join(each.roles)
        certain = "" if each.certain else ", as far as can be seen"
        says = f": {each.says}" if each.says else ""
        yield Check(
            "neighbour", "note", f"{each.comm or 'a process'} (pid {each.pid}, {roles}{certain}){says}"
        )
    if facts.standing.uid != 0:
        says = "whose audit sockets are whose cannot be seen in full"
        yield Check("neighbour", "unknown", says, "run as root")
