"""The query that is worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from mig_audit.persistent.under_way import HURRY, KILLING, UnderWay

if TYPE_CHECKING:
    from mig_audit.persistent.query import Query
    from mig_audit.separate_run import SeparateRun


class _Run:
    """A run that only hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def stop(self, reason: str) -> None:
        """Hear it."""
        self.heard.append(reason)

    def kill(self) -> None:
        """Hear that."""
        self.heard.append("SIGKILL")


@pytest.fixture
def run() -> _Run:
    """Have heard nothing yet."""
    return _Run()


@pytest.fixture
def work(run: _Run) -> UnderWay:
    """It began at 100 seconds."""
    return UnderWay(1, cast("SeparateRun", run), cast("Query", None), 100.0)


def test_a_client_that_asks_twice_is_in_a_hurry(run: _Run, work: UnderWay) -> None:
    """Each of its requests is passed on."""
    work.client_stops()
    work.client_stops()

    assert run.heard == ["stop message"] * 2


def test_the_end_is_asked_for_once(run: _Run, work: UnderWay) -> None:
    """Whatever the reasons for it are."""
    work.end("one", 101.0)
    work.end("two", 102.0)
    work.look_at_the_clock(101.0 + HURRY)

    assert run.heard == ["one"]


@pytest.mark.parametrize("first", ["client", "end"])
def test_both_sides_at_once_are_no_hurry(run: _Run, work: UnderWay, first: str) -> None:
    """A service manager sends its signal to all of them."""
    if first == "client":
        work.client_stops()
    work.end("SIGTERM", 101.0)
    if first == "end":
        work.client_stops()

    assert run.heard == ["stop message" if first == "client" else "SIGTERM"]
    work.client_stops()
    assert len(run.heard) == 2


def test_an_end_that_is_overdue_is_hurried_once_and_then_forced(run: _Run, work: UnderWay) -> None:
    """Counted from when it was asked for first, also where the client had asked before."""
    work.client_stops()
    work.end("SIGTERM", 200.0)
    work.look_at_the_clock(200.0 + HURRY + 1)
    work.look_at_the_clock(200.0 + KILLING)
    assert run.heard == ["stop message", "hurry"]

    work.look_at_the_clock(200.0 + KILLING + 1)
    assert run.heard == ["stop message", "hurry", "SIGKILL"]


def test_a_run_that_nobody_asked_to_end_takes_its_time(run: _Run, work: UnderWay) -> None:
    """Its window may be a day long."""
    work.look_at_the_clock(100_000.0)

    assert run.heard == []
