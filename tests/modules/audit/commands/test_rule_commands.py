"""`mig-audit rules`, as a process, without a kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mig_audit.modules.audit.commands.rules import loaded_text
from mig_audit.modules.audit.kernel.status import Setting, pack_setting
from mig_audit.modules.audit.rules import Rule, parse_rule
from mig_audit.modules.audit.rules import constants as c

if TYPE_CHECKING:
    from pathlib import Path

_GOOD = "-a always,exit -F arch=b64 -S execve -k exec"
_RULES = (
    f"# comment\n{_GOOD}\n\n-a always,exit -S nosuch\n-W /etc/hosts -p wa\n-b 8192\n-a never,exit -F uid=\n"
)


def _rules(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mig_audit", "rules", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_a_file_without_problems_is_quiet(tmp_path: Path) -> None:
    """Exit code 0, and not a word."""
    path = tmp_path / "good.rules"
    path.write_text(f"{_GOOD}\n-D\n-b 8192\n")

    result = _rules("check", str(path))

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_every_problem_of_every_file_has_its_line_and_column(tmp_path: Path) -> None:
    """On stderr, with exit code 2."""
    path = tmp_path / "site.rules"
    path.write_text(_RULES)

    result = _rules("check", str(path), "-", stdin="-w relative\n")

    assert (result.returncode, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == [f"{path}:4:19", f"{path}:7:22", "stdin:1:4"]
    assert lines[0].endswith("x86_64 has no system call 'nosuch' (in: -a always,exit -S nosuch)")


def test_rules_are_compiled_to_json_lines_in_order() -> None:
    """A line that cannot be understood stops no other."""
    result = _rules("compile", "--json", "-", stdin=_RULES)

    assert result.returncode == 2
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert documents == [
        {
            "line": 2,
            "rule": _GOOD,
            "ok": True,
            "messages": [{"type": 1011, "payload_hex": parse_rule(_GOOD).rule.pack().hex()}],
        },
        {
            "line": 4,
            "rule": "-a always,exit -S nosuch",
            "ok": False,
            "error": "x86_64 has no system call 'nosuch'",
            "column": 19,
        },
        {
            "line": 5,
            "rule": "-W /etc/hosts -p wa",
            "ok": True,
            "messages": [{"type": 1012, "payload_hex": parse_rule("-W /etc/hosts -p wa").rule.pack().hex()}],
        },
        {
            "line": 6,
            "rule": "-b 8192",
            "ok": True,
            "messages": [
                {"type": 1001, "payload_hex": pack_setting(Setting.BACKLOG_LIMIT, 8192).hex()},
            ],
        },
        {
            "line": 7,
            "rule": "-a never,exit -F uid=",
            "ok": False,
            "error": "a value is missing after uid=",
            "column": 22,
        },
    ]
    assert [list(document) for document in documents[:2]] == [
        ["line", "rule", "ok", "messages"],
        ["line", "rule", "ok", "error", "column"],
    ]


def test_rules_are_compiled_to_hex() -> None:
    """One payload a line; the problems are on stderr."""
    result = _rules("compile", "-", stdin=_RULES)

    assert result.returncode == 2
    expected = [parse_rule(text).rule.pack().hex() for text in (_GOOD, "-W /etc/hosts -p wa")]
    assert result.stdout.splitlines() == expected
    assert len(result.stderr.splitlines()) == 2


def test_good_rules_are_compiled_with_exit_code_0() -> None:
    """For scripts that look at nothing else."""
    assert _rules("compile", "--json", "-", stdin=_GOOD).returncode == 0


def test_rules_are_explained() -> None:
    """One line for each rule, with its place; what cannot be understood is on stderr."""
    result = _rules("explain", "-", stdin="-a always,exit -S nosuch\n-w /etc/hosts -p wa -k x\n")

    assert result.returncode == 2
    assert result.stdout == (
        "stdin:2: records every system call that writes or changes attributes at /etc/hosts; "
        "costs more than it must: without arch, perm is tried for every system call\n"
    )
    assert "stdin:1:19" in result.stderr


def test_a_file_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    """The error names the file and the reason."""
    result = _rules("check", str(tmp_path / "nosuch.rules"))

    assert result.returncode == 2
    assert "nosuch.rules cannot be read: No such file or directory" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("nosuch",), ("compile",)])
def test_bad_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    """With the usage on stderr."""
    result = _rules(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert "usage: mig-audit rules" in result.stderr


def test_a_loaded_rule_without_plain_text_is_not_made_up() -> None:
    """Neither one that the language cannot say nor one that is not UTF-8; the command prints their bytes."""
    nothing = Rule(c.AUDIT_FILTER_EXIT, c.AUDIT_ALWAYS, False, 0, ())
    assert loaded_text(nothing.pack()) is None
    assert loaded_text(parse_rule(b"-a always,exit -F path=/\xff -F perm=r").rule.pack()) is None
    assert loaded_text(b"no rule") is None
    assert loaded_text(parse_rule("-a never,task").rule.pack()) == "-a never,task"


def test_rules_are_converted() -> None:
    """Every file into one document on stdout; what is left out and what cannot be said is on stderr."""
    given = "# why\n-w /etc/passwd -p wa -k id\n-a always,exit -F exe=/bin/ls -F uid=0\n"

    result = _rules("convert", "--to", "libaudit-go", "-", stdin=given)

    assert result.returncode == 2
    assert json.loads(result.stdout) == {
        "audit_rules": [{"path": "/etc/passwd", "permission": "wa", "key": "id"}]
    }
    comments, problem = result.stderr.splitlines()
    assert comments == "mig-audit: 1 comment left out: JSON has none"
    assert problem.startswith(
        "mig-audit: stdin:3:1: libaudit-go has no words for this: there is no field exe"
    )

    back = _rules("convert", "-", stdin=result.stdout)
    assert (back.returncode, back.stderr) == (0, "")
    assert back.stdout == "-a always,exit -F path=/etc/passwd -F perm=wa -F key=id\n"


def test_json_is_read_by_every_action() -> None:
    """Its elements are named by their JSON path."""
    document = json.dumps({"audit_rules": [{"path": "/etc/passwd", "permission": "wa"}, {"path": "x"}]})

    checked = _rules("check", "-", stdin=document)
    compiled = _rules("compile", "--json", "-", stdin=document)
    explained = _rules("explain", "-", stdin=document)

    assert checked.stderr.startswith("mig-audit: stdin:$.audit_rules[1]:1: a file rule needs a permission")
    assert [json.loads(line)["ok"] for line in compiled.stdout.splitlines()] == [True, False]
    assert explained.stdout.startswith("stdin:$.audit_rules[0]: records every system call")


@pytest.mark.parametrize(
    ("document", "language", "word"),
    [
        ("{", "auto", "line 1 is not JSON"),
        ('{"file_rules": []}', "libaudit-go", "the document is libaudit-go-old, not libaudit-go"),
        ('{"audit_rules": []}', "auditctl", "belongs to no option"),
    ],
)
def test_a_file_in_another_language_than_was_said_is_refused(document: str, language: str, word: str) -> None:
    """As a whole, or its lines."""
    result = _rules("convert", "--from", language, "-", stdin=document)

    assert result.returncode == 2
    assert word in result.stderr


@pytest.mark.parametrize("action", ["check", "compile", "convert", "explain"])
def test_a_rule_file_cannot_command_a_terminal(action: str) -> None:
    """It may be anybody's; what is written for the kernel or a file is as it was."""
    result = _rules(action, "-", stdin="-w /etc/a\x1b[31m -p wa\n-w etc/\x1b[2J\u202e -p wa\n")

    shown = result.stderr + (result.stdout if action == "explain" else "")
    assert r"etc/\x1b[2J\u202e" in shown
    assert all(line.isprintable() for line in shown.splitlines())
    assert action != "explain" or r"at /etc/a\x1b[31m" in shown
