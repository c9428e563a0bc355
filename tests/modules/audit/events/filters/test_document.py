"""Filters of a parameters document."""

from __future__ import annotations

from typing import Any

import pytest
from kernel_events import syscall_event

from mig_audit.errors import FilterError, ParametersError
from mig_audit.modules.audit.events.filters import (
    make_filters,
    never_matching,
    parse_condition,
    parse_filters,
)
from mig_audit.modules.audit.module import AuditModule


def _problems(*filters: Any) -> list[str]:  # noqa: ANN401  # any JSON value
    return [
        str(problem) for problem in AuditModule().validate({"rules": ["-w /x"], "filters": list(filters)})
    ]


def test_all_problems_come_at_once() -> None:
    """Each with its place."""
    with pytest.raises(ParametersError) as caught:
        parse_filters([{"keep": "exe ="}, {"drop": "exe = /a"}, {"drop": "nothing = 1"}])

    assert [problem.path for problem in caught.value.problems] == ["$.filters[0]", "$.filters[2]"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"keep": "exe", "drop": "exe"}, "a filter has one of keep, drop"),
        ({"name": "x"}, "a filter has one of"),
        ({"drop": "exe", "where": "pid = 1"}, "where has no place beside `drop`"),
        ({"sample": 2, "per": "1s"}, "per has no place beside `sample`"),
        ({"sample": 2, "by": "exexe"}, "no field 'exexe'"),
        ({"drop": {"field": "exe"}}, "a comparison has"),
        ({"drop": {"field": "exe", "equals": "/a", "prefix": "/a"}}, "a comparison has"),
        ({"drop": {"all": ["exe"], "any": ["exe"]}}, "stands alone"),
        ({"drop": {"not": {"field": "exe", "cidr": "10.0.0.0/8"}}}, "cannot be compared"),
    ],
)
def test_a_filter_that_is_not_understood_is_a_problem(document: dict[str, object], words: str) -> None:
    """In words."""
    (problem,) = _problems(document)

    assert words in problem


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"drop": {"fild": "exe", "equals": "x"}}, "did you mean field?"),
        ({"keep": 5}, "5 is not a string or an object"),
        ({"sample": 0}, "less than the minimum"),
        ({"cap": 1, "per": "soon"}, "a duration"),
        ({"drop": {"field": "exe", "regex": 5}}, "5 is not a string"),
    ],
)
def test_the_schema_checks_the_shape(document: dict[str, object], words: str) -> None:
    """Before anything is read."""
    (problem,) = _problems(document)

    assert words in problem


def test_two_filters_of_one_name_are_a_problem() -> None:
    """Their counts could not be told apart."""
    assert _problems({"drop": "pid = 1", "name": "x"}, {"drop": "pid = 2", "name": "x"}) == [
        "$.filters[1].name: there is a filter 'x' before it"
    ]


def test_a_filter_that_can_never_match_is_a_problem() -> None:
    """On its own, or after the others."""
    assert _problems({"drop": "syscall = opn"}, {"keep": "exe = /a"}, {"drop": "exe = /b", "name": "b"}) == [
        "$.filters[0]: filter 'filters[0]' can never match: there is no system call opn",
        "$.filters[2]: filter 'b' can never match: the filters before it leave no such event",
    ]
    assert _problems({"drop": "exe = /b"}, {"cap": 1, "where": "exe = /b and success"}) == [
        "$.filters[1]: filter 'filters[1]' can never match: the filters before it leave no such event"
    ]


def test_filters_that_can_match_are_no_problem() -> None:
    """However they are combined."""
    assert _problems({"keep": "exe"}, {"drop": "not success"}, {"sample": 2}, {"cap": 3, "by": "key"}) == []
    assert never_matching(parse_filters([{"keep": "exe = /a or pid = 1"}, {"drop": "exe = /b"}])) == []


def test_numbers_and_flags_are_written_as_json_has_them() -> None:
    """Or as texts."""
    filters = make_filters(
        parse_filters(
            [{"keep": {"all": [{"field": "success", "equals": True}, {"field": "uid", "in": [0, "alice"]}]}}]
        )
    )

    assert filters.keep(syscall_event())
    assert filters.keep(syscall_event(uid=1000))
    assert not filters.keep(syscall_event(uid=1001))
    assert not filters.keep(syscall_event(success="no"))


def test_deep_nesting_is_refused() -> None:
    """It would only exhaust the stack."""
    document: object = "exe"
    for _ in range(60):
        document = {"not": document}
    with pytest.raises(FilterError, match="too deeply"):
        parse_condition(document)
