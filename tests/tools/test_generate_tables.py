"""The tables are what their generator makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_TOOL = Path(__file__).resolve().parents[2] / "tools" / "generate_tables.py"

pytestmark = pytest.mark.skipif(not _TOOL.exists(), reason="the generator is part of the sources only")


def test_the_tables_have_not_drifted_from_their_sources() -> None:
    """Nobody edits a table by hand, or its source without making it again."""
    checked = subprocess.run(
        [sys.executable, str(_TOOL), "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_changed_table_is_noticed(tmp_path: Path) -> None:
    """The check names each file that is out of date, missing or left over."""
    for folder in ("tools", "tests", "mig_audit/modules/audit"):
        (tmp_path / folder).mkdir(parents=True)
    repository = _TOOL.parent.parent
    tool = tmp_path / "tools" / _TOOL.name
    tool.write_bytes(_TOOL.read_bytes())
    (tmp_path / "tests" / "data").symlink_to(repository / "tests" / "data")
    tables = tmp_path / "mig_audit" / "modules" / "audit" / "tables"
    tables.mkdir()
    subprocess.run([sys.executable, str(tool)], check=True)
    subprocess.run([sys.executable, str(tool), "--check"], check=True)

    (tables / "fields.json").write_text("{}", "utf-8")
    (tables / "left-over.json").write_text("{}", "utf-8")
    (tables / "errnos.json").unlink()
    checked = subprocess.run(
        [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 1
    named = [line.split(" ")[0].rpartition("/")[2] for line in checked.stderr.splitlines()]
    assert named == ["errnos.json", "fields.json", "left-over.json"]
