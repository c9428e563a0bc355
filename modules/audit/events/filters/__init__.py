"""Filters: which events go on. One model of conditions behind documents and expressions, compiled once."""

from __future__ import annotations

from mig_audit.modules.audit.events.filters.document import (
    DROP,
    KEEP,
    FilterSpec,
    make_filters,
    never_matching,
    parse_condition,
    parse_filters,
)
from mig_audit.modules.audit.events.filters.expression import parse_expression
from mig_audit.modules.audit.events.filters.fields import FIELDS
from mig_audit.modules.audit.events.filters.leaves import make_leaf
from mig_audit.modules.audit.events.filters.matching import compile_condition
from mig_audit.modules.audit.events.filters.stages import Filters
from mig_audit.modules.audit.events.verdict import DROPPED, KEPT

__all__ = [
    "DROP",
    "DROPPED",
    "FIELDS",
    "KEEP",
    "KEPT",
    "FilterSpec",
    "Filters",
    "compile_condition",
    "make_filters",
    "make_leaf",
    "never_matching",
    "parse_condition",
    "parse_expression",
    "parse_filters",
]
