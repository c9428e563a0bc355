"""Rules against what auditctl 4.2.1 really sent for them, and against what the kernel listed."""

from __future__ import annotations

import json
import lzma
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

import pytest

from mig_audit.errors import RuleError
from mig_audit.modules.audit.kernel.status import pack_setting
from mig_audit.modules.audit.rules import Names, ParsedRule, Rule, parse_file, parse_rule, strictness
from mig_audit.modules.audit.rules.strictness import StricterError
from mig_audit.modules.audit.rules.text import parse_line
from mig_audit.modules.audit.run_settings import SETTINGS

if TYPE_CHECKING:
    from mig_audit.modules.audit.rules.controls import Control

_DATA = Path(__file__).resolve().parents[3] / "data" / "rules"
_SET, _ADD, _DELETE = 1001, 1011, 1012
_USERS = {"root": 0, "daemon": 1, "nobody": 65534}
_GROUPS = {"root": 0, "adm": 4, "nogroup": 65534}

Row = dict[str, Any]


def _rows(name: str) -> list[Row]:
    with lzma.open(_DATA / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _of_421(row: Row) -> Row:
    return {**row, **row["alt"].get("4.2.1", {})}


_ROWS = [_of_421(row) for row in _rows("golden-dev")]
_SENT = [row for row in _ROWS if row["msg_type"] in {_ADD, _DELETE}]
_NOT_SENT = [row for row in _ROWS if row["msg_type"] not in {_ADD, _DELETE}]
_DEVIATIONS: dict[str, list[str]] = json.loads((_DATA / "deviations.json").read_text("utf-8"))


def _names(row: Row) -> Names:
    """The host on which the rules were captured, with the directories that this rule met there."""
    stat = row.get("stat") or {}
    paths = [path for path, kind in stat.items() if kind == "dir"]
    directories = {path.encode() for path in (*paths, *(path.rstrip("/") for path in paths))}
    return Names(_USERS.get, _GROUPS.get, directories.__contains__, "x86_64")


def _parsed(row: Row) -> tuple[Optional[ParsedRule], Optional[RuleError]]:
    try:
        return parse_rule(row["rule"], _names(row)), None
    except RuleError as error:
        return None, error


def test_the_corpus_is_there() -> None:
    """The tests below have something to say."""
    assert (len(_SENT), len(_NOT_SENT)) == (1470, 659)


def test_a_rule_has_the_bytes_that_auditctl_sends() -> None:
    """What both take is the same rule, to be added or deleted."""
    different = [
        row["rule"]
        for row in _SENT
        for parsed in [_parsed(row)[0]]
        if parsed is not None
        and (parsed.rule.pack().hex(), parsed.delete) != (row["payload_hex"], row["msg_type"] == _DELETE)
    ]
    assert different == []


def test_only_listed_deviations_are_refused_where_auditctl_takes_a_rule() -> None:
    """The list of what auditctl takes, or drops without an error, and this parser refuses is complete and exact."""
    refused = defaultdict(list)
    for row in (row for row in _ROWS if row["rc"] == 0 or row in _SENT):
        error = _parsed(row)[1]
        if error is not None and (row["cat"] != "control" or row in _SENT):
            name = error.deviation.name if isinstance(error, StricterError) else f"not listed: {error}"
            refused[name].append(row["rule"])
    assert {name: sorted(rules) for name, rules in refused.items()} == _DEVIATIONS


def test_what_auditctl_refuses_is_refused() -> None:
    """Nothing that auditctl does not send becomes a rule; commands to the kernel are no rules."""
    taken = [row["rule"] for row in _NOT_SENT if _parsed(row)[0] is not None]
    assert taken == []


def _line(row: Row) -> Union[ParsedRule, tuple[Control, ...], RuleError]:
    try:
        return parse_line(row["rule"], _names(row))
    except RuleError as error:
        return error


_CONTROLS = [row for row in _ROWS if row["cat"] == "control"]


def test_a_control_line_is_taken_where_auditctl_takes_it() -> None:
    """But for the listed differences."""
    different = {
        row["rule"]
        for row in _CONTROLS
        for parsed in [_line(row)]
        if isinstance(parsed, RuleError) == (row["rc"] == 0) and not isinstance(parsed, StricterError)
    }
    assert different == set()


def test_a_control_option_is_the_setting_that_auditctl_sends() -> None:
    """Each of a line, in order."""
    compared = 0
    for row in (row for row in _CONTROLS if row["rc"] == 0 and row["msg_type"] == _SET):
        parsed = _line(row)
        if isinstance(parsed, tuple) and all(control.value is not None for control in parsed):
            sent = [payload for kind, payload in row["messages"] if kind == _SET]
            ours = [pack_setting(SETTINGS[each.name], each.value or 0).hex() for each in parsed]
            assert ours == sent, row["rule"]
            compared += 1
    assert compared == 41


def test_a_refusal_points_into_the_text() -> None:
    """Columns count characters from 1 to one more than there are."""
    astray = [
        (row["rule"], error.column)
        for row in _ROWS
        for error in [_parsed(row)[1]]
        if error is not None and not 1 <= error.column <= len(row["rule"]) + 1
    ]
    assert astray == []


def test_auditctl_warns_of_ambiguous_system_calls_and_so_do_we() -> None:
    """A rule without arch is for both tables of system calls."""
    different = []
    for row in _SENT:
        parsed = _parsed(row)[0]
        if parsed is None or row["rule"].startswith("-w"):
            continue
        if ("32/64 bit syscall mismatch" in row["stderr"]) != any("arch" in text for text in parsed.warnings):
            different.append(row["rule"])
    assert different == []


def test_every_rule_survives_unpacking() -> None:
    """Bytes to a rule and back lose nothing, for what auditctl sends and for what the kernel lists."""
    payloads = [row[key] for row in _SENT for key in ("payload_hex", "kernel_list_hex") if row.get(key)]
    assert len(payloads) > len(_SENT)
    different = [
        payload for payload in payloads if Rule.unpack(bytes.fromhex(payload)).pack().hex() != payload
    ]
    assert different == []


def test_a_rule_is_deleted_as_the_kernel_lists_it() -> None:
    """The prepend bit is the one thing that the kernel does not keep."""
    listed = [row for row in _SENT if row["msg_type"] == _ADD and row["payload_hex"].startswith("14")]
    assert listed
    for row in listed:
        rule = Rule.unpack(bytes.fromhex(row["payload_hex"]))
        assert rule.prepend
        assert Rule.unpack(rule.deletion()).prepend is False
        assert rule.deletion().hex() == "04" + row["payload_hex"][2:]


# A kernel that answers with an error makes auditctl stop, or try again with other bytes.
_FILES = [row for row in _rows("golden-files") if row.get("content") is not None and not row["rule_errnos"]]
_CONTINUED = ("i-bad-mid", "i-inline")  # -i: errors, and exit code 0 all the same
_FILE_DEVIATIONS = {
    "crlf": strictness.CARRIAGE_RETURN,
    "ctrl4": strictness.BELL,
    "ctrl7": strictness.BELL,
    "long-line-6144": strictness.LONG_LINE,
    "nul": strictness.NUL,
}


@pytest.mark.parametrize("row", _FILES, ids=[row["name"] for row in _FILES])
def test_a_file_has_the_rules_that_auditctl_loads(row: Row) -> None:
    """Up to the line at which auditctl stops, and to the listed deviations, the rules of a file are the same."""
    directories = {b"/", b"/etc"}
    names = Names(_USERS.get, _GROUPS.get, directories.__contains__, "x86_64")
    result = row["results"]["4.2.1"]
    sent = [payload for kind, payload in result["messages"] if kind in {_ADD, _DELETE}]
    lines = parse_file(row["content"].encode("utf-8", "surrogateescape"), names)
    rules = [line.parsed.rule.pack().hex() for line in lines if line.parsed is not None]
    if row["name"] not in _FILE_DEVIATIONS:
        assert rules[: len(sent)] == sent
        assert len(rules) == len(sent) or result["rc"] != 0
        return
    assert rules != sent
    deviations = {line.error.deviation for line in lines if isinstance(line.error, StricterError)}
    expected = _FILE_DEVIATIONS[row["name"]]
    assert deviations == (set() if expected in strictness.MENDED else {expected})


_STRICT_LINES = {"double-dash": [strictness.NO_RULE], "possible": [strictness.POSSIBLE]}
_WHOLE = [
    row
    for row in _FILES
    if row["results"]["4.2.1"]["rc"] == 0 and row["name"] not in (*_FILE_DEVIATIONS, *_CONTINUED)
]


@pytest.mark.parametrize("row", _WHOLE, ids=[row["name"] for row in _WHOLE])
def test_a_file_that_auditctl_loads_whole_is_understood(row: Row) -> None:
    """Its control lines are read as well as its rules."""
    names = Names(_USERS.get, _GROUPS.get, frozenset((b"/", b"/etc")).__contains__, "x86_64")
    errors = [line.error for line in parse_file(row["content"].encode(), names) if line.error is not None]
    assert [getattr(error, "deviation", None) for error in errors] == _STRICT_LINES.get(row["name"], [])
