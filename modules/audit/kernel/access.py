"""How this host may be audited: decided from what is found, before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from mig_audit.errors import AuditLockedError, AuditOwnedError, MigAuditError
from mig_audit.modules.audit.kernel.status import ENABLED_LOCKED, FAILURE_PANIC, Status

UNICAST = "unicast"
MULTICAST = "multicast"
AUTO = "auto"


@dataclass(frozen=True)
class Access:
    """What the run may do.

    ``mode`` is how records are received; ``configure`` allows rules and ``enabled``; ``tune`` allows the other
    settings, which belong to the owner of the audit pid where there is one. ``why`` explains a choice that is not the
    usual one, and ``error`` is set where the run cannot do all that it was asked for.
    """

    mode: str
    configure: bool
    tune: bool
    why: str = ""
    error: Optional[MigAuditError] = None


def decide(status: Status, stream: str, *, lower_failure: bool, alive: Callable[[int], bool]) -> Access:
    """Return what the run may do on a host with this status.

    Args:
        status: as it was found.
        stream: the way to receive records that was asked for; ``auto`` leaves the choice to us.
        lower_failure: whether ``failure=2`` may be lowered for the window.
        alive: says whether a process id is a living process's.

    Raises:
        AuditOwnedError: unicast is insisted on, and a living process owns the audit pid.
    """
    if status.enabled == ENABLED_LOCKED:
        return Access(
            MULTICAST,
            configure=False,
            tune=False,
            why="the configuration is locked (enabled=2)",
            error=_locked(),
        )
    if status.failure == FAILURE_PANIC and not lower_failure:
        return Access(
            MULTICAST,
            configure=False,
            tune=False,
            why="the host panics when a record is lost (failure=2)",
            error=_dangerous(),
        )
    if stream == MULTICAST:
        return Access(MULTICAST, configure=True, tune=False, why="the parameters ask for multicast")
    if status.pid and alive(status.pid):
        return beside_owner(status.pid, stream)
    return Access(UNICAST, configure=True, tune=True)


def beside_owner(pid: int, stream: str) -> Access:
    """Return what the run may do beside the living owner of the audit pid."""
    if stream == UNICAST:
        raise AuditOwnedError(
            f"process {pid} owns the audit pid, and kernel.stream = unicast insists on it",
            "stop that process, or set kernel.stream to auto to read beside it",
        )
    return Access(MULTICAST, configure=True, tune=False, why=f"process {pid} owns the audit pid")


def beside_run(pid: int, stream: str, *, asked: bool) -> Access:
    """Return what the run may do while another run of ours has the kernel's audit; ``asked`` says if it has rules."""
    who = f"another run of mig-audit{f' (process {pid})' if pid else ''}"
    remedy = "wait until that run has ended, or put what both look for into one"
    if stream == UNICAST:
        raise AuditOwnedError(
            f"{who} is recording, and kernel.stream = unicast insists on the audit pid", remedy
        )
    why = f"{who} is recording"
    skipped = AuditOwnedError(f"{why}: no rule was added, only what it and the host audit was read", remedy)
    return Access(MULTICAST, configure=False, tune=False, why=why, error=skipped if asked else None)


def _locked() -> MigAuditError:
    return AuditLockedError(
        "the audit configuration is locked (enabled=2): no rule could be added, only what was already audited was read",
        "a lock ends only with a reboot; remove `-e 2` from the host's rules and reboot to audit more",
    )


def _dangerous() -> MigAuditError:
    return AuditLockedError(
        "the host panics when audit loses a record (failure=2): nothing was configured, only what was already "
        "audited was read",
        "set kernel.failure to printk in the parameters to allow failure=1 during the window",
    )
