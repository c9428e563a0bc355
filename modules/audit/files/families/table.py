"""All calls that are followed, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.modules.audit.files.families import (
    copying,
    descriptors,
    directories,
    living,
    mapping,
    nameless,
    opening,
    renaming,
    seeking,
    transferring,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mig_audit.modules.audit.files.families import Handler

CALLS: Mapping[str, Handler] = {
    **opening.CALLS,
    **descriptors.CALLS,
    **transferring.CALLS,
    **seeking.CALLS,
    **copying.CALLS,
    **mapping.CALLS,
    **living.CALLS,
    **directories.CALLS,
    **renaming.CALLS,
    **nameless.CALLS,
}
NEVER_FAIL = frozenset({"exit", "exit_group"})
"""Calls that do not return, so that nothing says of them whether they succeeded."""
