"""Lines are records as a program sees them that reads with fgets and strlen."""

from __future__ import annotations

from mig_audit.modules.audit.events import Ledger
from mig_audit.modules.audit.events.auparse_feed import AuparseFeed
from mig_audit.modules.audit.events.fed_stream import FedStream
from mig_audit.modules.audit.events.usual import bundles
from mig_audit.modules.audit.records.record import LINE_LIMIT

_FIRST = b"type=USER msg=audit(1.000:1): a=1\n"
_SECOND = b"type=USER msg=audit(2.000:2): b=2\n"


def _read(*blocks: bytes) -> tuple[list[bytes], Ledger]:
    """Return the bodies of all records, and the ledger."""
    ledger = Ledger()
    stream = FedStream(ledger, AuparseFeed())
    done = [complete for block in blocks for complete in stream.feed(block)] + list(stream.flush())
    groups = [bundle.group() for complete in done for bundle in bundles(complete)]
    return [record.body for group in groups for record in group.records], ledger


def test_whole_lines_are_read() -> None:
    """Whatever blocks they come in."""
    assert _read(_FIRST + _SECOND)[0] == _read(_FIRST, b"", _SECOND)[0] == [b"a=1", b"b=2"]


def test_a_last_line_without_a_newline_is_no_record() -> None:
    """It is kept aside, and what the next source begins with is none of its."""
    bodies, ledger = _read(_FIRST, _SECOND[:-1])

    assert bodies == [b"a=1"]
    account = ledger.account(pending=0, left_out=0)
    assert (account.received, account.aside) == (2, 1)
    assert _read(_SECOND[:-1], _FIRST)[0] == [b"a=1"]


def test_a_byte_that_is_0_hides_the_rest_of_its_line() -> None:
    """The next line continues what is left of it, in another block, too."""
    hidden = _FIRST[:-1] + b" c=\0 d=4\n"

    assert _read(hidden + b"tail\n" + _SECOND)[0] == [b"a=1 c=tail", b"b=2"]
    bodies, ledger = _read(hidden, b"tail\n", _SECOND)
    assert bodies == [b"a=1 c=tail", b"b=2"]
    account = ledger.account(pending=0, left_out=0)
    assert (account.received, account.aside) == (3, 1)
    bodies, ledger = _read(_SECOND, hidden)
    assert bodies == [b"b=2"]
    assert ledger.account(pending=0, left_out=0).aside == 1


def test_what_is_hidden_takes_no_memory() -> None:
    """Line after line without an end is no more than what is too long for a record."""
    stream = FedStream(Ledger(), AuparseFeed())
    for _ in range(3):
        list(stream.feed(b"x" * LINE_LIMIT + b"\0\n"))

    assert len(stream._begun) == LINE_LIMIT + 1
