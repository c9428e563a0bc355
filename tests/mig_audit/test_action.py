"""Action files, and what is compressed in them."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.action import Operation, parse_action
from mig_audit.documents import MAX_DOCUMENT
from mig_audit.errors import MigAuditError, ParametersError, UsageError

# Of MIG's own actions (actions/example_v2.json), with everything that its programs may have added.
_WHOLE = {
    "id": 6019232215298562584,
    "name": "audit sweep",
    "target": "environment->>'os'='linux'",
    "description": {"author": "a", "email": "a@example.com", "url": "", "revision": 201409021000},
    "threat": {"level": "alert", "type": "system", "family": "malware", "ref": ""},
    "validfrom": "2014-06-30T12:00:00Z",
    "expireafter": "2014-07-30T12:00:00Z",
    "operations": [
        {"module": "audit", "parameters": {"rules": []}, "is_compressed": False, "want_compressed": True}
    ],
    "pgpsignatures": ["x"],
    "investigators": None,
    "status": "pending",
    "starttime": "0001-01-01T00:00:00Z",
    "finishtime": "0001-01-01T00:00:00Z",
    "lastupdatetime": "0001-01-01T00:00:00Z",
    "counters": {"sent": 1},
    "syntaxversion": 2,
}


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, mtime=0)).decode()


def test_an_action_of_migs_is_its_operations() -> None:
    """Whatever else is in it, and however long ago it expired."""
    assert parse_action(_WHOLE) == (Operation("audit", {"rules": []}, compressed=False),)


def test_operations_are_all_that_is_needed() -> None:
    """In their order."""
    document = {"operations": [{"module": "b"}, {"module": "a", "parameters": 1}]}

    assert parse_action(document) == (
        Operation("b", None, compressed=False),
        Operation("a", 1, compressed=False),
    )


def test_every_problem_is_told_at_once() -> None:
    """With its place in the file."""
    document = {
        "operatons": [],
        "operations": [{"modul": "audit"}, {"module": 1, "is_compressed": True, "parameters": {}}],
    }

    with pytest.raises(ParametersError) as caught:
        parse_action(document)

    assert [(problem.path, problem.keyword) for problem in caught.value.problems] == [
        ("$.operations[0]", "required"),
        ("$.operations[0].modul", "additionalProperties"),
        ("$.operations[1].module", "type"),
        ("$.operations[1].parameters", "type"),
        ("$.operatons", "additionalProperties"),
    ]


def test_what_is_too_long_is_told_in_a_few_words() -> None:
    """That it is too long is what they end with."""
    with pytest.raises(ParametersError) as caught:
        parse_action({"operations": [{"module": "audit"}] * 1001})

    (problem,) = caught.value.problems
    assert problem.message.endswith(" is too long")
    assert len(problem.message) < 400


@pytest.mark.parametrize("document", [None, [], 1, {}, {"operations": []}, {"operations": None}])
def test_what_has_nothing_to_run_is_no_action(document: object) -> None:
    """Nothing found would be taken for nothing there."""
    with pytest.raises(ParametersError):
        parse_action(document)


def test_parameters_that_are_not_there_are_empty() -> None:
    """The module says what is missing."""
    assert Operation("audit", None, compressed=False).document() == {}


def test_base64_may_be_broken_into_lines() -> None:
    """As base64(1) does; so does MIG's decoder read it."""
    packed = "\r\n".join(_packed(b'{"rules": []}'))

    assert Operation("audit", packed, compressed=True).document() == {"rules": []}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(_JSON)
def test_any_document_comes_out_as_it_went_in(document: object) -> None:
    """Compressed, or as it is."""
    packed = _packed(json.dumps(document).encode())

    assert Operation("x", packed, compressed=True).document() == document


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_whatever_is_said_to_be_compressed_is_a_document_or_an_error_of_ours(text: str) -> None:
    """No other exception comes out."""
    try:
        Operation("x", text, compressed=True).document()
    except MigAuditError as error:
        assert "the compressed parameters" in str(error)  # noqa: PT017  # either way is right


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "end too early"),
        ("H4sI", "end too early"),
        ("####", "decompressed"),
        ("é", "decompressed"),
        (base64.b64encode(b'{"rules":[]}').decode(), "incorrect header check"),
        (base64.b64encode(gzip.compress(b"{}", mtime=0) + b"x").decode(), "something follows"),
        (base64.b64encode(gzip.compress(b"{}", mtime=0)[:-1]).decode(), "end too early"),
        (base64.b64encode(gzip.compress(b"{}", mtime=0)[:-8] + b"\0" * 8).decode(), "incorrect data check"),
        (_packed(b"{"), "is not JSON"),
        (_packed(b""), "is empty"),
    ],
)
def test_what_cannot_be_decompressed_is_told(text: str, words: str) -> None:
    """With the reason."""
    with pytest.raises(UsageError, match=words):
        Operation("x", text, compressed=True).document()


def test_a_small_text_that_becomes_a_huge_one_is_refused() -> None:
    """At the bound of every document."""
    bomb = _packed(b"[" + b" " * (MAX_DOCUMENT - 1) + b"]")
    assert len(bomb) < 30_000

    with pytest.raises(UsageError, match=f"more than {MAX_DOCUMENT} bytes"):
        Operation("x", bomb, compressed=True).document()
