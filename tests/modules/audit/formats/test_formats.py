"""Formats are found by name."""

from __future__ import annotations

import pytest

from mig_audit.errors import UsageError
from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.formats import DEFAULT_FORMAT, FORMATS, MozdefFormat, make_format

ORIGIN = Origin("h", TableNames({}, {}))


def test_the_default_format_is_mozdef() -> None:
    """What MozDef's consumers know."""
    assert DEFAULT_FORMAT == "mozdef"
    assert isinstance(make_format(DEFAULT_FORMAT, ORIGIN), MozdefFormat)


def test_a_format_has_the_name_under_which_it_is_found() -> None:
    """And says what its bytes are."""
    for name in FORMATS:
        assert make_format(name, ORIGIN).name == name
        assert "/" in make_format(name, ORIGIN).media_type


def test_a_format_that_does_not_exist_is_a_usage_error() -> None:
    """Which names those that do."""
    with pytest.raises(UsageError, match="mozdef"):
        make_format("xml", ORIGIN)
