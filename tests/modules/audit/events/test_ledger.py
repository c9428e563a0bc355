"""Every line is accounted for."""

from __future__ import annotations

import lzma
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from streams import block_of

from mig_audit.modules.audit.events import Account, Correlator, Ledger, RecordStream

DATA = Path(__file__).parents[3] / "data" / "records"
EVENT = [
    b"type=SYSCALL msg=audit(1.000:7): arch=c000003e syscall=3 items=0",
    b"type=EOE msg=audit(1.000:7): ",
]


def _log(name: str) -> list[bytes]:
    """Return the lines of a captured log."""
    path = DATA / name
    content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return [line for line in content.split(b"\n") if line]


def _settle(lines: list[bytes], ledger: Ledger | None = None, *, flush: bool = True) -> Account:
    ledger = ledger or Ledger()
    stream = RecordStream(ledger, Correlator())
    for bundle in (*stream.feed(block_of(lines)), *(stream.flush() if flush else ())):
        ledger.close(bundle, complete=bundle.group().complete)
    return ledger.account(pending=stream.held)


def test_records_are_in_events_or_aside() -> None:
    """What is no record is counted, and the first of it is kept as printable text."""
    account = _settle([*EVENT, b"gar\x1bbage", b"type=USER msg=audit(2.000:8): msg='x'"])

    assert (account.received, account.in_events, account.aside, account.pending) == (4, 3, 1, 0)
    assert account.samples == (r"gar\x1bbage",)
    assert account.endings == {"eoe": 1, "single": 1}
    assert account.balanced


def test_what_is_open_is_pending() -> None:
    """The balance holds at every moment."""
    account = _settle(EVENT[:1], flush=False)

    assert (account.pending, account.events, account.balanced) == (1, 0, True)


def test_an_account_that_does_not_add_up_says_so() -> None:
    """Whoever forgets a record, or what is pending, is told."""
    ledger = Ledger()
    list(RecordStream(ledger, Correlator()).feed(block_of(EVENT)))

    assert not ledger.account().balanced


def test_only_the_first_lines_are_remembered() -> None:
    """And of a long one only its beginning."""
    account = _settle([b"x" * 10_000] * 10, Ledger(samples=2))

    assert account.aside == 10
    assert [len(sample) for sample in account.samples] == [512, 512]


@given(st.lists(st.binary(max_size=9).map(lambda raw: raw.replace(b"\n", b"")), min_size=1), st.booleans())
def test_lines_kept_aside_together_are_counted_as_one_by_one(lines: list[bytes], torn: bool) -> None:
    """With the prefix that they had; the last may lack its newline, where it has something else."""
    together, single = Ledger(), Ledger()
    torn = torn and lines[-1] != b""
    together.keep_aside_all(block_of(lines)[: -1 if torn else None], b"node=a ")
    for line in lines:
        single.received += 1
        single.keep_aside(b"node=a " + line)

    assert together.account() == single.account()


def test_incomplete_and_late_groups_are_counted() -> None:
    """EOE first, then the rest of the event."""
    account = _settle(list(reversed(EVENT)))

    assert (account.events, account.incomplete, account.late) == (2, 2, 1)


def test_missing_serials_are_counted_by_node() -> None:
    """Hosts number their events independently."""
    lines = [
        b"node=%b type=USER msg=audit(1.000:%d): " % (node, serial)
        for node, serial in ((b"a", 1), (b"b", 9), (b"a", 3))
    ]
    account = _settle(lines)

    assert {node: serials.missing for node, serials in account.serials.items()} == {"a": 1, "b": 0}
    assert account.missing == 1


def test_messages_of_auditd_do_not_count_as_serials() -> None:
    """It numbers them from a random start."""
    account = _settle([b"type=DAEMON_START msg=audit(1.000:9999): op=start", *EVENT])

    assert account.serials[""].first == account.serials[""].last == 7


def test_forged_nodes_cannot_fill_the_memory() -> None:
    """Only so many hosts are followed; the rest is counted."""
    account = _settle([b"node=n%d type=USER msg=audit(1.000:1): " % number for number in range(300)])

    assert (len(account.serials), account.untracked) == (256, 44)


@given(
    st.lists(
        st.sampled_from([*EVENT, b"", b"junk", b"type=USER msg=audit(1.000:9): ", EVENT[0][:20]]), max_size=40
    )
)
def test_any_stream_balances(lines: list[bytes]) -> None:
    """Torn, shuffled and foreign lines included."""
    account = _settle(lines)

    assert account.balanced
    assert account.received == len(lines)


def test_a_busy_host_misses_nothing() -> None:
    """Its serials are dense."""
    account = _settle(_log("busy-host.log.xz"))

    assert account.balanced
    assert (account.in_events, account.missing, account.aside) == (99_995, 0, 0)


def test_a_torn_log_balances_and_knows_what_is_missing() -> None:
    """The end of a file cut in the middle of a line, and a hole of a thousand lines in it."""
    lines = _log("busy-host.log.xz")[:20_000]
    kept = [*lines[:5000], *lines[6000:-1], lines[-1][:15]]
    account = _settle(kept)

    assert account.balanced
    assert account.aside == 1
    assert account.missing > 100
    assert account.incomplete in range(1, 4)


def test_an_event_whose_end_never_comes_is_no_gap() -> None:
    """Its serial counts when its first record comes, however many events go by until it is given up."""
    lines = EVENT[:1]
    for serial in range(8, 100_000):
        lines += [b"type=USER msg=audit(1.000:%d): msg='x'" % serial]
    account = _settle(lines)

    assert account.endings["end"] == 1
    assert account.missing == 0
    assert account.serials[""].spans == 1
