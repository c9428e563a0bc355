"""Packages that are not there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.packages import PACKAGES, missing_packages, require_packages

_PROJECT = Path(__file__).parent.parent.parent.parent / "pyproject.toml"


def test_they_are_those_that_the_project_depends_on() -> None:
    """No more and no fewer."""
    (listed,) = re.findall(
        r"^dependencies = \[.*?\n(.*?)^\]", _PROJECT.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )

    assert set(re.findall(r'"([a-z]+)', listed)) == set(PACKAGES)


def test_what_is_not_found_is_missing() -> None:
    """And all of them are found here."""
    assert missing_packages(lambda name: None if name == "psutil" else name) == ("psutil",)
    assert missing_packages() == ()


def test_a_run_is_not_begun_without_what_every_run_needs() -> None:
    """Its window would be over when that is found; what sends events is asked for by who sends some."""
    with pytest.raises(UsageError, match="psutil is not installed"):
        require_packages(lambda name: None if name == "psutil" else name)
    require_packages(lambda name: None if name == "requests" else name)


def test_neither_a_run_nor_doctor_loses_its_answer_without_a_package(tmp_path: Path) -> None:
    """A run has one before it touches anything, doctor all the same."""
    hide = "import sys; sys.modules['psutil'] = None; sys.argv[0] = 'mig-audit'"
    start = f"{hide}; from mig_audit.__main__ import entrypoint; sys.exit(entrypoint())"
    log = tmp_path / "raw.log"
    (tmp_path / "params.json").write_text(json.dumps({"rules": [], "raw_log": {"path": str(log)}}))

    def answer(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", start, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    run, doctor = answer("run", str(tmp_path / "params.json")), answer("doctor", "--json")

    assert run.returncode == doctor.returncode == 2
    assert "psutil is not installed" in json.loads(run.stdout)["errors"][0]
    assert not log.exists()
    assert json.loads(doctor.stdout)["checks"][0]["name"] == "packages"
