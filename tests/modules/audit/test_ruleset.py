"""The rules of a run."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from mig_audit.documents import MAX_DOCUMENT
from mig_audit.errors import ParametersError
from mig_audit.modules.audit.kernel.state import RuleOutcome
from mig_audit.modules.audit.parameters import RuleSource
from mig_audit.modules.audit.rules import Rule
from mig_audit.modules.audit.ruleset import (
    exclusion,
    gather,
    source_problems,
    to_load,
    with_outcomes,
)

if TYPE_CHECKING:
    from pathlib import Path

_GOOD = "-a always,exit -F arch=b64 -S execve -k exec"
_OTHER = "-a always,exit -F arch=b64 -S connect -k net"
_ARCH = {"name": "arch", "op": "eq", "value": 64}
_BAD = "-a always,exit -F arch=b64 -S nosuch -k x"


def _lines(*texts: str) -> list[RuleSource]:
    return [RuleSource("line", text, f"$.rules[{index}]") for index, text in enumerate(texts)]


def test_lines_profiles_and_files_are_gathered_in_order(tmp_path: Path) -> None:
    """Each rule knows where it came from."""
    file = tmp_path / "site.rules"
    file.write_text(f"# ours\n\n{_OTHER}\n")
    sources = [
        RuleSource("file", str(file), "$.rules[0]"),
        RuleSource("profile", "exec", "$.rules[1]"),
        RuleSource("line", _GOOD, "$.rules[2]"),
    ]

    rules = gather(sources, strict=True)

    assert rules[0].origin == f"file {file} line 3"
    assert rules[1].origin.startswith("profile exec line ")
    assert (rules[-1].origin, rules[-1].text) == ("parameters", _GOOD)
    assert to_load(rules) == tuple(rule.payload for rule in rules)


def test_a_bad_rule_stops_no_other() -> None:
    """It is there as invalid, with the column."""
    rules = gather(_lines(_GOOD, _BAD), strict=False)

    assert [rule.outcome for rule in rules] == ["", "invalid"]
    assert rules[1].detail.startswith("column 31:")
    assert len(to_load(rules)) == 1


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("exec", '{"profile": "exec"}'),
        ("/etc/passwd", "a path is watched with -w"),
        ("auditctl -w /etc/hosts -p wa", "a rule is what follows that word"),
        ("-w /etc/hosts # hosts", "a comment has a line of its own"),
    ],
)
def test_a_line_that_is_no_rule_is_told_what_it_may_have_been_meant_for(line: str, hint: str) -> None:
    """The likeliest slips have an answer of their own."""
    (problem,) = source_problems([RuleSource("line", line, "$.rules[0]")])

    assert hint in problem.message


def test_if_strict_a_bad_rule_stops_everything() -> None:
    """With every problem of every rule."""
    with pytest.raises(ParametersError) as caught:
        gather(_lines(_GOOD, _BAD, "-a never"), strict=True)
    assert [(problem.path, problem.keyword) for problem in caught.value.problems] == [
        ("$.rules[1]", "rule"),
        ("$.rules[2]", "rule"),
    ]


def test_a_document_of_bad_rules_alone_is_refused() -> None:
    """It would record nothing of what was asked."""
    with pytest.raises(ParametersError):
        gather(_lines(_BAD), strict=False)


def test_no_rules_at_all_is_a_choice() -> None:
    """What the host audits already is recorded."""
    assert gather([], strict=True) == ()


def test_profiles_and_files_must_be_there(tmp_path: Path) -> None:
    """A misspelt name is no rule that failed."""
    sources = [
        RuleSource("profile", "exce", "$.rules[0]"),
        RuleSource("file", str(tmp_path / "no"), "$.rules[1]"),
    ]

    problems = source_problems(sources)

    assert [(problem.path, problem.keyword) for problem in problems] == [
        ("$.rules[0].profile", "profile"),
        ("$.rules[1].file", "file"),
    ]
    with pytest.raises(ParametersError):
        gather(sources, strict=False)


def test_a_rule_file_is_a_file_that_not_everybody_can_write_to(tmp_path: Path) -> None:
    """Root would load what anybody put there; and a pipe would never end."""
    file, pipe = tmp_path / "open.rules", tmp_path / "pipe"
    file.write_text(_GOOD)
    file.chmod(0o666)
    os.mkfifo(pipe)
    paths = (file, pipe, tmp_path)

    problems = source_problems([RuleSource("file", str(path), "$.rules[0]") for path in paths])

    assert [problem.message for problem in problems] == [
        f"every user can write to the rule file {file}: chmod o-w {file}",
        f"the rule file {pipe} is not a file",
        f"the rule file {tmp_path} cannot be read: Is a directory",
    ]


def test_control_lines_are_no_rules_and_stop_nothing(tmp_path: Path) -> None:
    """Each option keeps its place; what becomes of it is known at the end."""
    file = tmp_path / "base.rules"
    file.write_text(f"-D\n-b 8192 -f 1\n{_GOOD}\n-e 2\n")
    rules = gather([RuleSource("file", str(file), "$.rules[0]"), *_lines("-r 100")], strict=True)

    assert [rule.text for rule in rules] == ["-D", "-b 8192", "-f 1", _GOOD, "-e 2", "-r 100"]
    assert rules[2].origin == f"file {file} line 2"
    assert len(to_load(rules)) == 1
    known = with_outcomes(rules, [RuleOutcome(to_load(rules)[0], "added")], [])
    assert [rule.outcome for rule in known] == ["", "", "", "added", "", ""]


def test_a_control_line_with_a_bad_value_is_invalid() -> None:
    """With its column, as a rule."""
    rules = gather(_lines(_GOOD, "-b 5x"), strict=False)

    assert (rules[1].outcome, rules[1].detail) == ("invalid", "column 5: '5x' is not a number up to its end")
    with pytest.raises(ParametersError):
        gather(_lines("-e 1", _BAD), strict=False)


def test_the_same_rule_twice_is_loaded_once() -> None:
    """The second says where the first stands."""
    rules = gather(_lines(_GOOD, _OTHER, _GOOD), strict=True)

    assert [rule.outcome for rule in rules] == ["", "", "duplicate"]
    assert "$.rules[0]" in rules[2].detail
    assert len(to_load(rules)) == 2


def test_every_rule_gets_its_outcome_and_its_ending() -> None:
    """Those that were not loaded keep theirs."""
    rules = gather(_lines(_GOOD, _BAD, _OTHER), strict=False)
    one, two = to_load(rules)
    outcomes = [RuleOutcome(one, "added"), RuleOutcome(two, "exists", "before")]
    endings = [RuleOutcome(one, "removed"), RuleOutcome(two, "exists", "before")]

    known = with_outcomes(rules, outcomes, endings)

    assert [(rule.outcome, rule.ending, rule.detail) for rule in known if rule.outcome != "invalid"] == [
        ("added", "removed", ""),
        ("exists", "", "before"),
    ]
    assert known[1].outcome == "invalid"


def test_a_rule_that_was_not_reached_is_skipped() -> None:
    """A run that ended while it was setting up."""
    rules = gather(_lines(_GOOD, _OTHER), strict=True)
    known = with_outcomes(rules, [RuleOutcome(to_load(rules)[0], "added")], [])

    assert [rule.outcome for rule in known] == ["added", "skipped"]


def test_our_own_processes_are_kept_out_ahead_of_every_rule() -> None:
    """A prepended rule that never records."""
    rule = Rule.unpack(exclusion(4711))

    assert rule.prepend
    assert [(field.value, field.text) for field in rule.fields] == [(4711, None)]


def test_a_rule_file_that_is_too_long_is_not_read_whole(tmp_path: Path) -> None:
    """It is somebody else's file, most likely."""
    path = tmp_path / "long.rules"
    path.touch(mode=0o600)
    os.truncate(path, MAX_DOCUMENT + 1)

    with pytest.raises(ParametersError, match=f"has more than {MAX_DOCUMENT} bytes"):
        gather([RuleSource("file", str(path), "$.rules[0]")], strict=False)


