"""What a configuration makes of a query without parameters."""

from __future__ import annotations

import pytest

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.configuration import document_of
from mig_audit.modules.audit.parameters import parse_parameters

# What MIG's agent sends where there is no audit.cfg.
_EMPTY = {"rulespath": "", "ratelimit": 0, "backloglimit": 0, "includeraw": False}


@pytest.mark.parametrize("configuration", [{}, {"audit": {}}, {"audit": _EMPTY}])
def test_without_rules_there_are_no_parameters(configuration: dict[str, object]) -> None:
    """A query without parameters is then told what is missing."""
    assert document_of(configuration) is None


def test_a_parameters_document_is_taken_as_it_is() -> None:
    """Before what MIG's file may say; it is looked at when it is used, as a query's own would be."""
    configuration = {"parameters": {"rules": 1}, "audit": {"rulespath": "/etc/mig/audit.rules.json"}}

    assert document_of(configuration) == {"rules": 1}


def test_migs_own_file_is_a_window_with_its_rules_and_limits() -> None:
    """Of the default length, since there is no other in it."""
    given = {**_EMPTY, "rulespath": "/etc/mig/audit.rules.json", "ratelimit": 500, "backloglimit": 16384}
    parameters = parse_parameters(document_of({"audit": given}))

    assert [(rule.kind, rule.value) for rule in parameters.rules] == [("file", "/etc/mig/audit.rules.json")]
    assert (parameters.kernel.rate_limit, parameters.kernel.backlog_limit) == (500, 16384)
    assert parameters.window == 30


def test_a_limit_of_0_is_none() -> None:
    """It was MIG's word for its default."""
    parameters = parse_parameters(document_of({"audit": {**_EMPTY, "rulespath": "/r"}}))

    assert (parameters.kernel.rate_limit, parameters.kernel.backlog_limit) == (None, None)


def test_every_problem_is_told() -> None:
    """A misspelt setting is one that was not made."""
    with pytest.raises(ParametersError) as caught:
        document_of({"audit": {"rulepath": "/r", "ratelimit": "500"}, "window": "1s"})

    assert [problem.path for problem in caught.value.problems] == [
        "$.audit.ratelimit",
        "$.audit.rulepath",
        "$.window",
    ]
