"""What a rule needs of the kernel, where not every kernel has it: the feature bits of its audit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.rules import constants as c

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.rules.model import Rule

# AUDIT_FEATURE_BITMAP_* of linux/audit.h
_EXECUTABLE_PATH = 0x04
_EXCLUDE_EXTEND = 0x08
_SESSIONID_FILTER = 0x10
_FILTER_FS = 0x40

_ALWAYS_EXCLUDED_BY = frozenset(
    (
        c.AUDIT_PID,
        c.AUDIT_UID,
        c.AUDIT_GID,
        c.AUDIT_LOGINUID,
        c.AUDIT_MSGTYPE,
        c.AUDIT_SUBJ_USER,
        c.AUDIT_SUBJ_ROLE,
        c.AUDIT_SUBJ_TYPE,
        c.AUDIT_SUBJ_SEN,
        c.AUDIT_SUBJ_CLR,
        c.AUDIT_EXE,
    )
)


def missing_features(rule: Rule, bitmap: int) -> tuple[str, ...]:
    """Return in words what a rule needs that a kernel with these feature bits has not; none if it can be loaded."""
    return tuple(words for bit, words in _needed(rule) if not bitmap & bit)


def _needed(rule: Rule) -> Iterator[tuple[int, str]]:
    codes = {field.code for field in rule.fields}
    if c.AUDIT_EXE in codes:
        yield _EXECUTABLE_PATH, "the field exe"
    if c.AUDIT_SESSIONID in codes:
        yield _SESSIONID_FILTER, "the field sessionid"
    if rule.filter_list == c.AUDIT_FILTER_FS:
        yield _FILTER_FS, "the filesystem list"
    if rule.filter_list == c.AUDIT_FILTER_EXCLUDE and codes - _ALWAYS_EXCLUDED_BY - {c.AUDIT_FILTERKEY}:
        yield _EXCLUDE_EXTEND, "more than msgtype, pid, uid, gid, auid, subj_* and exe on the exclude list"
