"""ECS's words for what an event is: ``event.category`` and ``event.type``, as the two lists of ECS allow them together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.formats.file_actions import (
    CREATE,
    DELETE,
    EXAMINE,
    OPEN,
    READ,
    file_action,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.events import Event

Words = tuple[tuple[str, ...], tuple[str, ...]]

_DENIALS = frozenset({"denied", "DENIED"})
_CATEGORIES: Mapping[str, Words] = {
    category: (tuple(kinds.split()), tuple(types.split()))
    for category, kinds, types in (
        ("execve", "process", "start"),
        ("ptrace", "process", "access"),
        ("signal", "process", "info"),
        ("privilege", "process", "change"),
        ("namespace", "process", "change"),
        ("process", "process", "info"),
        ("ipc", "process", "access"),
        ("directory", "process", "change"),
        ("descriptor", "process", "info"),
        ("memory", "process", "change"),
        ("keyring", "process", "access"),
        ("uring", "process", "info"),
        ("perf", "process", "info"),
        ("syscall", "process", "info"),
        ("seccomp", "process", "info"),
        ("command", "process", "start"),
        ("service", "process", "info"),
        ("crypto", "process", "info"),
        ("socket", "network", "info"),
        ("bind", "network", "info"),
        ("listen", "network", "info"),
        ("connect", "network", "connection start"),
        ("accept", "network", "connection start"),
        ("send", "network", "connection info"),
        ("receive", "network", "connection info"),
        ("module", "driver", "start"),
        ("bpf", "driver", "start"),
        ("mount", "host", "change"),
        ("kexec", "host", "change"),
        ("system", "host", "change"),
        ("device", "host", "change"),
        ("virtualisation", "host", "info"),
        ("time", "configuration", "change"),
        ("config", "configuration", "change"),
        ("mac", "configuration", "change"),
        ("firewall", "configuration", "change"),
        ("promiscuous", "configuration", "change"),
        ("daemon", "configuration", "info"),
        ("apparmor", "intrusion_detection", "info"),
        ("avc", "intrusion_detection", "info"),
        ("landlock", "intrusion_detection", "denied"),
        ("anomaly", "intrusion_detection", "info"),
        ("response", "intrusion_detection", "info"),
        ("integrity", "file", "info"),
        ("authentication", "authentication", "info"),
        ("session", "session", "info"),
        ("tty", "session", "info"),
        ("account", "iam", "info"),
        ("software", "package", "info"),
    )
}
_OTHER: Words = (("host",), ("info",))
_BY_TYPE: Mapping[str, Words] = {
    name: (tuple(kinds.split()), tuple(types.split()))
    for names, kinds, types in (
        ("USER_AUTH", "authentication", "start"),
        ("USER_CHAUTHTOK", "iam", "user change"),
        ("GRP_CHAUTHTOK", "iam", "group change"),
        ("USER_LOGIN", "authentication session", "start"),
        ("USER_START LOGIN CRYPTO_LOGIN", "session", "start"),
        ("USER_END USER_LOGOUT CRYPTO_LOGOUT", "session", "end"),
        ("ADD_USER", "iam", "user creation"),
        ("DEL_USER", "iam", "user deletion"),
        ("ADD_GROUP", "iam", "group creation"),
        ("DEL_GROUP", "iam", "group deletion"),
        ("USER_MGMT ACCT_LOCK ACCT_UNLOCK USER_ROLE_CHANGE", "iam", "user change"),
        ("GRP_MGMT", "iam", "group change"),
        ("ROLE_ASSIGN ROLE_REMOVE ROLE_MODIFY", "iam", "admin change"),
        ("SERVICE_START", "process", "start"),
        ("SERVICE_STOP", "process", "end"),
        ("SYSTEM_BOOT", "host", "start"),
        ("SYSTEM_SHUTDOWN", "host", "end"),
        ("ANOM_ABEND", "process", "end"),
    )
    for name in names.split()
}
_BY_SYSCALL: Mapping[str, Words] = {
    **dict.fromkeys(["fork", "vfork", "clone", "clone3"], (("process",), ("start",))),
    **dict.fromkeys(["exit", "exit_group"], (("process",), ("end",))),
    "delete_module": (("driver",), ("end",)),
}
_BY_FILE_ACTION = {CREATE: "creation", DELETE: "deletion", OPEN: "access", READ: "access", EXAMINE: "access"}


def classify(event: Event) -> Words:
    """Return the values of ``event.category`` and of ``event.type``."""
    action = file_action(event)
    if action is not None:
        # A file that was opened for writing may have been changed; no record says so.
        changed = action == OPEN and event.category == "write"
        return ("file",), ("change" if changed else _BY_FILE_ACTION.get(action, "change"),)
    for name in event.types:
        if name in _BY_TYPE:
            return _BY_TYPE[name]
    if event.category in {"avc", "apparmor"}:
        return ("intrusion_detection",), (_verdict(event),)
    by_syscall = _BY_SYSCALL.get(event.syscall.name or "") if event.syscall else None
    return by_syscall or _CATEGORIES.get(event.category, _OTHER)


def _verdict(event: Event) -> str:
    words = {field.value for field in event.rest if field.name in {"seresult", "apparmor"}}
    if words & _DENIALS:
        return "denied"
    return "allowed" if words & {"granted", "ALLOWED"} else "info"
