"""A format chooses how records are put together."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.events import Origin, TableNames, make_grouping
from mig_audit.modules.audit.events.auparse_feed import AuparseFeed
from mig_audit.modules.audit.events.correlation import Correlator
from mig_audit.modules.audit.formats import FORMATS, grouping_of, make_format


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_a_grouping(name: str) -> None:
    """Most the kernel's events, without saying so."""
    grouping = make_grouping(grouping_of(make_format(name, Origin("h", TableNames({}, {})))))

    assert isinstance(grouping, AuparseFeed if name == "audisp-json" else Correlator)
    assert (grouping.held, grouping.left_out) == (0, 0)
