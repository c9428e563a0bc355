"""The format of a run is known to be usable before anything is touched."""

from __future__ import annotations

import json

import pytest
from audit_events import ORIGIN

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.event_format import choose_format
from mig_audit.modules.audit.formats import FORMATS
from mig_audit.modules.audit.module import AuditModule
from mig_audit.modules.audit.parameters import parse_parameters
from mig_audit.validation import load_schema


def test_the_schema_has_every_format_of_ours() -> None:
    """In the registry's order, the default first."""
    schema = json.loads(load_schema("audit.parameters.v1.schema.json"))

    assert schema["$defs"]["run"]["properties"]["events"]["properties"]["format"]["else"]["enum"] == list(
        FORMATS
    )


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_be_asked_for(name: str) -> None:
    """By its name."""
    parameters = parse_parameters({"rules": [], "events": {"format": name}})

    assert choose_format(parameters, ORIGIN).name == name


def test_a_format_of_another_package_that_is_not_there_is_a_problem() -> None:
    """Of the document, with its place in it."""
    (problem,) = AuditModule().validate({"rules": [], "events": {"format": "acme.leef"}})

    assert (problem.path, problem.keyword) == ("$.events.format", "format")
    assert "'acme.leef' is not available" in problem.message


@pytest.mark.parametrize("body", ["array", "ndjson", "single"])
def test_text_does_not_go_into_a_body_of_json(body: str) -> None:
    """The endpoint could not read it; one event a request is as it is."""
    sinks = [
        {"type": "http", "url": "http://h/", "body": "single"},
        {"type": "http", "url": "http://h/", "body": body},
    ]
    problems = AuditModule().validate({"rules": [], "events": {"format": "csv"}, "sinks": sinks})
    expected = [] if body == "single" else [("$.sinks[1].body", "format")]

    assert [(problem.path, problem.keyword) for problem in problems] == expected
    assert AuditModule().validate({"rules": [], "sinks": sinks}) == []


def test_a_run_refuses_what_validation_refuses() -> None:
    """Before the kernel is looked at."""
    document = {"rules": [], "events": {"format": "text"}, "sinks": [{"type": "http", "url": "http://h/"}]}

    with pytest.raises(ParametersError, match="array is for JSON"):
        choose_format(parse_parameters(document), ORIGIN)
