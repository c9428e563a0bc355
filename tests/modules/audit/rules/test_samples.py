"""The sample rules that come with auditd, each of which is a file that somebody will paste."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from mig_audit.modules.audit.rules import Names, parse_file

_FOLDER = Path("/usr/share/doc/auditd/examples/rules")
_FILES = sorted(path for path in (*_FOLDER.glob("*.rules"), *_FOLDER.glob("*.rules.gz")))
_WHY_NOT = f"there are no rules in {_FOLDER}: install Debian's auditd, with its documentation"

# A host that has every user the samples name.
_USERS = {"root": 0, "chrony": 105}
_NAMES = Names(_USERS.get, _USERS.get, lambda _path: False, "x86_64")


def _data(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


_OFFERED = re.compile(rb"^#+ ?(-[a-zA-Z] .*|--[a-z].*)$", re.MULTILINE)


@pytest.mark.skipif(not _FILES, reason=_WHY_NOT)
def test_every_line_of_every_sample_is_understood() -> None:
    """Rules and control lines, without an exception."""
    lines = [(path.name, line) for path in _FILES for line in parse_file(_data(path), _NAMES)]
    errors = [
        f"{name} line {line.number}: {line.text}: {line.error}"
        for name, line in lines
        if line.error is not None
    ]

    assert errors == []
    assert sum(line.parsed is not None for _name, line in lines) > 100
    assert {control.name for _name, line in lines for control in line.controls} >= {"-D", "-b", "-f", "-i"}


@pytest.mark.skipif(not _FILES, reason=_WHY_NOT)
def test_what_the_samples_offer_in_comments_is_understood_but_for_a_place_holder() -> None:
    """People remove the # and fill in the rest."""
    offered = b"\n".join(line for path in _FILES for line in _OFFERED.findall(_data(path)))
    lines = parse_file(offered, _NAMES)

    assert len(lines) > 20
    assert [str(line.error) for line in lines if line.error is not None] == ["there is no user 'daemon-acct'"]
