"""Documents against schemas."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mig_audit.errors import Problem, UsageError
from mig_audit.validation import find_problems, load_schema, parse_document

_PARAMETERS = "audit.parameters.v1.schema.json"
_TESTS = Path(__file__).parent.parent
_EXAMPLE = _TESTS.parent / "params.example.json"
_INVALID = sorted((_TESTS / "params" / "invalid").glob("*.json"))
_VALID = [*sorted((_TESTS / "params" / "valid").glob("*.json")), _EXAMPLE]
_SCHEMAS = sorted(path.name for path in (_TESTS.parent / "schemas").glob("*.json"))


@pytest.mark.parametrize("name", _SCHEMAS)
def test_every_schema_is_a_schema_and_stands_alone(name: str) -> None:
    """Draft 2020-12, with a versioned id, and no reference to another file."""
    schema = json.loads(load_schema(name))

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith(f"/{name}")
    assert all(reference.startswith("#/") for reference in _references(schema))


def _references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [reference for value in node.values() for reference in _references(value)]
    if isinstance(node, list):
        return [reference for value in node for reference in _references(value)]
    return []


@pytest.mark.parametrize("path", _VALID, ids=lambda path: path.name)
def test_every_example_is_valid(path: Path) -> None:
    """The examples are what people copy."""
    assert find_problems(parse_document(path.read_bytes(), path.name), _PARAMETERS) == []


@pytest.mark.parametrize("path", _INVALID, ids=lambda path: path.name)
def test_each_invalid_document_is_refused_for_its_reason(path: Path) -> None:
    """Beside each stands the path and the keyword of every problem."""
    problems = find_problems(parse_document(path.read_bytes(), path.name), _PARAMETERS)

    expected = path.with_suffix(".expect").read_text("utf-8").splitlines()
    assert [f"{problem.path} {problem.keyword}" for problem in problems] == expected


def test_there_are_documents_of_both_kinds() -> None:
    """An empty folder would prove nothing."""
    assert len(_VALID) >= 5
    assert len(_INVALID) >= 25


def test_an_unknown_field_is_named_with_the_one_that_was_meant() -> None:
    """A misspelt setting must not be a setting that was not made."""
    assert find_problems({"rules": [], "windw": "3s"}, _PARAMETERS) == [
        Problem("$.windw", "additionalProperties", "unknown field; did you mean window?")
    ]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"window": 5}, '5 is not a duration such as "500ms", "30s", "1.5m" or "2h"'),
        ({"kernel": {"stream": "both"}}, '"both" is not one of auto, unicast, multicast'),
        ({"raw_log": {"path": "/a/b", "directory": "/a"}}, "'directory' and 'path' exclude each other"),
        ({"raw_log": "/a/b"}, '"/a/b" is not an object'),
        ({"strict_rules": 1}, "1 is not true or false"),
        ({"rules": [1]}, "1 is not a string or an object"),
    ],
)
def test_a_slip_is_told_in_words(document: dict[str, object], message: str) -> None:
    """Not in those of JSON Schema."""
    (problem,) = find_problems({"rules": [], **document}, _PARAMETERS)

    assert problem.message == message


@pytest.mark.parametrize(
    "sink",
    [
        {"url": "https://user:s3cret@siem.example.com/"},
        {"url": "https://siem.example.com/", "token": "s3cret"},
        {"url": "https://siem.example.com/", "proxy": "http://user:s3cret@proxy/"},
        {"url": "https://siem.example.com/", "headers": {"X-Key": "s3cret\nX-Other: 1"}},
    ],
)
def test_what_may_be_a_secret_is_not_repeated(sink: dict[str, object]) -> None:
    """Whoever puts one where it does not belong would find it in every log."""
    (problem,) = find_problems({"rules": [], "sinks": [{"type": "http", **sink}]}, _PARAMETERS)

    assert problem.message.startswith("this is not ")
    assert "s3cret" not in str(problem)


def test_a_bad_duration_is_told_with_examples() -> None:
    """A regular expression explains nothing."""
    (problem,) = find_problems({"rules": [], "window": "10x"}, _PARAMETERS)

    assert problem.message == '"10x" is not a duration such as "500ms", "30s", "1.5m" or "2h"'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1, column 2"),
        ('{"a": 1, "a": 2}', "'a' occurs twice"),
        ('{"a": NaN}', "NaN"),
        (b'{"a": "\xff"}', "utf-8"),
        ("[" * 100_000, "nest less"),
        ("9" * 10_000, "smaller numbers"),
        (" " * (17 << 20), "more than"),
        (" \n", "is empty"),
    ],
)
def test_what_is_not_json_is_a_usage_error(text: str | bytes, words: str) -> None:
    """The error names the document and the place."""
    with pytest.raises(UsageError, match=words) as caught:
        parse_document(text, "params.json")
    assert "params.json" in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(
    st.dictionaries(
        st.sampled_from(["rules", "window", "drain", "raw_log", "events", "sinks", "kernel", "x"]), _JSON
    )
)
def test_any_document_is_valid_or_has_problems_with_paths(document: dict[str, object]) -> None:
    """No JSON makes the validator raise, and each problem says where it is."""
    for problem in find_problems(document, _PARAMETERS):
        assert problem.path.startswith("$")
        assert problem.keyword
        assert problem.message


def test_a_document_that_is_nested_too_deep_has_a_problem() -> None:
    """It may be JSON, and follow the schema as far as anybody can tell."""
    condition = '{"not":' * 400 + "{}" + "}" * 400
    document = parse_document(f'{{"rules": [], "filters": [{{"keep": {condition}}}]}}', "nested")

    assert find_problems(document, _PARAMETERS) == [
        Problem("$", "nesting", "it is nested too deep to be read")
    ]


def test_of_a_wrong_file_a_thousand_problems_are_enough() -> None:
    """Their list would be longer than the file."""
    problems = find_problems({"rules": [1] * 50_000}, _PARAMETERS)

    assert len(problems) == 1000
    assert problems[0] == Problem("$", "more", "it has 1000 problems or more: is it the right file?")


def test_a_key_that_occurs_twice_is_found_among_many() -> None:
    """In one pass."""
    members = ", ".join(f'"{number}": 0' for number in range(200_000))

    with pytest.raises(UsageError, match="the key '199999' occurs twice"):
        parse_document(f'{{{members}, "199999": 1}}', "many")