def test_a_rule_file_may_be_libaudit_gos_json(tmp_path: Path) -> None:
    """Its rules are those of auditctl's language, and its settings control options; a bad element stops no other."""
    file = tmp_path / "audit.rules.json"
    elements = [
        {"actions": ["always", "exit"], "syscalls": ["execve"], "key": "exec", "fields": [_ARCH]},
        {"actions": ["always", "exit"], "syscalls": ["nosuch"], "key": "x", "fields": [_ARCH]},
    ]
    file.write_text(json.dumps({"delete": True, "buffer": "16384", "syscall_rules": elements}))

    rules = gather([RuleSource("file", str(file), "$.rules[0]")], strict=False)

    assert [(rule.control.name, rule.control.value) for rule in rules if rule.control] == [
        ("-D", None),
        ("-b", 16384),
    ]
    assert to_load(rules) == to_load(gather(_lines(_GOOD), strict=True))
    assert [rule.origin for rule in rules if rule.outcome == "invalid"] == [f"file {file} $.syscall_rules[1]"]


def test_json_that_is_no_rule_document_is_a_problem(tmp_path: Path) -> None:
    """With its place."""
    file = tmp_path / "audit.rules.json"
    file.write_text('{"rules": []}')

    (problem,) = source_problems([RuleSource("file", str(file), "$.rules[0]")])

    assert (problem.path, problem.keyword) == ("$.rules[0].file", "file")
    assert "column" in problem.message
