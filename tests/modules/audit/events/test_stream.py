"""The plain way from lines to events: every line is a record, or kept aside."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from streams import block_of, groups_of

from mig_audit.errors import RecordError
from mig_audit.modules.audit.events import Account, Correlator, Group, Ledger, correlate
from mig_audit.modules.audit.events.stream import STAMPED, stamped_lines
from mig_audit.modules.audit.records import Record, parse_line

_LINES = st.sampled_from(
    [
        b"",
        b"",
        b"x",
        b"\x1b[2J",
        b"msg=audit(",
        b"type=A msg=audit(",
        b"type=USER msg=audit(1.000:7): a=1",
        b"type=PATH msg=audit(1.000:8): item=0",
        b"type=EOE msg=audit(1.000:8): ",
        b"node=a type=EOE msg=audit(1.000:8): ",
        b"type=DAEMON_START msg=audit(1.000:9): ",
    ]
)
_MANY = st.lists(st.tuples(_LINES, st.integers(1, 60)), max_size=9).map(
    lambda runs: [line for line, number in runs for _ in range(number)]
)


def _line_by_line(lines: list[bytes]) -> tuple[list[Group], Account]:
    """Return what the definition of a record says of lines."""
    ledger = Ledger()
    records: list[Record] = []
    for line in lines:
        ledger.received += 1
        try:
            records.append(parse_line(line))
        except RecordError:
            ledger.keep_aside(line)
        else:
            ledger.track(records[-1])
    return list(correlate(records, Correlator())), ledger.account()


@given(_MANY)
def test_lines_are_read_as_one_by_one(lines: list[bytes]) -> None:
    """However many of them are no records, or have nothing in them."""
    ledger = Ledger()

    assert (groups_of(lines, ledger), ledger.account()) == _line_by_line(lines)


@given(_MANY, st.booleans())
def test_lines_with_a_stamp_are_found_among_others(lines: list[bytes], torn: bool) -> None:
    """All lines come, and none of the others could be a record."""
    block = block_of(lines)[: -1 if torn else None]
    pairs = list(stamped_lines(block))

    assert b"".join(others + line + b"\n" * bool(line) for others, line in pairs).rstrip(b"\n") == (
        block.rstrip(b"\n")
    )
    assert [line for _, line in pairs if line] == [line for line in lines if STAMPED in line]
    assert not any(STAMPED in others for others, _ in pairs)


def test_a_log_with_nothing_in_its_lines_is_counted_in_blocks() -> None:
    """Not by line: as many lines one by one would take minutes, out of a few bytes of a compressed log."""
    ledger = Ledger(samples=2)

    assert list(stamped_lines(b"\n" * 1000)) == [(b"\n" * 1000, b"")]
    assert groups_of([b""] * 1000, ledger) == []
    account = ledger.account()
    assert (account.received, account.aside, account.samples) == (1000, 1000, ("", ""))
