"""When events are missing, what is called exact stays right."""

from __future__ import annotations

import random
import re

import pytest
from file_truth import WORKLOADS, content, precision, rows_of, score, total

_SERIAL = re.compile(rb"msg=audit\([0-9.]+:([0-9]+)\)")
_SEEDS = range(3)


def _without(log: bytes, share: float, seed: int) -> bytes:
    """Return a log without some of its events."""
    lines = log.splitlines(keepends=True)
    serials = [match[1] for match in map(_SERIAL.search, lines) if match]
    chance = random.Random(seed)  # noqa: S311  # it is to be repeatable, not secret
    lost = {serial for serial in dict.fromkeys(serials) if chance.random() < share}
    return b"".join(line for line, serial in zip(lines, serials) if serial not in lost)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.05])
def test_what_is_exact_is_right_though_events_are_missing(share: float) -> None:
    """Of each workload, so many of its events, at random."""
    together = total(
        score(workload, rows_of(_without(content(workload, "raw.log"), share, seed))[0])
        for workload in WORKLOADS
        for seed in _SEEDS
    )

    assert precision(together.paths, "exact") >= 0.999
    assert precision(together.starts, "exact") >= 0.999
    assert together.paths["exact", True] > 5000
    assert together.starts["exact", True] > 3000


def test_so_many_missing_events_are_told() -> None:
    """As rows, with how many there are."""
    log = _without(content("d4_threads", "raw.log"), 0.05, 1)
    rows, pipeline = rows_of(log)
    missing = sum(serials.missing for serials in pipeline.account().serials.values())

    assert sum(row.amount or 0 for row in rows if row.kind == "GAP") == missing > 20
    assert pipeline.activity.missing == missing


def test_an_event_that_has_no_end_is_not_missing() -> None:
    """The kernel ends only events of calls: others are whole when time has passed, long after those that follow."""
    lines = content("d4_threads", "raw.log").splitlines(keepends=True)
    stamp = next(line for line in lines[1000:] if b"type=EOE" in line).split(b" ")[1]
    place = next(number for number, line in enumerate(lines) if stamp in line)
    rest = [line for line in lines if stamp not in line]
    alone = b"type=CONFIG_CHANGE %s op=set lost=0 old=0 res=1\n" % stamp
    rows, pipeline = rows_of(b"".join([*rest[:place], alone, *rest[place:]]))

    assert [row for row in rows if row.kind == "GAP"] == []
    assert (pipeline.activity.outcomes["late"], pipeline.activity.missing) == (0, 0)
    assert [row.kind for row in rows_of(b"".join(rest))[0]].count("GAP") == 1
