"""Permissions of a rule, ``rwxa``: the bits of the field, and the system calls that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules.constants import (
    AUDIT_PERM_ATTR,
    AUDIT_PERM_EXEC,
    AUDIT_PERM_READ,
    AUDIT_PERM_WRITE,
)
from mig_audit.modules.audit.tables import permission_syscalls

if TYPE_CHECKING:
    from mig_audit.modules.audit.rules.words import Word

PERMISSIONS = {"r": AUDIT_PERM_READ, "w": AUDIT_PERM_WRITE, "x": AUDIT_PERM_EXEC, "a": AUDIT_PERM_ATTR}
ALL_PERMISSIONS = AUDIT_PERM_READ | AUDIT_PERM_WRITE | AUDIT_PERM_EXEC | AUDIT_PERM_ATTR


def permission_bits(word: Word) -> int:
    """Return the bits of AUDIT_PERM_* for up to four letters, in upper or lower case."""
    if len(word.text) > len(PERMISSIONS):
        raise RuleError(f"permissions are up to four of r, w, x and a, not {word.text!r}", word.columns[4])
    bits = 0
    for index, letter in enumerate(word.text):
        if letter.lower() not in PERMISSIONS:
            raise RuleError(f"permissions are r, w, x and a, not {letter!r}", word.columns[index])
        bits |= PERMISSIONS[letter.lower()]
    return bits


def permission_mask(bits: int, machine: str) -> int:
    """Return the mask of the system calls that can use these permissions.

    auditctl since 4.0 narrows a rule with ``arch`` and ``perm`` to them, so that the kernel need not look at others.
    """
    mask = 0
    for letter, bit in PERMISSIONS.items():
        if bits & bit:
            for number in permission_syscalls(machine, letter):
                mask |= 1 << number
    return mask
