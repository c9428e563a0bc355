"""The filter lists of go-audit and pauditd."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from glances import ask
from kernel_events import event_of, lines_of, syscall_body, syscall_event
from streams import groups_of

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.events.filters import (
    KEPT,
    Filters,
    make_filters,
    never_matching,
    parse_filters,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mig_audit.modules.audit.events import Group

_BIND = syscall_event(("SOCKADDR", "saddr=020000350A000001"), syscall=49)
_BIND_ELSEWHERE = syscall_event(("SOCKADDR", "saddr=02000035C0A80001"), syscall=49)
# The example of go-audit's own documentation: binding to a port on 10.0.0.0/8.
_EXAMPLE = {"syscall": 49, "message_type": 1306, "regex": "saddr=(10..|02..)....0A"}


def _parts(group: Group) -> tuple[list[str], list[bytes]]:
    return [record.type for record in group.records], [record.body for record in group.records]


def _filters(**document: Any) -> Filters:  # noqa: ANN401  # any JSON value
    return make_filters(parse_filters([{name.replace("_", "-"): value for name, value in document.items()}]))


def _problem(**document: Any) -> str:  # noqa: ANN401  # any JSON value
    with pytest.raises(ParametersError) as caught:
        _filters(**document)
    return str(caught.value)


def test_go_audit_drops_what_a_record_of_a_call_matches() -> None:
    """The system call, the type and the text must all fit."""
    filters = _filters(go_audit=_EXAMPLE)

    assert not filters.keep(_BIND)
    assert filters.keep(_BIND_ELSEWHERE)
    assert filters.keep(syscall_event(("SOCKADDR", "saddr=020000350A000001"), syscall=42))
    assert filters.keep(event_of(("USER_CMD", "msg='cmd=6C73 res=success'")))
    assert filters.taken == {"filters[0]": 1}


def test_numbers_may_be_texts() -> None:
    """As in a YAML file with quotes."""
    assert not _filters(go_audit=[{**_EXAMPLE, "syscall": "49", "message_type": "1306"}]).keep(_BIND)


def test_pauditd_matches_the_whole_event_of_a_key() -> None:
    """The records are joined; the first element that matches decides."""
    filters = _filters(
        pauditd=[
            {"key": "exec", "regex": "euid=1", "action": "keep"},
            {"key": "exec", "regex": 'exe="/usr/bin/true"', "action": "drop"},
        ]
    )

    assert not filters.keep(syscall_event())
    assert filters.keep(syscall_event(euid=1))
    assert filters.keep(syscall_event(key='"other"'))


def test_pauditd_asks_about_system_calls_first() -> None:
    """And what is kept there may still be dropped for its key, as pauditd does it."""
    call = {"syscall": "59", "message_type": 1300, "regex": "uid=0"}
    by_key = {"key": "exec", "regex": "."}

    assert not _filters(pauditd=[by_key, {**call, "action": "keep"}]).keep(syscall_event())
    assert not _filters(pauditd=[call]).keep(syscall_event())
    assert _filters(pauditd=[{**call, "action": "keep"}]).keep(syscall_event())


def test_an_event_of_another_call_and_key_is_decided_early() -> None:
    """Nothing else is looked at."""
    filters = _filters(pauditd=[{"key": "net", "regex": "x"}, {**_EXAMPLE, "regex": "y"}])
    (other,) = groups_of(lines_of(("SYSCALL", syscall_body()), ("EOE", "")))
    (bind,) = groups_of(lines_of(("SYSCALL", syscall_body(syscall=49)), ("EOE", "")))

    assert ask(filters, other) == KEPT
    assert ask(filters, bind) == 0


@pytest.mark.parametrize(
    ("dialect", "element", "words"),
    [
        ("go_audit", {"syscall": 49, "regex": "x"}, "element 1 has no message_type"),
        ("go_audit", {"key": "a", "regex": "x"}, "go-audit has no key"),
        ("go_audit", {**_EXAMPLE, "regex": "("}, "element 1: the regular expression"),
        ("go_audit", {**_EXAMPLE, "regex": 5}, "are texts"),
        ("go_audit", {**_EXAMPLE, "syscall": "bind"}, "syscall is a number"),
        ("go_audit", [_EXAMPLE, "x"], "element 2 is not an object"),
        ("pauditd", {"key": "exec"}, "has no regex"),
        ("pauditd", {"key": "exec", "regex": "x", "action": "log"}, "keep or drop"),
        ("pauditd", {"regex": "x"}, "no message_type"),
        ("go_audit", {"file": "/nonexistent/go-audit.yaml"}, "is not a file"),
    ],
)
def test_what_is_not_understood_is_a_problem(dialect: str, element: object, words: str) -> None:
    """With the number of the element."""
    assert words in _problem(**{dialect: element})


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ({**_EXAMPLE, "syscall": 9999}, "no architecture has a system call 9999"),
        ({**_EXAMPLE, "message_type": 1}, "no record is of type 1"),
        ({**_EXAMPLE, "regex": "x^y"}, "no record's text"),
    ],
)
def test_an_element_that_can_never_match_is_reported(element: object, words: str) -> None:
    """It is a mistake, or a filter for something that does not exist."""
    (problem,) = never_matching(parse_filters([{"go-audit": element}]))

    assert words in problem.message


def test_the_list_may_be_in_a_configuration_file(tmp_path: Path) -> None:
    """In JSON, which is YAML too."""
    path = tmp_path / "go-audit.json"
    path.write_text(json.dumps({"events": {"min": 1300}, "filters": [_EXAMPLE]}))

    assert not _filters(go_audit={"file": str(path)}).keep(_BIND)


def test_the_configuration_file_may_be_yaml(tmp_path: Path) -> None:
    """As go-audit ships it, if a reader of YAML is installed."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = tmp_path / "go-audit.yaml"
    path.write_text(
        "filters:\n  # a comment\n  - syscall: 49\n    message_type: 1306\n    regex: saddr=0200....0A\n"
    )

    assert not _filters(go_audit={"file": str(path)}).keep(_BIND)


def test_a_file_without_filters_is_a_problem(tmp_path: Path) -> None:
    """It is not what was meant."""
    path = tmp_path / "x.json"
    path.write_text('{"rules": []}')

    assert "has no list `filters`" in _problem(go_audit={"file": str(path)})
