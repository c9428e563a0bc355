#!/usr/bin/env python3
"""Measure what enrichment and filters add to a replay, or take from it, in CPU per record.

    python bench/filtering.py LOG [--rounds 5] [--keep CONDITION ...]

Each round reads the log once in every way, in turn, so that what the machine does beside it hits all of them. Printed
is the least CPU per record over the rounds, its ratio to that of the plain replay, and what share of the events went
on.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any, NamedTuple, Optional

from mig_audit.modules.audit.events import Origin
from mig_audit.modules.audit.events.enrichment import Enricher, parse_enrichment
from mig_audit.modules.audit.events.filters import make_filters, parse_filters
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.modules.audit.sources import Asked, open_sources

# One of each kind, of which each keeps about a tenth of the busy host's events or less.
_CONDITIONS = (
    "key = exec",
    "type = EXECVE",
    "syscall = rename",
    "exe = /usr/bin/sudo",
    "user = bin",
    "path ^= /etc",
    "address in 127.0.0.0/8",
    "errno = ENOENT and category = network",
    "uid = 0 and exe ~ '^/usr/bin/(sudo|su)$'",
)
_LABEL = {"label": "sudo", "where": "exe = /usr/bin/sudo"}


class Way(NamedTuple):
    """One way to read a log: what is enriched, and what is kept."""

    name: str
    enrich: Optional[dict[str, Any]] = None
    keep: Optional[str] = None


class Never:
    """Waits for nothing; see `mig_audit.modules.audit.sources.interface.Patience`."""

    over = False

    def wait(self, _descriptor: Optional[int], _seconds: float) -> bool:
        """Return at once."""
        return False


class Discarded:
    """Takes events and keeps none."""

    def put(self, event: bytes) -> None:
        """Take one."""


def measure(blocks: list[bytes], way: Way) -> tuple[float, float]:
    """Return microseconds of CPU per record, and the share of events that went on."""
    origin = Origin.here()
    specs = parse_filters([{"keep": way.keep}]) if way.keep else ()
    pipeline = Pipeline(
        make_format("mozdef", origin),
        (Discarded(),),
        limit=0,
        max_size=0,
        names=origin.names,
        filters=make_filters(specs) if specs else None,
        enricher=None if way.enrich is None else Enricher(parse_enrichment(way.enrich)),
    )
    began = time.process_time()
    for block in blocks:
        pipeline.feed(block)
    pipeline.flush()
    seconds = time.process_time() - began
    account = pipeline.account()
    return seconds / account.received * 1e6, pipeline.findings / account.events


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", nargs="+", default=_CONDITIONS, metavar="CONDITION")
    options = parser.parse_args()
    (source,) = open_sources(Asked([options.log], rotated=False, follow=False), Never())
    blocks = [block for block in source.blocks() if block]
    ways = [
        Way("plain"),
        Way("enrich", enrich={}),
        Way("enrich with labels", enrich={"labels": [_LABEL]}),
        *(Way(f"keep {each}", keep=each) for each in options.keep),
        Way("enrich, keep path ^= /etc", enrich={}, keep="path ^= /etc"),
        Way("enrich with labels, keep label = sudo", enrich={"labels": [_LABEL]}, keep="label = sudo"),
    ]
    results = [[measure(blocks, way) for way in ways] for _ in range(options.rounds)]
    least = [min(each[index][0] for each in results) for index in range(len(ways))]
    for way, cost, (_, share) in zip(ways, least, results[0]):
        print(f"{cost:6.2f} us/record  {cost / least[0]:5.2f}  {share:6.1%} of the events  {way.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
