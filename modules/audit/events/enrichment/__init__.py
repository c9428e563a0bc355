"""Enrichment: what an event's own records do not tell: ancestors, container, unit, script, environment, hash, labels."""

from __future__ import annotations

from mig_audit.modules.audit.events.enrichment.enricher import Enricher
from mig_audit.modules.audit.events.enrichment.model import Ancestor, Enrichment, Gap, Place
from mig_audit.modules.audit.events.enrichment.proc import Proc
from mig_audit.modules.audit.events.enrichment.settings import (
    EnrichmentSettings,
    LabelRule,
    parse_enrichment,
)

__all__ = [
    "Ancestor",
    "Enricher",
    "Enrichment",
    "EnrichmentSettings",
    "Gap",
    "LabelRule",
    "Place",
    "Proc",
    "parse_enrichment",
]
