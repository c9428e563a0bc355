"""``-w PATH``: the fields of a watch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mig_audit.errors import RuleError
from mig_audit.modules.audit.rules.constants import (
    AUDIT_DIR,
    AUDIT_EQUAL,
    AUDIT_PERM,
    AUDIT_WATCH,
    NAME_MAX,
    PATH_MAX,
)
from mig_audit.modules.audit.rules.model import Field
from mig_audit.modules.audit.rules.permissions import ALL_PERMISSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.modules.audit.rules.names import Names
    from mig_audit.modules.audit.rules.words import Word

_SHORTEST_TRIMMED = 3  # auditctl leaves `//` as it is


def watch_fields(argument: Word, names: Names) -> tuple[Field, ...]:
    """Return the fields for a path: ``dir`` if it is a directory now, else ``path``, and every permission."""
    path = argument.data
    if not path.startswith(b"/"):
        raise RuleError(f"a watch is an absolute path, not {argument.text!r}", argument.column)
    if len(path) >= PATH_MAX or len(path.rstrip(b"/").rpartition(b"/")[2]) > NAME_MAX:
        raise RuleError(
            f"a path has at most {PATH_MAX - 1} bytes, and its last part {NAME_MAX}", argument.column
        )
    if len(path) >= _SHORTEST_TRIMMED:
        path = path.rstrip(b"/") or b"/"
    code = AUDIT_DIR if names.is_directory(path) else AUDIT_WATCH
    return (Field.of_text(code, AUDIT_EQUAL, path), Field(AUDIT_PERM, AUDIT_EQUAL, ALL_PERMISSIONS))


def watch_warnings(argument: Word) -> Iterator[str]:
    """Yield what to know of a path that the kernel will not take for what it looks like."""
    if ".." in argument.text:
        yield f"{argument.text} is watched where it leads now: '..' is resolved once"
    if "*" in argument.text or "?" in argument.text:
        yield f"{argument.text} is watched literally: audit knows no wildcards"
