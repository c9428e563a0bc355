"""What a field of a record is, by its name and its record's type."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Optional

from mig_audit.late_patterns import compile_late
from mig_audit.modules.audit.records.interpretation.words import document

_ARGUMENT = compile_late(r"a[0-9]{1,10}(?:\[[0-9]{1,10}\])?")


class Kind(NamedTuple):
    """What a field is.

    Attributes:
        name: a kind of `interpreter`, or a table of words.
        base: in which the number of a table is written; 0 for other kinds.
    """

    name: str
    base: int


@lru_cache(maxsize=4096)
def field_kind(record: str, name: str) -> Optional[Kind]:
    """Return what a field is; None for one that is what it says."""
    tables = document()
    if record == "EXECVE" and _ARGUMENT.fullmatch(name):
        return Kind("string", 0)
    special = tables["records"].get(record, {})
    kind = special[name] if name in special else tables["fields"].get(name)
    if kind is None:
        return None
    return Kind(kind, 0) if isinstance(kind, str) else Kind(*kind)
