"""Usual events are cut out of a block as a whole, and are what their lines are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from corpus import read_log
from kernel_events import lines_of, syscall_body
from streams import block_of, bundles_of

from mig_audit.modules.audit.events import Bundle, Correlator, Ledger, RecordStream, RunStream
from mig_audit.modules.audit.events.glance import Seen
from mig_audit.modules.audit.events.usual import USUAL, Usual, UsualRun, count_records
from mig_audit.modules.audit.events.usual_message import UsualMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

CALL = (
    b"type=SYSCALL msg=audit(1700000000.123:77): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7f0 a2=0"
    b" a3=0 items=1 ppid=10 pid=11 auid=1000 uid=0 and what else there may be"
)
PATH = b'type=PATH msg=audit(1700000000.123:77): item=0 name="notes"'
TITLE = b"type=PROCTITLE msg=audit(1700000000.123:77): proctitle=7669"
END = b"type=EOE msg=audit(1700000000.123:77): "
MESSAGE = (
    b"type=USER_START msg=audit(1700000000.124:78): pid=9 uid=0 auid=1000 ses=3 subj=unconfined"
    b" msg='op=PAM:session_open acct=\"root\" res=success'"
)


def _cut(lines: Sequence[bytes]) -> Usual | None:
    found = USUAL.match(block_of(lines))
    return Usual(*found.groups()) if found else None


def _of_stream(stream: RecordStream, lines: Sequence[bytes]) -> list[Bundle | UsualRun]:
    return [*stream.feed(block_of(lines)), *stream.flush()]


def test_a_usual_event_is_cut_into_the_parts_that_vary_together() -> None:
    """Which its name says what they are."""
    usual = _cut([CALL, PATH, TITLE, END])

    assert usual is not None
    assert (usual.seconds, usual.milliseconds, usual.serial) == (b"1700000000", b"123", b"77")
    assert (usual.call, usual.exit, usual.a0) == (b"arch=c000003e syscall=257 success=yes", b"3", b"ffffff9c")
    assert (usual.items, usual.ppid, usual.pid) == (b"1", b"10", b"11")
    assert (usual.path0, usual.path1) == (b'item=0 name="notes"', None)
    assert (usual.records, usual.ending) == (4, "eoe")


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (
            b'item=0 name="/x" inode=1 dev=fe:00 mode=0',
            (b'"/x"', b"1", b"dev=fe:00 mode=0"),
        ),
        (b'item=0 name="/" nametype=UNKNOWN', (b'"/"', None, b"nametype=UNKNOWN")),
        (b'item=1 name="/x" nametype=UNKNOWN', None),
        (b'item=0 name="x" nametype=UNKNOWN', None),
        (b"item=0 name=2F78 nametype=UNKNOWN", None),
        (b"item=0 name=(null) nametype=UNKNOWN", None),
        (b'item=0 name="/\\x" nametype=UNKNOWN', None),
        (b'item=0 name="/x y" nametype=UNKNOWN', None),
        (b'item=0 name="/%b" nametype=UNKNOWN' % (200 * b"x"), None),
        (b'item=0 name="/x" inode=01 dev=fe:00', None),
        (b'item=0 name="/x" inode=1 nametype=UNKNOWN', None),
        (b'item=0 name="/x" dev=fe:00', None),
        (b'item=0 name="/x" inode=1', None),
    ],
)
def test_the_first_path_record_is_cut_if_its_name_is_a_plain_path(
    body: bytes, parts: tuple[bytes | None, ...] | None
) -> None:
    """And is there as a whole in any case, so that nobody else need know."""
    second = PATH.replace(b"item=0", b"item=1")
    lines = [CALL, PATH.partition(b"item=")[0] + body, second, TITLE, END]
    usual = _cut(lines)
    (bundle,) = bundles_of(RecordStream(Ledger(), Correlator()), lines)

    assert usual is not None
    assert (usual.name, usual.inode, usual.entry) == (parts or (None, None, None))
    assert (usual.path0, usual.path1) == (body, b'item=1 name="notes"')
    assert usual.records == 5
    assert usual.bundle().group() == bundle.group()


def test_it_is_the_bundle_that_its_lines_are() -> None:
    """Type by type and body by body."""
    lines = [CALL, PATH, PATH, TITLE, END]
    usual = _cut(lines)
    (bundle,) = bundles_of(RecordStream(Ledger(), Correlator()), lines)

    assert usual is not None
    assert usual.bundle().group() == bundle.group()


def test_whom_a_signal_was_sent_to_is_a_part_of_it() -> None:
    """Likewise what a program may, after the call."""
    target = b"type=OBJ_PID msg=audit(1700000000.123:77): opid=12"
    usual = _cut([CALL, target, TITLE, END])

    assert usual is not None
    assert (usual.aux_type, usual.aux, usual.records) == (b"OBJ_PID", b"opid=12", 4)
    assert usual.bundle().types == ["SYSCALL", "OBJ_PID", "PROCTITLE", "EOE"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"a1=7f0", b"a1=7F0"),
        (b"pid=11", b"pid=011"),
        (b"exit=3", b"exit=?"),
        (b":77)", b":077)"),
        (b":77)", b":4294967296)"),
        (b"1700000000.", b"170000000."),
        (b"type=SYSCALL", b"type=URINGOP"),
        (b"type=SYSCALL", b" type=SYSCALL"),
    ],
)
def test_what_is_not_of_the_kernels_shape_is_no_usual_event(old: bytes, new: bytes) -> None:
    """It is cut in lines then."""
    assert _cut([line.replace(old, new) for line in [CALL, PATH, TITLE, END]]) is None


@pytest.mark.parametrize("line", [PATH, TITLE, END])
def test_a_record_of_another_event_ends_it(line: bytes) -> None:
    """Whatever is told of it may still come."""
    usual = _cut([CALL, PATH, line.replace(b":77)", b":78)"), TITLE, END])

    assert usual is not None
    assert (usual.records, usual.end) == (2, None)


def test_messages_are_in_one_run_with_the_calls_around_them() -> None:
    """And are counted as what they are."""
    ledger = Ledger()
    others = [line.replace(b":77)", b":79)") for line in (CALL, PATH, TITLE, END)]
    (run,) = _of_stream(RunStream(ledger, Correlator()), [CALL, PATH, TITLE, END, MESSAGE, *others])
    assert isinstance(run, UsualRun)
    ledger.close_usual(run)

    assert [usual.ending for usual in run.events] == ["eoe", "single", "eoe"]
    assert run.records == 9
    account = ledger.account()
    assert (account.received, account.in_events, account.incomplete) == (9, 9, 0)
    assert account.endings == {"eoe": 2, "single": 1}


def test_an_event_that_is_open_parts_no_run() -> None:
    """The complete events after it are in one."""
    events = [
        [line.replace(b":77)", b":%d)" % serial) for line in (CALL, TITLE, END)] for serial in range(80, 99)
    ]
    lines = [CALL, TITLE, *(line for event in events for line in event), END]
    run, other = _of_stream(RunStream(Ledger(), Correlator()), lines)

    assert isinstance(run, UsualRun)
    assert len(run.events) == 19
    assert isinstance(other, UsualRun)
    assert other.events[0].bundle().types == ["SYSCALL", "PROCTITLE", "EOE"]


def test_text_within_a_record_is_no_event() -> None:
    """A program may log what looks like one."""
    message = b"type=USER msg=audit(1700000000.100:70): pid=1 uid=0 auid=0 ses=1 msg='%b'"
    within = [message % CALL, PATH, TITLE, END]

    (first, second) = _of_stream(RunStream(Ledger(), Correlator()), within)

    assert isinstance(first, Bundle)
    assert first.types == ["USER"]
    assert isinstance(second, Bundle)
    assert second.types == ["PATH", "PROCTITLE", "EOE"]


def test_nearly_all_events_of_a_busy_host_are_usual() -> None:
    """Else it would not be worth it."""
    events = _of_stream(RunStream(Ledger(), Correlator()), read_log("busy-host.log.xz"))
    usuals = [usual for run in events if isinstance(run, UsualRun) for usual in run.events]

    assert sum(isinstance(usual, Usual) for usual in usuals) > 15_000
    assert sum(isinstance(usual, UsualMessage) for usual in usuals) > 2_000


def test_one_without_an_end_is_usual_all_the_same() -> None:
    """It ends by time, or with the stream."""
    lines = [CALL, PATH, TITLE, CALL.replace(b":77)", b":78)")]
    (run,) = _of_stream(RunStream(Ledger(), Correlator()), lines)

    assert isinstance(run, UsualRun)
    assert [(usual.ending, count_records([usual])) for usual in run.events] == [("end", [3]), ("end", [1])]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_its_further_records_may_come_later(number: int) -> None:
    """It is what it is with all of them, but that none is cut."""
    second = PATH.replace(b"item=0", b"item=1")
    lines = [CALL, CALL.replace(b"type=SYSCALL", b"type=CWD"), PATH, second, TITLE, END]
    begun, whole = _cut(lines[:number]), _cut(lines)
    assert begun is not None
    assert whole is not None

    further = [(line.partition(b" ")[0][5:].decode(), line.partition(b"): ")[2]) for line in lines[number:]]
    extended = begun.extended(*map(list, zip(*further)))

    assert extended is not None
    assert extended.bundle() == whole.bundle()
    assert extended.records == 6


@pytest.mark.parametrize(
    ("first", "further"),
    [
        ([CALL, TITLE], ["PATH"]),
        ([CALL], ["PROCTITLE", "PATH"]),
        ([CALL], ["CWD", "CWD"]),
        ([CALL], ["PATH"] * 5),
        ([CALL, PATH], ["CWD"]),
        ([CALL], ["SYSCALL"]),
        ([CALL], ["OBJ_PID"]),
        ([CALL], ["EOE"]),
    ],
)
def test_records_in_another_order_are_no_part_of_it(first: list[bytes], further: list[str]) -> None:
    """Nor are others, nor an end that says something."""
    begun = _cut(first)

    assert begun is not None
    assert begun.extended(further, [b"x"] * len(further)) is None


def test_one_that_gets_further_records_is_none_any_more() -> None:
    """They are all in one event."""
    late = [CALL, TITLE, CALL.replace(b":77)", b":78)"), PATH, END]
    (bundle,) = _of_stream(RunStream(Ledger(), Correlator()), late)[:1]

    assert isinstance(bundle, Bundle)
    assert bundle.types == ["SYSCALL", "PROCTITLE", "PATH", "EOE"]


@pytest.mark.parametrize(
    ("record", "alone"),
    [
        ('CWD cwd="/"', True),
        ('CWD cwd="/" res=0', False),
        ("PROCTITLE proctitle=61", True),
        ("PROCTITLE proctitle=61 key=x", False),
        ("PROCTITLE res=0", False),
        ("SOCKADDR saddr=0100", True),
        ("SOCKADDR saddr=0100 exe=x", False),
        ("OBJ_PID opid=9 oauid=0 ouid=0 oses=1 ocomm=x", True),
        ("OBJ_PID opid=9 key=x", False),
    ],
)
def test_it_says_as_a_glance_does_whether_other_records_say_who_did_what(record: str, *, alone: bool) -> None:
    """In one step, since every filter asks."""
    kind, _, body = record.partition(" ")
    usual = _cut(lines_of(("SYSCALL", syscall_body()), (kind, body), ("EOE", "")))
    assert usual is not None

    assert usual.alone is alone
    assert Seen.alone.fget(usual) is alone  # type: ignore[attr-defined]  # a property
    cut = _cut(lines_of(("SYSCALL", f"{syscall_body().partition(' auid=')[0]} x=1 auid=0"), ("EOE", "")))
    assert cut is None or not cut.alone
