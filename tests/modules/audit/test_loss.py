"""The loss ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mig_audit.modules.audit.loss import Loss

HEALTHY = Loss(
    received=100,
    written=100,
    unwritten=0,
    processed=100,
    foreign=0,
    overruns=0,
    lost=0,
    gap=0,
    ranges=(),
    unparsed=0,
    incomplete=0,
    log_size=1,
)


def _said(loss: Loss) -> list[str]:
    return [str(error) for error in loss.errors()]


def test_a_healthy_run_has_nothing_to_say() -> None:
    """Between 0 and 0 events are missing."""
    assert _said(HEALTHY) == []
    assert HEALTHY.to_json()["events_missing"] == {"min": 0, "max": 0}


@pytest.mark.parametrize(
    ("change", "least", "most", "words"),
    [
        ({"gap": 5}, 5, 5, "between 5 and 5 events are missing"),
        ({"lost": 7}, 0, 7, "between 0 and 7 events are missing"),
        ({"gap": 5, "lost": 7}, 5, 12, "between 5 and 12 events are missing"),
        ({"overruns": 1}, 0, 0, "socket overruns 1"),
        ({"gap": 5, "lost": None}, 5, None, "between 5 and an unknown number"),
        ({"lost": None}, 0, None, "it is not known how many"),
    ],
)
def test_what_is_missing_is_an_interval(
    change: dict[str, Any], least: int, most: int | None, words: str
) -> None:
    """The serial gap is its lower end, what the kernel refused its width."""
    loss = replace(HEALTHY, **change)

    assert loss.to_json()["events_missing"] == {"min": least, "max": most}
    assert any(words in said for said in _said(loss))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unwritten": 3}, "3 records came and could not be written"),
        ({"processed": 90}, "10 records were not processed in time"),
        ({"unparsed": 2}, "2 records could not be parsed"),
    ],
)
def test_no_kind_of_loss_is_silent(change: dict[str, Any], words: str) -> None:
    """Each has a sentence, and each sentence a remedy."""
    (said,) = _said(replace(HEALTHY, **change))

    assert words in said
