"""The envelope as lines for people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mig_audit.modules.audit.plain_result import describe

_EXAMPLE = Path(__file__).parents[2] / "data" / "result.json"


@pytest.fixture
def envelope() -> dict[str, Any]:
    """Return a recorded envelope."""
    document: dict[str, Any] = json.loads(_EXAMPLE.read_text("utf-8"))
    return document


def test_people_get_elements_then_errors_then_statistics(envelope: dict[str, Any]) -> None:
    """MIG's order of lines."""
    envelope["errors"] = ["something to know"]
    lines = describe(envelope, found_only=False)

    kinds = [line.split(":")[0] for line in lines]
    first_error, first_statistic = kinds.index("error"), kinds.index("stat")
    assert lines[first_error] == "error: something to know"
    assert 0 < first_error < first_statistic
    assert set(kinds[first_statistic:]) == {"stat"}


def test_people_are_told_of_events_that_the_format_leaves_out(envelope: dict[str, Any]) -> None:
    """Only where there are some."""
    line = "stat: the format has no words for 3 of the events"
    assert line not in describe(envelope, found_only=False)

    envelope["statistics"]["events"]["unrepresented"] = 3
    assert line in describe(envelope, found_only=False)


def test_each_event_is_a_line(envelope: dict[str, Any]) -> None:
    """When, what, who, with which program, and for which key."""
    events = envelope["elements"]["events"]
    lines = describe(envelope, found_only=True)

    assert all(line.startswith(event["timestamp"]) for line, event in zip(lines, events))
    assert any("Execve: id" in line and "[T1059_exec]" in line for line in lines)


def test_an_event_of_another_format_is_shown_as_it_is(envelope: dict[str, Any]) -> None:
    """Text, or JSON on one line."""
    envelope["elements"]["events"] = ["a line", {"sequence": 1, "messages": ["ä"]}]

    assert describe(envelope, found_only=True)[:2] == ["a line", '{"sequence":1,"messages":["ä"]}']


def test_an_event_of_several_lines_is_shown_on_as_many(envelope: dict[str, Any]) -> None:
    """As auditd's records are."""
    envelope["elements"]["events"] = ["type=ONE\ntype=TWO"]

    assert describe(envelope, found_only=True)[:2] == ["type=ONE", "type=TWO"]


def test_what_was_found_alone_has_no_errors_and_no_statistics(envelope: dict[str, Any]) -> None:
    """For sweeps that print hits."""
    envelope["errors"] = ["something to know"]

    assert not [line for line in describe(envelope, found_only=True) if line.startswith(("error:", "stat:"))]


def test_a_failure_is_its_errors() -> None:
    """There is nothing else to print."""
    failure = {
        "foundanything": False,
        "success": False,
        "elements": None,
        "statistics": None,
        "errors": ["why"],
    }

    assert describe(failure, found_only=False) == ["error: why"]
