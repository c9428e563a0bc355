"""Conditions as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.errors import FilterError
from mig_audit.modules.audit.events.filters import parse_condition, parse_expression

_EXE = {"field": "exe", "equals": "/bin/sh"}
_ROOT = {"field": "uid", "equals": 0}


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("exe = /bin/sh", _EXE),
        ("exe = '/bin/sh'", _EXE),
        ("exe != /bin/sh", {"not": _EXE}),
        ("not exe=/bin/sh", {"not": _EXE}),
        ("success", {"field": "success", "present": True}),
        ("key in (exec, 'a b')", {"field": "key", "in": ["exec", "a b"]}),
        ("key not in (exec)", {"not": {"field": "key", "in": ["exec"]}}),
        ("address in 10.0.0.0/8", {"field": "address", "cidr": "10.0.0.0/8"}),
        ("path ^= /etc/", {"field": "path", "prefix": "/etc/"}),
        ('exe ~ "\\.(sh|py)$"', {"field": "exe", "regex": "\\.(sh|py)$"}),
        ('exe !~ "x"', {"not": {"field": "exe", "regex": "x"}}),
        ('comm = "a\\"b\\\\"', {"field": "comm", "equals": 'a"b\\'}),
        ("pid < 5", {"field": "pid", "less": 5}),
        ("pid <= 5", {"field": "pid", "at_most": 5}),
        ("pid>5", {"field": "pid", "more": 5}),
        ("exit >= -5", {"field": "exit", "at_least": -5}),
        ("uid = 0 and exe = /bin/sh", {"all": [_ROOT, _EXE]}),
        ("uid=0 or exe=/bin/sh and success", {"any": [_ROOT, {"all": [_EXE, {"field": "success", "present": True}]}]}),
        ("(uid=0 or exe=/bin/sh) and not (success)",
         {"all": [{"any": [_ROOT, _EXE]}, {"not": {"field": "success", "present": True}}]}),
    ],
)  # fmt: skip
def test_an_expression_is_the_document_that_says_the_same(text: str, document: object) -> None:
    """There is one model behind both."""
    assert parse_expression(text) == parse_condition(document)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "a field should be"),
        ("exe =", 6, "the expression ends where a value should be"),
        ("exe == /a", 6, "equality is one `=`"),
        ("exe = /a exe", 10, "`and`, `or` or the end"),
        ("exe = 'a", 7, "a quote that is opened must be closed"),
        ("(exe = a", 9, "`)`"),
        ("key in ()", 9, "a value"),
        ("key in (a b)", 11, "`)`"),
        ("and", 1, "a field"),
        ("  programm = x", 3, "there is no field 'programm': fields: key, type"),
        ("kye = x", 1, "did you mean key?"),
        ("uid = 0 and exe < 3", 13, "exe is a text"),
        ("exe in 10.0.0.0/8", 1, "exe is a text"),
        ("address in 10.0.0.1/8", 1, "host bits"),
        ("pid = ten", 1, "pid is a number"),
        ("success = perhaps", 1, "true or false"),
        ("exe ~ '('", 1, "not understood"),
        ("uid = ''", 1, "empty"),
        ("not " * 60 + "exe", 201, "less nesting"),
    ],
)
def test_an_error_says_where_and_what(text: str, column: int, words: str) -> None:
    """Columns count from 1."""
    with pytest.raises(FilterError) as caught:
        parse_expression(text)
    assert (caught.value.column, words in str(caught.value)) == (column, True), str(caught.value)


@given(st.text(alphabet="exepid ()='\"~<>!^,\\and or not in 019/", max_size=40))
def test_any_text_is_an_expression_or_an_error_of_ours(text: str) -> None:
    """Nothing else comes out."""
    column = 1
    try:
        parse_expression(text)
    except FilterError as error:
        column = error.column

    assert 1 <= column <= len(text) + 1


def test_an_expression_has_a_longest_length() -> None:
    """It comes from a command line or a document."""
    with pytest.raises(FilterError, match="16384"):
        parse_expression("exe or " * 5000 + "exe")
