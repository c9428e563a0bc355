"""Where this process stands on its host: user, capabilities, namespaces, and what the kernel was booted with.

None of it changes anything, and all of it is read from /proc and /sys. It tells apart what the kernel answers with one
and the same errno.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Optional

from mig_audit.capabilities import Capability
from mig_audit.errors import (
    AuditAbsentError,
    AuditUnavailableError,
    KernelRefusedError,
    MigAuditError,
    NotPermittedError,
    describe_errno,
)

CAPABILITIES = (
    Capability.DAC_READ_SEARCH,
    Capability.NET_ADMIN,
    Capability.SYS_PTRACE,
    Capability.AUDIT_WRITE,
    Capability.AUDIT_CONTROL,
    Capability.AUDIT_READ,
)
"""Those that every run makes use of."""

# The inode numbers of the namespaces that a host boots with (enum init_ns_ino of linux/nsfs.h); that of the network has
# been a fixed one only since Linux 6.18.
_FIRST = {"user": 0xEFFFFFFD, "pid": 0xEFFFFFFC, "net": 0xEFFFFFF9}
_SECCOMP_FILTER = 2
_SWITCHED_OFF = frozenset({"audit=0", "audit=off"})


@dataclass(frozen=True)
class Standing:
    """A namespace is True if it is the host's own, False if not, and None if that cannot be seen.

    ``capabilities`` are the effective ones, as the kernel's bit mask, and ``bounding`` are those that it or a program
    that it starts could have at the most. ``seccomp`` says that a filter is on this process. ``lockdown`` is the
    kernel's mode, empty where it has none or hides it, and ``boot_options`` are those about audit, None where they are
    hidden.
    """

    uid: int
    capabilities: int
    seccomp: bool
    user_namespace: Optional[bool]
    pid_namespace: Optional[bool]
    net_namespace: Optional[bool]
    lockdown: str
    boot_options: Optional[tuple[str, ...]]
    bounding: int = -1

    @classmethod
    def read(cls, proc: str = "/proc", sys: str = "/sys") -> Standing:
        """Look at this process."""
        status = dict(
            line.split(":\t", 1) for line in _text(f"{proc}/self/status").splitlines() if ":\t" in line
        )
        options = _text(f"{proc}/cmdline").split()
        return cls(
            uid=os.geteuid(),
            capabilities=int(status.get("CapEff", "0"), 16),
            seccomp=int(status.get("Seccomp", "0")) == _SECCOMP_FILTER,
            user_namespace=_is_first("user", proc),
            pid_namespace=_is_first("pid", proc),
            net_namespace=_is_first("net", proc),
            lockdown=_chosen(_text(f"{sys}/kernel/security/lockdown")),
            boot_options=tuple(option for option in options if option.startswith("audit"))
            if options
            else None,
            bounding=int(status.get("CapBnd", "-1"), 16),
        )

    def has(self, capability: Capability) -> bool:
        """Return whether this process has a capability in effect."""
        return bool(self.capabilities >> capability & 1)

    def to_have(self, capability: Capability) -> str:
        """Return what helps a process that lacks a capability, which for root is not to become root."""
        if self.uid != 0:
            return f"run mig-audit as root, or with {capability.constant}"
        if self.bounding >> capability & 1:
            return f"this root gave {capability.constant} up: start mig-audit from a shell that still has it"
        return (
            f"{capability.constant} is not in this root's bounding set: allow it where that was set, with "
            f"--cap-add={capability.name} for a container, in CapabilityBoundingSet= for a service"
        )

    def to_json(self) -> dict[str, object]:
        """Return it as a document, with the capabilities by name."""
        shown = {name: value for name, value in vars(self).items() if name != "bounding"}
        return {
            **shown,
            "capabilities": {each.constant: self.has(each) for each in CAPABILITIES},
            "boot_options": None if self.boot_options is None else list(self.boot_options),
        }


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # pathlib is not worth its import here
            return file.read()
    except OSError:
        return ""


def _chosen(modes: str) -> str:
    """Return the word in brackets, for instance of ``none [integrity] confidentiality``."""
    return modes.partition("[")[2].partition("]")[0]


def _is_first(kind: str, proc: str) -> Optional[bool]:
    ours = _namespace(f"{proc}/self/ns/{kind}")
    if ours is None:
        return None
    if ours == _FIRST[kind]:
        return True
    if kind != "net":
        return False
    # The first process is the host's own only where we see the host's processes.
    theirs = _namespace(f"{proc}/1/ns/{kind}") if _is_first("pid", proc) else None
    return None if theirs is None else ours == theirs


def _namespace(link: str) -> Optional[int]:
    try:
        return int(os.readlink(link).partition("[")[2].rstrip("]"))  # noqa: PTH115  # the link leads nowhere
    except (OSError, ValueError):
        return None


def refusal(what: str, number: int, needs: Capability, standing: Optional[Standing] = None) -> MigAuditError:
    """Return the error of our tree that a kernel errno means for this process, with the remedy that fits.

    ``needs`` is the capability that the kernel asks for here.
    """
    if number == errno.ECONNREFUSED:
        return _hidden(what, standing or Standing.read())
    if number in {errno.EPERM, errno.EACCES}:
        return _denied(what, number, needs, standing or Standing.read())
    return KernelRefusedError(what, number)


def _hidden(what: str, standing: Standing) -> AuditAbsentError:
    if standing.user_namespace is not False and standing.net_namespace is False:
        return AuditAbsentError(
            f"{what}: the kernel hides audit from other network namespaces than the host's (ECONNREFUSED)",
            "run mig-audit in the host's own, for instance with `nsenter --target 1 --net`",
        )
    return AuditAbsentError(
        f"{what}: the kernel hides audit from user namespaces, as containers have them (ECONNREFUSED)",
        "run mig-audit on the host itself, in its own user namespace",
    )


def _denied(what: str, number: int, needs: Capability, standing: Standing) -> NotPermittedError:
    refused = f"{what}: {describe_errno(number)}"
    if number == errno.EACCES:
        return NotPermittedError(
            f"{refused}, from a security module",
            "look for a denial (AVC, apparmor=) in the host's log, and allow this program the netlink audit socket",
        )
    if needs is Capability.AUDIT_CONTROL and standing.pid_namespace is False:
        return NotPermittedError(
            f"{refused}: this is a pid namespace of its own, as containers have them",
            "run mig-audit on the host itself, or in a container that shares the host's pid namespace",
        )
    if not standing.has(needs):
        who = "root" if standing.uid == 0 else "user"
        return NotPermittedError(f"{refused}: this {who} has no {needs.constant}", standing.to_have(needs))
    why = "a seccomp filter or a security module" if standing.seccomp else "a security module"
    return NotPermittedError(
        f"{refused}, from {why}: {needs.constant} is there", "allow netlink audit in its settings"
    )


def absence(number: int, standing: Optional[Standing] = None) -> MigAuditError:
    """Return the error for an audit socket that could not be opened."""
    if number not in {errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.EINVAL}:
        return refusal("opening an audit socket", number, Capability.AUDIT_CONTROL, standing)
    options = (standing or Standing.read()).boot_options
    if options is None:
        return AuditAbsentError(
            "this kernel has no audit: it was built without CONFIG_AUDIT or booted with audit=0",
            "remove audit=0 from the kernel's command line and reboot, or use a kernel with CONFIG_AUDITSYSCALL",
        )
    if _SWITCHED_OFF.intersection(options):
        return AuditAbsentError(
            "this kernel has no audit: it was booted with audit=0",
            "remove audit=0 from the kernel's command line and reboot",
        )
    return AuditAbsentError(
        "this kernel has no audit: it was built without CONFIG_AUDIT", "use a kernel with CONFIG_AUDITSYSCALL"
    )


def deafness(standing: Standing) -> Optional[AuditUnavailableError]:
    """Return why this process would hear nothing by multicast, None if it would."""
    if standing.net_namespace is not False:
        return None
    return AuditUnavailableError(
        "records are multicast in the host's own network namespace alone, and this is another",
        "run mig-audit there, for instance with `nsenter --target 1 --net`",
    )
