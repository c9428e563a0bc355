"""The loss ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mig_audit.modules.audit.loss import Loss
from mig_audit.modules.audit.recorder.canaries import Canaries
from mig_audit.modules.audit.recorder.unwritten import Unwritten

_BACK = Canaries(sent=3, returned=3, first=1, last=100, opened=True, closed=True)
HEALTHY = Loss(received=100, written=100, processed=100, canaries=_BACK, log_size=1)


def _said(loss: Loss) -> list[str]:
    return [str(error) for error in loss.errors()]


def test_a_healthy_run_has_nothing_to_say() -> None:
    """Between 0 and 0 events are missing."""
    assert _said(HEALTHY) == []
    assert HEALTHY.to_json()["events_missing"] == {"min": 0, "max": 0, "why": ""}


@pytest.mark.parametrize(
    ("change", "least", "most", "words"),
    [
        ({"gap": 5}, 5, 5, "between 5 and 5 events are missing"),
        ({"lost": 7}, 0, 7, "between 0 and 7 events are missing"),
        ({"gap": 5, "lost": 7}, 5, 12, "between 5 and 12 events are missing"),
        ({"overruns": 1}, 0, 0, "socket overruns 1"),
        ({"gap": 5, "unplaced": 2}, 3, 5, "between 3 and 5 events are missing"),
        ({"gap": 5, "lost": None}, 5, None, "between 5 and an unknown number"),
        ({"lost": None}, 0, None, "it is not known how many"),
    ],
)
def test_what_is_missing_is_an_interval(
    change: dict[str, Any], least: int, most: int | None, words: str
) -> None:
    """The serial gap is its lower end, what the kernel refused its width."""
    loss = replace(HEALTHY, **change)

    missing = loss.to_json()["events_missing"]
    assert isinstance(missing, dict)
    assert (missing["min"], missing["max"]) == (least, most)
    assert (missing["max"] is None) == bool(missing["why"])
    assert any(words in said for said in _said(loss))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unwritten": Unwritten(3)}, "3 records came and could not be written"),
        ({"processed": 90}, "10 records were not processed in time"),
        ({"unparsed": 2}, "2 records could not be parsed"),
    ],
)
def test_no_kind_of_loss_is_silent(change: dict[str, Any], words: str) -> None:
    """Each has a sentence, and each sentence a remedy."""
    (said,) = _said(replace(HEALTHY, **change))

    assert words in said


@pytest.mark.parametrize(
    ("canaries", "change", "path", "bounded"),
    [
        (_BACK, {"overruns": 1}, "alive", True),
        (replace(_BACK, opened=False), {}, "alive", False),
        (Canaries(sent=3, returned=2, silent_since=1.5), {}, "silent", False),
        (Canaries(sent=3, returned=2, silent_since=1.5), {"may_filter": True}, "silent", False),
        (Canaries(sent=3, silent_since=1.5), {"may_filter": True}, "filtered", True),
        (Canaries(sent=3, silent_since=1.5), {"may_filter": True, "overruns": 1}, "filtered", False),
        (Canaries(sent=1, unsent="EPERM", refused=True), {}, "refused", True),
        (Canaries(unsent="not asked for"), {}, "unsent", True),
        (Canaries(unsent="not asked for"), {"overruns": 1}, "unsent", False),
        (_BACK, {"processed": 90}, "alive", False),
        (_BACK, {"processed": 90, "skimmed": 10}, "alive", True),
    ],
)
def test_without_a_canary_there_is_an_upper_bound_only_where_the_socket_lost_nothing(
    canaries: Canaries, change: dict[str, Any], path: str, bounded: bool
) -> None:
    """What was dropped at the very end leaves no gap; and what was not looked at may have one."""
    loss = replace(HEALTHY, canaries=canaries, **change)

    assert loss.path == path
    assert (loss.most is not None) == bounded
    assert bool(loss.doubt) != bounded
    if path in {"silent", "filtered", "refused"}:
        assert any("canar" in said for said in _said(loss))


def test_a_canary_that_was_lost_is_no_missing_event() -> None:
    """Its serial is in the gap, all the same."""
    loss = replace(HEALTHY, gap=5, canaries=replace(_BACK, sent=5))

    assert (loss.least, loss.most) == (3, 5)


def test_what_could_not_be_written_is_missing_and_the_interval_says_why() -> None:
    """It is in the gap; of that, what is our own or came behind the window's end need not be missing."""
    unwritten = Unwritten(records=60, in_window=105, highest=110, own=2)
    loss = replace(HEALTHY, written=40, processed=40, gap=20, beyond=5, lost=3, unwritten=unwritten)

    meters = "kernel lost 3, serial gap 20, socket overruns 0, records not written 60"
    why = "60 records came and could not be written to the raw log"
    assert loss.to_json()["events_missing"] == {"min": 13, "max": 23, "why": why}
    assert _said(loss) == [
        f"between 13 and 23 events are missing ({meters}): audit fewer events, or give the raw log more room",
        f"{why}: their events are missing, or incomplete",
    ]


def test_where_nothing_at_all_could_be_written_there_is_no_upper_bound() -> None:
    """There is no serial from which those of the records that were dropped could be counted."""
    loss = replace(HEALTHY, written=0, processed=0, unwritten=Unwritten(records=100), uncounted=True)

    assert loss.most is None
    assert "and none before them" in loss.doubt
