"""A format chooses how records are put together."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.events import Ledger, Origin, TableNames, make_stream
from mig_audit.modules.audit.events.run_stream import RunStream
from mig_audit.modules.audit.formats import FORMATS, grouping_of, make_format


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_names_a_grouping(name: str) -> None:
    """Most the kernel's events, without saying so."""
    stream = make_stream(grouping_of(make_format(name, Origin("h", TableNames({}, {})))), Ledger())

    assert isinstance(stream, RunStream) == (name != "audisp-json")
    assert (stream.held, stream.left_out) == (0, 0)
