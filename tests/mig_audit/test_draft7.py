"""The same schemas for a validator that knows an older draft."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mig_audit.draft7 import dependent_required, in_draft7
from mig_audit.validation import find_problems, load_schema, make_validator

_PARAMS = Path(__file__).parent.parent / "params"
_SCHEMA = "audit.parameters.v1.schema.json"
_DOCUMENTS = [*sorted(_PARAMS.glob("invalid/*.json")), *sorted(_PARAMS.glob("valid/*.json"))]


def _problems(document: object, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    older = make_validator(json.loads(load_schema(_SCHEMA)), draft7=True)
    monkeypatch.setattr("mig_audit.validation._validator", lambda _name: older)
    return find_problems(document, _SCHEMA)


@pytest.mark.parametrize("path", _DOCUMENTS, ids=lambda path: path.name)
def test_every_document_has_the_same_problems(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of either kind, to the letter."""
    document = json.loads(path.read_text("utf-8"))
    problems = find_problems(document, _SCHEMA)

    assert _problems(document, monkeypatch) == problems


@pytest.mark.parametrize(
    "document",
    [
        {"rules": [], "window": "1ns"},
        {"rules": [], "window": "900h"},
        {"rules": [], "limits": {"memory": "1B"}},
        {"rules": [], "sinks": [{"type": "http", "url": "http://h/", "spool": "99999GiB"}]},
        {"rules": [], "sinks": [{"type": "http", "url": "http://h/", "tls": {"key": "/k"}}]},
        {"rulefilepath": "a.json"},
    ],
)
def test_what_the_older_draft_lacks_is_checked_all_the_same(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds stand beside references."""
    problems = find_problems(document, _SCHEMA)

    assert problems
    assert _problems(document, monkeypatch) == problems


def test_a_reference_that_is_not_alone_is_one_of_all() -> None:
    """Wherever it is; one that is alone stays."""
    both = {"items": [{"$ref": "#/a", "title": "t", "allOf": [{"type": "string"}]}, {"$ref": "#/b"}]}

    assert in_draft7(both) == {
        "items": [{"title": "t", "allOf": [{"type": "string"}, {"$ref": "#/a"}]}, {"$ref": "#/b"}]
    }


def test_what_depends_is_told() -> None:
    """And what is no object depends on nothing."""
    found = dependent_required(None, {"key": ["certificate"]}, {"key": 1}, {})

    assert [error.message for error in found] == ["'certificate' is a dependency of 'key'"]
    assert list(dependent_required(None, {"key": ["certificate"]}, "key", {})) == []
