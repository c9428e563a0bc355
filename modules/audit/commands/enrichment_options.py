"""The options of the command line that enrich events from the log alone."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Optional

from mig_audit.quantities import parse_duration

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mig_audit.modules.audit.events.enrichment import Enricher


def add_enrichment(parser: ArgumentParser) -> None:
    """Add the options to a parser."""
    group = parser.add_argument_group("enrichment, from the log alone (docs/enrichment.md)")
    group.add_argument("--enrich", action="store_true", help="add parent, ancestors and script to each event")
    group.add_argument(
        "--trust-pids",
        type=_milliseconds,
        metavar="DURATION",
        help="how long a pid is taken to be the process that was seen with it (default: as long as that is certain)",
    )


def enricher_of(options: Namespace, *, always: bool = False) -> Optional[Enricher]:
    """Return what the options ask for; ``always`` if it is needed whether they do or not."""
    if not options.enrich and not always:
        return None
    from mig_audit.modules.audit.events.enrichment import (  # noqa: PLC0415  # slow to import, and few need it
        Enricher,
        EnrichmentSettings,
    )

    settings = EnrichmentSettings(ancestors=64 if always else 8, cgroups=False, trust=options.trust_pids)
    return Enricher(settings)


def _milliseconds(text: str) -> int:
    try:
        return round(parse_duration(text) * 1000)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 30s or 10m") from error
