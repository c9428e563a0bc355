"""Packages that are not there."""

from __future__ import annotations

import re
from pathlib import Path

from mig_audit.modules.audit.packages import PACKAGES, missing_packages

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
