"""What the documents say is so."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mig_audit.cli import build_parser
from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.files.activity import OUTCOMES
from mig_audit.modules.audit.files.confidence import WORDS
from mig_audit.modules.audit.files.formats import FORMATS as ROW_FORMATS
from mig_audit.modules.audit.files.formats.columns import COLUMNS
from mig_audit.modules.audit.files.rows import FLAGS, KINDS
from mig_audit.modules.audit.formats import FORMATS, make_format
from mig_audit.modules.audit.module import AuditModule
from mig_audit.modules.audit.rules import strictness
from mig_audit.validation import find_problems, load_schema

_ROOT = Path(__file__).parent.parent
_README = (_ROOT / "README.md").read_text("utf-8")
_DOCUMENTS = [
    text
    for text in re.findall(r"```json\n(.*?)```", _README, re.DOTALL)
    if '"rules": [{' in text or '"window": "' in text
]


def test_the_generated_parts_of_the_documents_are_up_to_date() -> None:
    """Tables and examples are made from what they describe."""
    result = subprocess.run(
        [sys.executable, str(_ROOT / "tools" / "generate_docs.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("text", _DOCUMENTS)
def test_every_parameters_document_in_the_readme_is_valid(text: str) -> None:
    """People copy them."""
    assert AuditModule().validate(json.loads(text)) == []


def test_there_are_parameters_documents_in_the_readme() -> None:
    """An empty list would prove nothing."""
    assert len(_DOCUMENTS) == 3


def test_the_recorded_result_fits_its_schema_and_so_do_its_events() -> None:
    """It is the README's example."""
    result = json.loads((_ROOT / "tests" / "data" / "result.json").read_text("utf-8"))

    assert find_problems(result, "audit.results.v1.schema.json") == []
    for event in result["elements"]["events"]:
        assert find_problems(event, "audit.event.v1.schema.json") == []


@pytest.mark.parametrize(
    "command", ["run", "validate", "schema", "replay", "files", "-m audit", "-P audit", "-i ACTION.json"]
)
def test_every_command_is_in_the_readme(command: str) -> None:
    """With an example."""
    assert f"mig-audit {command}" in _README
    assert command.split(maxsplit=1)[0] in build_parser().format_help()


@pytest.mark.parametrize("target", ["run", "test", "test-tools", "lint", "help"])
def test_the_makes_that_are_promised_exist(target: str) -> None:
    """In the Makefile."""
    assert re.search(rf"^{target}:", (_ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_the_page_on_strictness_has_every_difference() -> None:
    """Those that the parser knows, and those of a run."""
    page = (_ROOT / "docs" / "rule-strictness.md").read_text("utf-8")
    everything = (*strictness.REFUSED, *strictness.MENDED, *strictness.RUN)

    assert [each.name for each in everything if f"| {each.auditctl} |" not in page] == []


def test_the_page_on_formats_has_every_format() -> None:
    """With the type that its events have at an endpoint."""
    page = (_ROOT / "docs" / "formats.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \|[^|\n]*\|[^|\n]*\| `([^`]+)` \| [^|\n]+ \|$", page, re.MULTILINE)
    origin = Origin("host", TableNames({}, {}))

    assert rows == [(name, make_format(name, origin).media_type) for name in FORMATS]


def test_the_page_on_file_activity_has_every_row_format_and_outcome() -> None:
    """And how sure a value can be."""
    page = (_ROOT / "docs" / "file-activity.md").read_text("utf-8")
    words = [*KINDS, *ROW_FORMATS, *OUTCOMES, *WORDS.values()]

    assert [word for word in words if f"`{word}`" not in page] == []


def test_the_schema_of_file_activity_has_every_flag() -> None:
    """With what it means."""
    schema = json.loads(load_schema("audit.files.v1.schema.json"))
    known = {each["const"] for each in schema["properties"]["flags"]["items"]["oneOf"]}

    assert known == {*FLAGS, "map_shared", "prot_read", "prot_write", "prot_exec"}
    assert schema["properties"]["row"]["enum"] == list(KINDS)
    assert list(schema["properties"]) == list(COLUMNS)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the examples are of an x86-64 host")
def test_the_commands_on_the_page_of_rule_files_print_what_it_shows(tmp_path: Path) -> None:
    """On the file that it shows."""
    page = (_ROOT / "docs" / "rules.md").read_text("utf-8")
    explained, converted = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    rules, said = re.split(r"^# mig-audit rules explain site.rules\n", explained, flags=re.MULTILINE)
    text = rules.split("\n", 1)[1]
    (tmp_path / "site.rules").write_text(text)
    first = "".join(text.splitlines(keepends=True)[:2])

    assert _rules(tmp_path, "explain", "site.rules") == said
    shown = converted.split("\n", 1)[1]
    assert _rules(tmp_path, "convert", "--to", "libaudit-go", "-", stdin=first) == shown


def _rules(folder: Path, *arguments: str, stdin: str = "") -> str:
    command = [sys.executable, "-m", "mig_audit", "rules", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, cwd=folder).stdout


@pytest.mark.parametrize("action", ["check", "compile", "convert", "explain", "list"])
def test_every_action_on_rule_files_is_on_their_page(action: str) -> None:
    """And in the help text."""
    page = (_ROOT / "docs" / "rules.md").read_text("utf-8")
    command = [sys.executable, "-m", "mig_audit", "rules", "--help"]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert re.search(rf"^\| `{action}\b", page, re.MULTILINE)
    assert f"    {action} " in words
