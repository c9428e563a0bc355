"""Formats are found by name."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Optional

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.events import Event, Origin, TableNames
from mig_audit.modules.audit.formats import (
    DEFAULT_FORMAT,
    FORMATS,
    GROUP,
    format_names,
    header_of,
    make_format,
)
from mig_audit.modules.audit.formats.mozdef import MozdefFormat

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = """
class Words:
    name = "acme.words"
    media_type = "text/plain"
    header = b"# words"

    def __init__(self, origin):
        self._hostname = origin.hostname

    def encode(self, event):
        return f"{self._hostname} {event.category} {event.serial}".encode()
"""
ORIGIN = Origin("h", TableNames({}, {}))
HERE = __name__


class ThirdParty:
    """A format of another package."""

    name = "acme.words"
    media_type = "text/plain"
    header = b"# words"

    def __init__(self, origin: Origin) -> None:
        """Remember the host."""
        self.origin = origin

    def encode(self, event: Event) -> Optional[bytes]:
        """Return a word."""
        return event.category.encode()


class _Point(EntryPoint):
    """An installed entry point that gives what this file has."""

    def load(self) -> object:
        """Return what its value names here."""
        return globals()[self.value]


def _point(name: str, value: str = "ThirdParty") -> EntryPoint:
    return _Point(name, value, GROUP)


def test_the_default_format_is_mozdef() -> None:
    """What MozDef's consumers know."""
    assert DEFAULT_FORMAT == "mozdef"
    assert isinstance(make_format(DEFAULT_FORMAT, ORIGIN), MozdefFormat)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_has_the_name_under_which_it_is_found(name: str) -> None:
    """And says what its bytes are."""
    form = make_format(name, ORIGIN)

    assert form.name == name
    assert "/" in form.media_type
    assert b"\n" not in header_of(form)


def test_a_format_that_does_not_exist_is_a_usage_error() -> None:
    """Which names those that do."""
    with pytest.raises(UsageError, match=r"format 'xml' is not available: known formats: .*mozdef"):
        make_format("xml", ORIGIN, [])


@pytest.mark.parametrize("name", FORMATS)
def test_one_format_is_imported_without_the_others(name: str) -> None:
    """A short run should not pay for what it does not use."""
    script = (
        "import sys; from mig_audit.modules.audit.events import Origin;"
        "from mig_audit.modules.audit.formats import FORMATS, make_format;"
        "package = 'mig_audit.modules.audit.formats.';"
        "modules = {package + place.partition(':')[0] for place in FORMATS.values()};"
        "print(sorted(modules & set(sys.modules)));"
        f"make_format({name!r}, Origin.here());"
        "print(sorted(modules & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    place = FORMATS[name].partition(":")[0]

    assert result.stdout.splitlines() == ["[]", f"['mig_audit.modules.audit.formats.{place}']"]


def test_a_format_of_another_package_is_found_by_its_name_alone() -> None:
    """Nothing else of what is installed is imported."""
    form = make_format("acme.words", ORIGIN, [_point("acme.broken", "Nothing"), _point("acme.words")])

    assert isinstance(form, ThirdParty)
    assert form.origin is ORIGIN
    assert header_of(form) == b"# words"


def test_an_installed_package_offers_its_format_to_the_command_line(tmp_path: Path) -> None:
    """As docs/formats.md says, and beside a package that is broken."""
    for package, point in (("acme", "acme.words = acme_words:Words"), ("broken", "broken.x = no_such:X")):
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{GROUP}]\n{point}\n")
    (tmp_path / "acme_words.py").write_text(_PACKAGE)
    (tmp_path / "raw.log").write_bytes(b"type=USER msg=audit(1.000:7): pid=1 uid=0 msg='x'\n")
    command = [sys.executable, "-m", "mig_audit", "replay", "--format", "acme.words", "--hostname", "h"]
    result = subprocess.run(
        [*command, str(tmp_path / "raw.log")],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert result.stdout == b"# words\nh user 7\n"


def test_a_built_in_format_cannot_be_replaced() -> None:
    """Nor can a package take a name without a dot, which a later version may use."""
    points = [_point("mozdef"), _point("words")]

    assert isinstance(make_format("mozdef", ORIGIN, points), MozdefFormat)
    with pytest.raises(UsageError, match="not available"):
        make_format("words", ORIGIN, points)
    assert format_names([*points, _point("acme.words")]) == sorted([*FORMATS, "acme.words"])


def test_a_broken_package_is_a_usage_error() -> None:
    """Before anything is touched; it names the package's place."""
    with pytest.raises(UsageError, match=r"cannot be imported from Nothing: KeyError"):
        make_format("acme.broken", ORIGIN, [_point("acme.broken", "Nothing")])
    with pytest.raises(UsageError, match="cannot be made: TypeError"):
        make_format("acme.broken", ORIGIN, [_point("acme.broken", "HERE")])
