"""Where a process stands, and what the kernel's refusals mean there."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mig_audit.capabilities import Capability
from mig_audit.errors import AuditAbsentError, KernelRefusedError, MigAuditError, NotPermittedError
from mig_audit.modules.audit.kernel.standing import Standing, absence, deafness, refusal

if TYPE_CHECKING:
    from pathlib import Path

ALL = (1 << 41) - 1
HOST = Standing(
    uid=0,
    capabilities=ALL,
    seccomp=False,
    user_namespace=True,
    pid_namespace=True,
    net_namespace=True,
    lockdown="",
    boot_options=(),
)
USER = replace(HOST, uid=1000, capabilities=0)
STRIPPED = replace(HOST, capabilities=ALL & ~(1 << 30))


@pytest.mark.parametrize(
    ("number", "standing", "error", "words"),
    [
        (errno.ECONNREFUSED, replace(HOST, user_namespace=False), AuditAbsentError, "user namespace"),
        (errno.ECONNREFUSED, replace(HOST, net_namespace=False), AuditAbsentError, "network namespace"),
        (errno.EPERM, USER, NotPermittedError, "as root"),
        (errno.EPERM, STRIPPED, NotPermittedError, "this root has no CAP_AUDIT_CONTROL"),
        (errno.EPERM, replace(HOST, pid_namespace=False), NotPermittedError, "pid namespace"),
        (errno.EPERM, replace(HOST, seccomp=True), NotPermittedError, "seccomp"),
        (errno.EPERM, HOST, NotPermittedError, "a security module"),
        (errno.EACCES, HOST, NotPermittedError, "AVC"),
        (errno.EINVAL, HOST, KernelRefusedError, "EINVAL"),
    ],
)
def test_each_errno_has_its_place_and_remedy(
    number: int, standing: Standing, error: type[MigAuditError], words: str
) -> None:
    """An operator reads what stands in the way and what to do, not a number."""
    made = refusal("reading the audit status", number, Capability.AUDIT_CONTROL, standing)

    assert type(made) is error
    assert words in str(made)


@pytest.mark.parametrize(
    ("options", "words", "remedy"),
    [
        (("audit=0",), "booted with audit=0", "reboot"),
        (("audit=off", "audit_backlog_limit=64"), "booted with audit=0", "reboot"),
        ((), "built without CONFIG_AUDIT", "CONFIG_AUDITSYSCALL"),
        (None, "CONFIG_AUDIT or booted with audit=0", "reboot"),
    ],
)
def test_a_kernel_without_audit_is_told_from_one_that_was_booted_without(
    options: tuple[str, ...] | None, words: str, remedy: str
) -> None:
    """The same errno, and another remedy; both where the command line is hidden."""
    made = absence(errno.EPROTONOSUPPORT, replace(HOST, boot_options=options))

    assert words in made.what
    assert remedy in made.remedy


@pytest.mark.parametrize(
    ("capability", "name"),
    [
        (Capability.NET_ADMIN, "NET_ADMIN"),
        (Capability.AUDIT_WRITE, "AUDIT_WRITE"),
        (Capability.AUDIT_CONTROL, "AUDIT_CONTROL"),
        (Capability.AUDIT_READ, "AUDIT_READ"),
    ],
)
def test_the_capability_that_is_missing_is_named_with_what_helps_root(
    capability: Capability, name: str
) -> None:
    """Who is root already is told where it was taken away, and how it is allowed there."""
    without = ALL & ~(1 << capability)
    bounded = replace(HOST, capabilities=without, bounding=without)
    made = refusal("an operation", errno.EPERM, capability, bounded)

    assert f"this root has no CAP_{name}" in made.what
    assert f"--cap-add={name} for a container" in made.remedy
    assert "CapabilityBoundingSet=" in made.remedy
    assert "as root" not in made.remedy
    given_up = replace(bounded, bounding=ALL)
    assert f"gave CAP_{name} up" in refusal("an operation", errno.EPERM, capability, given_up).remedy


def test_a_capability_that_is_there_is_not_asked_for() -> None:
    """Something else refused then; that another one is missing has nothing to do with it."""
    made = refusal("an operation", errno.EPERM, Capability.AUDIT_WRITE, STRIPPED)

    assert "CAP_AUDIT_WRITE is there" in str(made)
    assert "CAP_AUDIT_CONTROL" not in str(made)


def test_a_message_may_be_recorded_from_a_pid_namespace_of_its_own() -> None:
    """There the kernel refuses only what changes audit or asks for it."""
    contained = replace(HOST, pid_namespace=False, capabilities=ALL & ~(1 << 29))

    assert "no CAP_AUDIT_WRITE" in str(
        refusal("an operation", errno.EPERM, Capability.AUDIT_WRITE, contained)
    )


def test_a_socket_that_is_denied_is_a_matter_of_permission() -> None:
    """Not of the kernel's build."""
    assert isinstance(absence(errno.EPERM, replace(HOST, seccomp=True)), NotPermittedError)


