"""Rule files from one language into another."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from mig_audit.modules.audit.rules import Names, parse_rule
from mig_audit.modules.audit.rules.conversion import Converted, convert
from mig_audit.modules.audit.rules.statements import LANGUAGES, read_statements

_DATA = Path(__file__).resolve().parents[3] / "data" / "rules"
_NAMES = Names({"root": 0}.get, {"adm": 4}.get, frozenset((b"/", b"/etc")).__contains__, "x86_64")
_RULES = """\
# what an investigator keeps
-D
-b 8192
-r 500
-w /etc/passwd -p wa -k identity
-w /etc -p wa -k etc
-a always,exit -F arch=b64 -S execve -F auid>=1000 -F auid!=unset -F key=exec
-a always,exit -C uid!=euid -F arch=b64 -S setuid
-e 1
"""


def _converted(data: str, language: str, source: str = "auto") -> Converted:
    statements = read_statements(
        data.encode(), source, names=_NAMES, exists=lambda _path: True, comments=True
    )
    return convert(statements, language, _NAMES)


def _loaded(data: str) -> list[bytes]:
    statements = read_statements(data.encode(), names=_NAMES, exists=lambda _path: True)
    assert [each.error for each in statements] == [None] * len(statements)
    return [each.parsed.rule.pack() for each in statements if each.parsed]


def _controls(data: str) -> dict[str, int | None]:
    statements = read_statements(data.encode(), names=_NAMES, exists=lambda _path: True)
    return {control.name: control.value for each in statements for control in each.controls}


@pytest.mark.parametrize("second", LANGUAGES)
@pytest.mark.parametrize("first", LANGUAGES)
def test_rules_and_settings_survive_every_way(first: str, second: str) -> None:
    """The same bytes for the kernel, and the same settings, through two conversions."""
    there = _converted(_RULES, first)
    back = _converted(there.text, second)

    assert (there.problems, back.problems) == ([], [])
    assert _loaded(back.text) == _loaded(_RULES)
    assert _controls(back.text) == _controls(_RULES) == {"-D": None, "-b": 8192, "-r": 500, "-e": 1}


def test_the_dialects_are_what_libaudit_go_reads() -> None:
    """Settings are strings but for delete, and the old dialect has two arrays."""
    old, new = (json.loads(_converted(_RULES, name).text) for name in ("libaudit-go-old", "libaudit-go"))

    settings = {"delete": True, "buffer": "8192", "rate": "500", "enable": "1"}
    assert {name: old[name] for name in settings} == settings
    assert list(old)[-2:] == ["file_rules", "syscall_rules"]
    assert [len(old[name]) for name in ("file_rules", "syscall_rules")] == [2, 2]
    assert {**settings, "audit_rules": old["file_rules"] + old["syscall_rules"]} == new


def test_the_text_keeps_its_comments() -> None:
    """And its control lines, between the rules."""
    text = _converted("# one\n-f 1\n-w /etc/passwd -p r\n  # two\n-W /etc/hosts -p r\n", "auditctl").text

    assert text.splitlines() == [
        "# one",
        "-f 1",
        "-a always,exit -F path=/etc/passwd -F perm=r",
        "# two",
        "-d always,exit -F path=/etc/hosts -F perm=r",
    ]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("-a always,exit -F arch=b64 -S execve -F exe=/bin/ls", "there is no field exe"),
        ("-A always,exit -F arch=b64 -S execve -k a", "cannot be the first of its list"),
        ("-a always,exit -F arch=b64 -S execve -k a -k b", "a rule has one key"),
        ("-a never,filesystem -F fstype=tracefs", "no list or action"),
        ("-a always,exit -F arch=aarch64 -S execve", "arch is 64 or 32"),
        ("-W /etc/hosts -p wa", "only adds rules"),
        ("-a always,exit -S nosuch", "no system call"),
    ],
)
def test_what_json_cannot_say_is_a_problem_of_its_line(line: str, word: str) -> None:
    """The others are written all the same."""
    converted = _converted(f"{line}\n-w /etc/passwd -p r\n", "libaudit-go")

    (problem,) = converted.problems
    assert (problem.place, problem.text) == ("line 1", line)
    assert word in str(problem.error)
    assert _loaded(converted.text) == [parse_rule("-w /etc/passwd -p r", _NAMES).rule.pack()]


def test_what_has_no_place_in_json_is_said() -> None:
    """Comments by their number, each control option with its line, and the trap of a rule without syscalls."""
    given = "# a\n-f 1\n-i\n-D -k x\n-b 64\n-b 128\n# b\n-a never,exit -F path=/etc/hosts -F perm=r\n"
    converted = _converted(given, "libaudit-go")

    assert converted.problems == []
    assert [note.partition(": ")[0] for note in converted.notes[:4]] == [":2", ":3", ":4", ":6"]
    assert converted.notes[4] == "2 comments left out: JSON has none"
    assert converted.notes[5].startswith("1 rule has no syscalls: libaudit-go itself")
    assert json.loads(converted.text)["buffer"] == "128"


def test_rules_are_not_cleared_that_stand_above() -> None:
    """The member of JSON comes before every rule, so -D after one has no place."""
    converted = _converted("-w /etc/passwd -p r\n-D\n", "libaudit-go")

    assert [problem.place for problem in converted.problems] == ["line 2"]
    assert "delete" not in json.loads(converted.text)


def test_an_order_that_the_old_dialect_has_not_is_said() -> None:
    """Its arrays are in the order of the first rules."""
    call, watch = "-a always,exit -F arch=b64 -S execve", "-w /etc/passwd -p r"
    mixed = _converted(f"{call}\n{watch}\n{call} -F uid=0\n", "libaudit-go-old")
    apart = _converted(f"{call}\n{call} -F uid=0\n{watch}\n", "libaudit-go-old")

    assert [note.partition(": ")[0] for note in mixed.notes] == [":3"]
    assert apart.notes == []
    assert list(json.loads(apart.text)) == ["syscall_rules", "file_rules"]


def _strict(*flags: bool | None) -> str:
    watch = {"path": "/etc/passwd", "permission": "r"}
    rules: list[dict[str, Any]] = [
        {**watch, **({} if flag is None else {"strict_path_check": flag})} for flag in flags
    ]
    return json.dumps({"audit_rules": rules})


def test_a_check_of_paths_goes_where_the_dialect_has_it() -> None:
    """To each rule, or to the document if it is for all; auditctl has none, and it is said."""
    new = json.loads(_converted(_strict(True, None), "libaudit-go").text)
    assert [rule.get("strict_path_check") for rule in new["audit_rules"]] == [True, None]

    assert json.loads(_converted(_strict(True, True), "libaudit-go-old").text)["strict_path_check"] is True
    some = _converted(_strict(True, False), "libaudit-go-old")
    assert "strict_path_check" not in json.loads(some.text)
    assert [note.partition(":")[2].partition(":")[0] for note in some.notes] == ["$.audit_rules[0]"]

    text = _converted(_strict(True), "auditctl")
    assert "auditctl has nothing like it" in text.notes[0]


def test_a_rule_that_is_not_utf_8_is_not_written_as_another() -> None:
    """Text is written in UTF-8."""
    statements = read_statements(b"-w /etc/\xff -p r\n", names=_NAMES)

    converted = convert(statements, "auditctl", _NAMES)

    assert (converted.text, len(converted.problems)) == ("", 1)


def test_enabling_comes_behind_the_rules_that_it_may_lock_out() -> None:
    """``enable`` of JSON may be 2."""
    document = {"enable": "2", "delete": True, "audit_rules": [{"path": "/etc/passwd", "permission": "r"}]}

    text = _converted(json.dumps(document), "auditctl").text

    assert text.splitlines() == ["-D", "-a always,exit -F path=/etc/passwd -F perm=r", "-e 2"]


def test_the_corpus_is_converted_or_refused_with_a_reason() -> None:
    """Every rule that auditctl takes: what is written reads back as the same bytes."""
    with lzma.open(_DATA / "golden-dev.jsonl.xz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    given = [row["rule"] for row in rows if row["msg_type"] == 1011 and row["kernel_errno"] == 0][::5]
    statements = read_statements("\n".join(given).encode(), names=_NAMES, exists=lambda _path: True)
    good = [each for each in statements if each.parsed]
    assert len(good) > 150

    for language in LANGUAGES:
        for each in good:
            converted = convert([each], language, _NAMES)
            if converted.problems:
                assert language != "auditctl", each.text
                continue
            assert each.parsed is not None
            assert _loaded(converted.text) == [each.parsed.rule.pack()], each.text
