"""Usual events whose records came by turns are usual ones all the same."""

from __future__ import annotations

import pytest
from streams import block_of, bundles_of

from mig_audit.modules.audit.events import Correlator, Ledger, RecordStream
from mig_audit.modules.audit.events.interleaved import Interleaved, untangle

CALL = b"arch=c000003e syscall=2 success=yes exit=3 a0=0 a1=0 a2=0 a3=0 items=1 ppid=1 pid=2 auid=0 uid=0"
USER = b"pid=1 uid=0 auid=0 ses=1 msg='op=x res=success'"


def _stamp(serial: int) -> bytes:
    return b"1700000000.123:%d" % serial


def _line(kind: bytes, serial: int) -> bytes:
    bodies = {b"SYSCALL": CALL, b"CWD": b'cwd="/"', b"PATH": b'item=0 name="x"', b"USER_AUTH": USER}
    return b"type=%b msg=audit(%b): %b" % (kind, _stamp(serial), bodies.get(kind, b""))


def _lines(*records: tuple[bytes, int]) -> list[bytes]:
    return [_line(kind, serial) for kind, serial in records]


TWO = _lines(
    *[(b"SYSCALL", 1), (b"SYSCALL", 2), (b"CWD", 2), (b"CWD", 1), (b"PATH", 1), (b"PATH", 2)],
    *[(b"EOE", 2), (b"EOE", 1)],
)


def _untangle(lines: list[bytes]) -> Interleaved | None:
    return untangle(block_of(lines), 0, _stamp(1))


def test_they_are_what_their_records_are_in_the_order_of_their_ends() -> None:
    """Each with its own."""
    found = _untangle(TWO)

    assert found is not None
    assert [usual.bundle().group() for usual in found.events] == [
        bundle.group() for bundle in bundles_of(RecordStream(Ledger(), Correlator()), TWO)
    ]
    assert [usual.serial for usual in found.events] == [b"2", b"1"]
    assert found.serials == [1, 2, 1, 2, 1]
    assert found.end == len(block_of(TWO))


def test_they_end_where_none_is_open() -> None:
    """What comes then is found the short way."""
    found = _untangle([*TWO, *_lines((b"SYSCALL", 3), (b"EOE", 3))])

    assert found is not None
    assert found.end == len(block_of(TWO))


def test_a_message_may_come_in_between() -> None:
    """It is complete before the event around it."""
    found = _untangle(_lines((b"SYSCALL", 1), (b"USER_AUTH", 2), (b"CWD", 1), (b"EOE", 1)))

    assert found is not None
    assert [usual.serial for usual in found.events] == [b"2", b"1"]


@pytest.mark.parametrize(
    "lines",
    [
        TWO[:-1],
        TWO[:-2],
        _lines((b"SYSCALL", 1), (b"SYSCALL", 2), (b"CWD", 1), (b"EOE", 1)),
        [*TWO[:-2], TWO[-2] + TWO[-1]],
        [*TWO[:-1], _line(b"PROCTITLE", 1) + TWO[-1]],
        [*TWO[:4], b"type=PATH msg=none", *TWO[4:]],
        [*TWO[:4], _line(b"AVC", 3), *TWO[4:]],
        [*TWO[:4], _line(b"IPC", 1), *TWO[4:]],
        [*TWO[:4], _line(b"EOE", 3), *TWO[4:]],
        [*TWO[:4], _line(b"USER_AUTH", 1), *TWO[4:]],
        [*TWO[:4], *_lines((b"SYSCALL", 3), (b"EOE", 3)) * 40, *TWO[4:]],
    ],
)
def test_what_is_otherwise_is_left_to_the_long_way(lines: list[bytes]) -> None:
    """Ends that are missing or far, lines that are no records, records that are not usual."""
    assert _untangle(lines) is None