def test_in_another_network_namespace_nothing_is_heard_by_multicast() -> None:
    """And that is an error, not a quiet window; where it cannot be seen nothing is claimed."""
    deaf = deafness(replace(HOST, net_namespace=False))

    assert deaf is not None
    assert "nsenter" in deaf.remedy
    assert deafness(HOST) is None
    assert deafness(replace(HOST, net_namespace=None)) is None


def _host(folder: Path, namespaces: dict[str, int], first_net: int | None) -> Standing:
    (folder / "proc" / "self" / "ns").mkdir(parents=True)
    (folder / "proc" / "1" / "ns").mkdir(parents=True)
    for kind, inode in namespaces.items():
        (folder / "proc" / "self" / "ns" / kind).symlink_to(f"{kind}:[{inode}]")
    if first_net is not None:
        (folder / "proc" / "1" / "ns" / "net").symlink_to(f"net:[{first_net}]")
    (folder / "proc" / "self" / "status").write_text(
        "Name:\ta:\tb\nCapEff:\t0000000040000000\nCapBnd:\t0000000060000000\nSeccomp:\t2\n"
    )
    (folder / "proc" / "cmdline").write_text("quiet audit=1 audit_backlog_limit=99\n")
    (folder / "sys" / "kernel" / "security").mkdir(parents=True)
    (folder / "sys" / "kernel" / "security" / "lockdown").write_text("none [integrity] confidentiality\n")
    return Standing.read(str(folder / "proc"), str(folder / "sys"))


def test_everything_is_read_from_proc_and_sys(tmp_path: Path) -> None:
    """Capabilities, seccomp, lockdown, and the options of the boot."""
    standing = _host(tmp_path, {"user": 4026531837, "pid": 4026531836, "net": 4026531833}, None)

    assert standing.has(Capability.AUDIT_CONTROL)
    assert not standing.has(Capability.AUDIT_READ)
    assert standing.bounding == 0x60000000
    assert standing.seccomp
    assert standing.lockdown == "integrity"
    assert standing.boot_options == ("audit=1", "audit_backlog_limit=99")
    assert (standing.user_namespace, standing.pid_namespace, standing.net_namespace) == (True, True, True)


@pytest.mark.parametrize(
    ("pid", "first_net", "seen"),
    [(4026531836, 4026531992, True), (4026531836, 1, False), (4026531836, None, None), (7, 4026531992, None)],
)
def test_the_hosts_network_is_that_of_the_hosts_first_process(
    tmp_path: Path, pid: int, first_net: int | None, seen: bool | None
) -> None:
    """Before Linux 6.18 its number is another on every host; in a container the first process is the container's."""
    standing = _host(tmp_path, {"user": 7, "pid": pid, "net": 4026531992}, first_net)

    assert standing.net_namespace is seen
    assert standing.user_namespace is False


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    """Where there is no /proc there is no answer, and no error."""
    standing = Standing.read(str(tmp_path), str(tmp_path))

    assert (standing.user_namespace, standing.net_namespace, standing.boot_options) == (None, None, None)
    assert standing.capabilities == 0


def test_as_a_document_the_capabilities_have_names() -> None:
    """Those that a run makes use of."""
    capabilities = STRIPPED.to_json()["capabilities"]

    assert isinstance(capabilities, dict)
    assert capabilities["CAP_AUDIT_CONTROL"] is False
    assert capabilities["CAP_NET_ADMIN"] is True
