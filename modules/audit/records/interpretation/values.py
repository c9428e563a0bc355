"""Values that mean something by themselves: strings, modes, capabilities, results, what was typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.records.decoding import Absent, decode, printable, printable_value
from mig_audit.modules.audit.records.interpretation.addresses import address
from mig_audit.modules.audit.records.interpretation.keystrokes import keystrokes
from mig_audit.modules.audit.records.interpretation.modes import file_mode, permissions
from mig_audit.modules.audit.records.interpretation.numbers import number
from mig_audit.modules.audit.records.interpretation.words import choices, document
from mig_audit.modules.audit.tables import URING, arch_name, errno_name, syscall_name

if TYPE_CHECKING:
    from collections.abc import Mapping

UNSET = 4_294_967_295  # (uid_t)-1, how records write "never set"
_HEX_BYTES = compile_late(rb"(?:[0-9A-Fa-f]{2})+")
_PERMISSIONS = ((4, "read"), (2, "write"), (1, "exec"), (8, "attr"))  # linux/audit.h AUDIT_PERM_*
_ALL_PERMISSIONS = 15


def machine(raw: bytes) -> Optional[str]:
    """Return the name of an architecture, None if it has none."""
    elf = number(raw, 16)
    return None if elf is None else arch_name(elf)


def _machine_text(raw: bytes) -> Optional[str]:
    if number(raw, 16) is None:
        return None
    return machine(raw) or f"unknown-elf-type({printable(raw)})"


def _uring_operation(raw: bytes) -> Optional[str]:
    operation = number(raw, 10)
    return None if operation is None else syscall_name(URING, operation)


def _exit(raw: bytes) -> Optional[str]:
    code = number(raw, 10)
    name = errno_name(-code) if code is not None and code < 0 else None
    return None if name is None else f"{name}({document()['errors'][name]})"


def _keys(raw: bytes) -> Optional[str]:
    """Return the keys of all rules that matched; auditctl joins several with 0x01."""
    value = decode(raw)
    if isinstance(value, Absent):
        return None
    return ",".join(printable(key) for key in value.split(b"\x01"))


def _title(raw: bytes) -> Optional[str]:
    value = decode(raw)
    return None if isinstance(value, Absent) else printable(value.replace(b"\0", b" "))


def _keystrokes(raw: bytes) -> Optional[str]:
    return keystrokes(bytes.fromhex(raw.decode("ascii"))) if _HEX_BYTES.fullmatch(raw) else None


def _session(raw: bytes) -> Optional[str]:
    return "unset" if number(raw, 10) == UNSET else None


def _result(raw: bytes) -> Optional[str]:
    value = number(raw, 10)
    return None if value is None or value < 0 else {0: "no", 1: "yes"}.get(value, "unset")


def _file_mode(raw: bytes) -> Optional[str]:
    mode = number(raw, 8)
    return None if mode is None else file_mode(mode)


def _permissions_mode(raw: bytes) -> Optional[str]:
    mode = number(raw, 8)
    return None if mode is None else permissions(mode)


def _capabilities(raw: bytes) -> Optional[str]:
    bits = number(raw, 16)
    if bits is None:
        return None
    words = choices("capabilities").words
    return ",".join(words[bit] for bit in sorted(words) if bits >> bit & 1) or "none"


def _rule_permissions(raw: bytes) -> Optional[str]:
    bits = number(raw, 10)
    if bits is None:
        return None
    return ",".join(word for bit, word in _PERMISSIONS if (bits or _ALL_PERMISSIONS) & bit) or None


def _promiscuity(raw: bytes) -> Optional[str]:
    flag = number(raw, 10)
    return None if flag is None else "yes" if flag else "no"


def _permission_list(raw: bytes) -> Optional[str]:
    return ",".join(printable(word) for word in raw.split())


def _rule_number(raw: bytes) -> Optional[str]:
    value = number(raw, 16)
    return None if value is None else str(value)


# By kind of field. None where the value is not of its shape, or means no more than it says.
READERS: Mapping[str, Callable[[bytes], Optional[str]]] = {
    "machine": _machine_text,
    "uring-operation": _uring_operation,
    "exit": _exit,
    "string": printable_value,
    "keys": _keys,
    "title": _title,
    "keystrokes": _keystrokes,
    "address": address,
    "session": _session,
    "result": _result,
    "file-mode": _file_mode,
    "permissions-mode": _permissions_mode,
    "capability-set": _capabilities,
    "permissions": _rule_permissions,
    "promiscuity": _promiscuity,
    "permission-list": _permission_list,
    "rule-number": _rule_number,
}
