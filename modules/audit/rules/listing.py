"""Rules as ``auditctl -l`` of audit 4.2.1 prints them, byte for byte.

For comparing with what auditctl says of a host. It is not always text that can be read again: a watch for ``never``
looks like one for ``always``, numbers beyond 2**31 are negative, a file type is a number, and so on; `printing` has
text that can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.rules import constants as c
from mig_audit.modules.audit.rules.model import SYSCALLS
from mig_audit.modules.audit.rules.names import HOST
from mig_audit.modules.audit.rules.printing import (
    ACTION_NAMES,
    COMPARED,
    LIST_NAMES,
    SYMBOLS,
    call_names,
    exit_text,
    machine_of,
    permission_letters,
)
from mig_audit.modules.audit.tables import URING, field_name, filesystem_name
from mig_audit.modules.audit.tables.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.rules.model import Field, Rule
    from mig_audit.modules.audit.rules.names import Names

_ALL = (1 << (SYSCALLS - 32)) - 1  # auditctl leaves the last word of the mask out of account
_WITHOUT_SYSCALLS = frozenset(
    (c.AUDIT_FILTER_USER, c.AUDIT_FILTER_TASK, c.AUDIT_FILTER_EXCLUDE, c.AUDIT_FILTER_FS)
)
_WATCH_FIELDS = frozenset((c.AUDIT_PERM, c.AUDIT_FILTERKEY, c.AUDIT_DIR, c.AUDIT_WATCH))
_ARGUMENTS = frozenset((c.AUDIT_ARG0, c.AUDIT_ARG1, c.AUDIT_ARG2, c.AUDIT_ARG3))
_URING_KNOWN = 37  # auditctl looks no further than IORING_OP_UNLINKAT
_SIGN = 0x80000000
_MODULUS = 1 << 32


def list_rule(rule: Rule, *, names: Names = HOST) -> bytes:
    """Return the line that ``auditctl -l`` prints for a loaded rule, without the newline."""
    watch = _is_watch(rule)
    parts = [] if watch else [*_head(rule, names)]
    parts += [_field(field, watch=watch) for field in rule.fields if field.code != c.AUDIT_ARCH]
    return b"".join(parts)


def _is_watch(rule: Rule) -> bool:
    codes = {field.code for field in rule.fields}
    return c.AUDIT_PERM in codes and codes <= _WATCH_FIELDS and _is_for_all(rule)


def _is_for_all(rule: Rule) -> bool:
    return rule.filter_list in _WITHOUT_SYSCALLS or rule.mask & _ALL == _ALL


def _head(rule: Rule, names: Names) -> Iterator[bytes]:
    yield f"-a {ACTION_NAMES.get(rule.action)},{LIST_NAMES.get(rule.filter_list)}".encode()
    for field in rule.fields:
        if field.code == c.AUDIT_ARCH:
            abi = "b64" if field.value & c.AUDIT_ARCH_64BIT else "b32"
            yield f" -F arch{SYMBOLS[field.op]}{abi}".encode()
    if rule.filter_list not in _WITHOUT_SYSCALLS:
        yield _syscalls(rule, machine_of(rule, names))


def _syscalls(rule: Rule, machine: Optional[str]) -> bytes:
    if _is_for_all(rule):
        return b" -S all"
    known = range(_URING_KNOWN if machine == URING else SYSCALLS)
    names = call_names((number for number in known if rule.mask >> number & 1), machine)
    return f" -S {names}".encode() if names else b""


def _field(field: Field, *, watch: bool) -> bytes:
    symbol = SYMBOLS[field.op].encode()
    text = field.text or b""
    if field.code == c.AUDIT_FILTERKEY:
        option = b" -k " if watch else b" -F key" + symbol
        return b"".join(option + key for key in text.split(c.AUDIT_KEY_SEPARATOR) if key)
    if field.code == c.AUDIT_PERM:
        return (b" -p " if watch else b" -F perm" + symbol) + permission_letters(field.value).encode()
    if watch:
        return b"-w " + text
    if field.code == c.AUDIT_FIELD_COMPARE:
        return _comparison(field)
    name = (field_name(field.code) or f"f{field.code}").encode()
    return b" -F " + name + symbol + (text if field.code in c.TEXT_FIELDS else _value(field).encode())


def _comparison(field: Field) -> bytes:
    if field.value not in COMPARED:
        return b""
    first, second = (field_name(code) for code in COMPARED[field.value])
    return f" -C {first}{SYMBOLS[field.op]}{second}".encode()


def _value(field: Field) -> str:
    if field.code in _ARGUMENTS:
        return f"0x{field.value:X}"
    if field.code == c.AUDIT_EXIT:
        return exit_text(field.value)
    if field.code == c.AUDIT_INODE:
        return str(field.value)
    name = None
    if field.code == c.AUDIT_MSGTYPE:
        name = table("record-types").name(field.value)
    elif field.code == c.AUDIT_FSTYPE:
        name = filesystem_name(field.value)
    return name or str(field.value - _MODULUS if field.value >= _SIGN else field.value)
