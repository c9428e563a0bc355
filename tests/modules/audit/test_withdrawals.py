"""Rules that a document adds and takes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.parameters import RuleSource
from mig_audit.modules.audit.ruleset import AskedRule, gather, source_problems, to_load

if TYPE_CHECKING:
    from pathlib import Path

_EXEC = "-a always,exit -F arch=b64 -S execve -k exec"
_WATCH = "-w /etc/passwd -p wa -k identity"
_OTHER = "-a always,exit -F arch=b64 -S openat -F key=open -F key=files"


def _file(path: Path, *lines: str, number: int = 0) -> RuleSource:
    path.write_text("".join(f"{line}\n" for line in lines))
    return RuleSource("file", str(path), f"$.rules[{number}]")


def _lines(*lines: str) -> list[RuleSource]:
    return [RuleSource("line", line, f"$.rules[{index}]") for index, line in enumerate(lines)]


def _outcomes(rules: tuple[AskedRule, ...]) -> list[tuple[str, str]]:
    return [(rule.text, rule.outcome) for rule in rules]


@pytest.mark.parametrize(
    ("rule", "deletion"),
    [
        (_EXEC, "-d always,exit -F arch=b64 -S execve -k exec"),
        (f"-A{_EXEC[2:]}", "-d always,exit -F arch=b64 -S execve -F key=exec"),
        (_WATCH, "-W /etc/passwd -p wa -k identity"),
        (_WATCH, "-d always,exit -F path=/etc/passwd -F perm=wa -F key=identity"),
    ],
)
def test_a_rule_can_be_taken_back(rule: str, deletion: str) -> None:
    """Whichever way it was written, if the kernel would take it for the same."""
    rules = gather(_lines(rule, _OTHER, deletion), strict=True)

    assert _outcomes(rules) == [(rule, "skipped"), (_OTHER, ""), (deletion, "setting")]
    assert rules[0].detail == f"{deletion} of parameters takes it back"
    assert len(to_load(rules)) == 1


def test_the_last_of_the_same_rules_is_taken_back() -> None:
    """One for each line that does."""
    rules = gather(_lines(_WATCH, _WATCH, f"-W{_WATCH[2:]}"), strict=True)
    assert _outcomes(rules)[:2] == [(_WATCH, ""), (_WATCH, "skipped")]


@pytest.mark.parametrize("lines", [(f"-W{_WATCH[2:]}",), (f"-W{_WATCH[2:]}", _WATCH)])
def test_no_other_rule_is_removed(lines: tuple[str, ...]) -> None:
    """The host's are not ours, and nothing is taken back before it is there."""
    problems = source_problems(_lines(*lines))

    assert [problem.path for problem in problems] == ["$.rules[0]"]
    assert "mig-audit removes no rules but its own" in problems[0].message
    with pytest.raises(ParametersError):
        gather(_lines(*lines), strict=True)


def test_clearing_is_for_the_rules_above_it_in_its_own_file(tmp_path: Path) -> None:
    """Most files begin with it, and mean the host's rules."""
    sources = [
        *_lines(_OTHER),
        _file(tmp_path / "one", "-D", _EXEC, _WATCH, "-D", _WATCH, number=1),
        _file(tmp_path / "two", "-D", number=2),
    ]

    rules = gather(sources, strict=True)

    assert _outcomes(rules) == [
        (_OTHER, ""),
        ("-D", ""),
        (_EXEC, "skipped"),
        (_WATCH, "skipped"),
        ("-D", "setting"),
        (_WATCH, ""),
        ("-D", ""),
    ]
    assert rules[4].detail == "it takes back 2 rules above, and no other"


def test_clearing_by_key_takes_what_has_it_anywhere(tmp_path: Path) -> None:
    """As auditctl does it: a part of a key will do."""
    rules = gather([_file(tmp_path / "one", _EXEC, _OTHER, _WATCH, "-D -k ile")], strict=True)

    assert _outcomes(rules) == [
        (_EXEC, ""),
        (_OTHER, "skipped"),
        (_WATCH, ""),
        ("-D -k ile", "setting"),
    ]
    assert rules[3].detail == "it takes back 1 rule above, and no other"
