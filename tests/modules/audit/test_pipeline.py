"""From lines to events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.canary import Mark
from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.events.enrichment import Enricher, EnrichmentSettings
from mig_audit.modules.audit.events.filters import make_filters, parse_filters
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mig_audit.modules.audit.events.filters import Filters
    from mig_audit.modules.audit.pipeline import Taker


_SYSCALL = (
    "arch=c000003e syscall=59 success=yes exit=0 a0=0 a1=0 a2=0 a3=0 items=0 ppid=1 pid={pid} auid=1000 uid=0 gid=0 "
    'euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 comm="true" exe="/usr/bin/true" key="exec"'
)


def _event(serial: int, pid: int = 100, extra: Sequence[str] = ()) -> list[bytes]:
    stamp = f"audit(1700000000.000:{serial})"
    lines = [
        *(line.format(stamp=stamp) for line in extra),
        f"type=SYSCALL msg={stamp}: {_SYSCALL.format(pid=pid)}",
        f'type=EXECVE msg={stamp}: argc=2 a0="true" a1="{serial}"',
        f"type=EOE msg={stamp}: ",
    ]
    return [line.encode() for line in lines]


def _block(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


class ListSink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        """Start empty."""
        self.events: list[bytes] = []

    def put(self, event: bytes) -> None:
        """Keep one event."""
        self.events.append(event)


def _pipeline(
    *sinks: Taker,
    limit: int = 10,
    max_size: int = 1 << 20,
    own_pids: Sequence[int] = (),
    filters: Optional[Filters] = None,
    enricher: Optional[Enricher] = None,
) -> Pipeline:
    names = TableNames({0: "root", 1000: "alice"}, {})
    return Pipeline(
        make_format("mozdef", Origin("host", names)),
        sinks,
        limit=limit,
        max_size=max_size,
        own_pids=own_pids,
        names=names,
        filters=filters,
        enricher=enricher,
    )


def _numbers(events: Sequence[bytes]) -> list[str]:
    return [json.loads(event)["details"]["argv"][1] for event in events]


def test_every_event_goes_to_every_sink_and_the_first_ones_are_kept() -> None:
    """In order; the others are counted."""
    one, two = ListSink(), ListSink()
    pipeline = _pipeline(one, two, limit=2)
    for serial in range(5):
        pipeline.feed(_block(_event(serial)))
    pipeline.flush()

    assert _numbers(one.events) == _numbers(two.events) == ["0", "1", "2", "3", "4"]
    assert _numbers(pipeline.kept) == ["0", "1"]
    assert pipeline.findings == 5
    assert pipeline.summary.top()["executables"] == (("/usr/bin/true", 5),)


def test_the_kept_events_fit_into_their_bound() -> None:
    """Of bytes, too."""
    pipeline = _pipeline(max_size=1)
    pipeline.feed(_block(_event(1)))

    assert pipeline.kept == []
    assert pipeline.findings == 1


def test_an_event_that_is_still_open_comes_with_the_end() -> None:
    """Nothing is lost with the window's last record."""
    pipeline = _pipeline()
    pipeline.feed(_block(_event(1)[:-1]))
    assert pipeline.findings == 0
    pipeline.flush()

    assert _numbers(pipeline.kept) == ["1"]
    assert pipeline.account().incomplete == 1


def test_lines_that_are_no_records_are_kept_aside_and_counted() -> None:
    """Received is in events plus kept aside."""
    pipeline = _pipeline()
    pipeline.feed(_block([b"nonsense", *_event(1), b""]))
    pipeline.flush()
    account = pipeline.account()

    assert (account.received, account.in_events, account.aside) == (5, 3, 2)
    assert account.balanced


def test_a_line_that_was_not_written_to_its_end_is_kept_aside() -> None:
    """Even where it could be read: it would be another record than the kernel's."""
    pipeline = _pipeline()
    pipeline.feed(_block(_event(1)))
    pipeline.set_aside(b'type=EXECVE msg=audit(1700000000.000:2): argc=2 a0="tr"')
    pipeline.flush()
    account = pipeline.account()

    assert (account.received, account.in_events, account.aside) == (4, 3, 1)
    assert account.balanced
    assert account.samples == ('type=EXECVE msg=audit(1700000000.000:2): argc=2 a0="tr"',)


def test_our_own_changes_to_audit_are_no_findings() -> None:
    """They are in the raw log, and counted."""
    change = "type=CONFIG_CHANGE msg={stamp}: op=set audit_backlog_limit=8192 old=64 auid=0 ses=1 res=1"
    pipeline = _pipeline(own_pids=[4711])
    pipeline.feed(_block(_event(1, pid=4711, extra=[change])))
    pipeline.feed(_block(_event(2, pid=4712, extra=[change])))
    pipeline.feed(_block(_event(3, pid=4711)))
    pipeline.feed(
        _block(
            [
                b"type=CONFIG_CHANGE msg=audit(1700000000.000:4): op=set audit_enabled=0 old=1 auid=0 ses=1 res=1"
            ]
        )
    )
    pipeline.flush()

    assert (pipeline.own, pipeline.findings) == (2, 2)
    assert _numbers(pipeline.kept) == ["2", "3"]


def test_a_log_that_is_only_read_has_no_changes_of_our_own() -> None:
    """Even if it ends as a run's does."""
    pipeline = _pipeline()
    pipeline.feed(
        b"type=CONFIG_CHANGE msg=audit(1700000000.000:4): op=set audit_enabled=0 old=1 auid=0 ses=1 res=1\n"
    )
    pipeline.flush()

    assert (pipeline.own, pipeline.findings) == (0, 1)


def test_a_change_by_someone_else_is_a_finding() -> None:
    """Whoever switches audit off in mid-window is not us."""
    pipeline = _pipeline(own_pids=[4711])
    pipeline.feed(
        _block(
            [
                b"type=CONFIG_CHANGE msg=audit(1700000000.000:4): op=set audit_enabled=0 old=1 auid=0 ses=1 res=1"
            ]
        )
    )
    pipeline.feed(_block([line.replace(b"1700000000", b"1700000009") for line in _event(5)]))
    pipeline.flush()

    assert (pipeline.own, pipeline.findings) == (0, 2)


def test_it_is_known_whether_events_are_json() -> None:
    """The envelope holds others as text."""
    names = TableNames({}, {})
    forms = [make_format(name, Origin("host", names)) for name in ("mozdef", "csv")]

    assert [Pipeline(form, (), limit=1, max_size=1, names=names).json for form in forms] == [True, False]


def test_what_filters_take_away_is_counted_and_in_no_other_place() -> None:
    """Total is own plus filtered plus findings; the records of filtered events are in events."""
    sink = ListSink()
    specs = [
        {"drop": "pid = 1 and user = alice", "name": "early"},
        {"drop": "argument = 5 and complete", "name": "late"},
    ]
    filters = make_filters(parse_filters(specs))
    pipeline = _pipeline(sink, own_pids=[4711], filters=filters)
    change = "type=CONFIG_CHANGE msg={stamp}: op=set audit_backlog_limit=8192 old=64 auid=0 ses=1 res=1"
    for serial in range(8):
        pipeline.feed(_block(_event(serial, pid=1 if serial < 3 else 100)))
    pipeline.feed(_block(_event(9, pid=4711, extra=[change])))
    pipeline.flush()
    account = pipeline.account()

    assert filters.taken == {"early": 3, "late": 1}
    assert account.events == pipeline.own + 4 + pipeline.findings == 9
    assert account.balanced
    assert account.in_events == 8 * 3 + 4
    assert _numbers(sink.events) == _numbers(pipeline.kept) == ["3", "4", "6", "7"]
    assert pipeline.summary.top()["executables"] == (("/usr/bin/true", 4),)


def test_filters_ask_for_the_names_that_a_log_has() -> None:
    """Of each record its own, where it has some; else those that are known here."""
    filters = make_filters(parse_filters([{"drop": "user = eve"}, {"drop": "user = alice"}]))
    pipeline = _pipeline(filters=filters)
    for serial, added in enumerate(
        (b"", b'\x1dAUID="eve"', b'\x1dAUID="unset"', b'\x1dAUID="bob"', b'\x1dAUID="eve"')
    ):
        call, *others = _event(serial + 1)
        pipeline.feed(_block([call + added, *others]))
    pipeline.flush()

    assert list(filters.taken.values()) == [2, 2]
    assert [json.loads(event)["details"]["originaluser"] for event in pipeline.kept] == ["bob"]


def _of_node(node: str, lines: Sequence[bytes]) -> list[bytes]:
    return [f"node={node} ".encode() + line for line in lines]


def test_filters_ask_for_the_node() -> None:
    """Of calls and of messages, and of those that have none."""
    filters = make_filters(parse_filters([{"drop": "node = web"}, {"drop": "not node"}]))
    pipeline = _pipeline(filters=filters)
    for serial in range(1, 4):
        for node in ("web", "db", ""):
            lines = [*_event(serial), _message(serial + 100)]
            pipeline.feed(_block(_of_node(node, lines) if node else lines))
    pipeline.flush()

    assert list(filters.taken.values()) == [6, 6]
    assert {json.loads(event)["hostname"] for event in pipeline.kept} == {"db"}
    assert pipeline.findings == 6


def test_processes_of_a_node_are_its_own() -> None:
    """The same numbers are others elsewhere, however events of several nodes come."""
    pipeline = _pipeline(enricher=Enricher(EnrichmentSettings()))
    shells = (("web", "sh"), ("db", "zsh"), ("web", ""), ("db", ""), ("mail", ""))
    for serial, (node, shell) in enumerate(shells, 1):
        lines = _event(serial, pid=1 if shell else 100)
        told = [line.replace(b'comm="true"', f'comm="{shell}"'.encode()) for line in lines]
        pipeline.feed(_block(_of_node(node, told)))
    pipeline.flush()
    details = [json.loads(event)["details"] for event in pipeline.kept]

    assert [each.get("parentprocess") for each in details] == [None, None, "sh", "zsh", None]


def _canary(serial: int, number: int, *, end: bool = False, pid: int = 4711) -> bytes:
    text = Mark("0123456789abcdef", 4711).text(number, end=end).decode()
    body = f"pid={pid} uid=0 auid=0 ses=1 subj=unconfined msg='{text}'"
    return f"type=TRUSTED_APP msg=audit(1700000000.000:{serial}): {body}".encode()


def test_canaries_are_no_findings_and_the_first_one_is_where_serials_count_from() -> None:
    """What came before it had been waiting in a queue."""
    pipeline = _pipeline(own_pids=[4711])
    pipeline.feed(_block([*_event(3), _canary(90, 1), *_event(92), _canary(95, 2, end=True)]))
    pipeline.flush()
    serials = pipeline.account().serials[""]

    assert (pipeline.own, pipeline.findings) == (2, 2)
    assert (serials.first, serials.last, serials.missing) == (90, 95, 3)
    assert pipeline.account().balanced


def _message(serial: int, kind: str = "USER_START") -> bytes:
    body = f"pid=9 uid=0 auid=1000 ses=3 msg='op={kind.lower()} acct=\"root\" res=success'"
    return f"type={kind} msg=audit(1700000000.000:{serial}): {body}".encode()


def test_a_canary_is_seen_among_events_that_are_usual() -> None:
    """Whatever is taken together, from it on serials count."""
    pipeline = _pipeline(own_pids=[4711])
    call, _, end = _event(2, pid=4711)
    before = [_message(1), call.replace(b'"exec"', b"(null)"), end, _message(3)]
    pipeline.feed(
        _block([*before, _canary(90, 1), _message(91), *_event(92), _message(94), _canary(95, 2, end=True)])
    )
    pipeline.flush()
    account = pipeline.account()

    assert (pipeline.own, pipeline.findings) == (3, 5)
    assert (account.serials[""].first, account.serials[""].missing) == (90, 1)
    assert account.endings == {"eoe": 2, "single": 6}
    assert account.balanced


def test_filters_are_asked_about_messages_among_calls() -> None:
    """In the order in which they come."""
    sink = ListSink()
    filters = make_filters(
        parse_filters([{"drop": "type = USER_END"}, {"sample": 2, "where": "type = USER_START"}])
    )
    pipeline = _pipeline(sink, filters=filters)
    lines = [_message(1), *_event(2), _message(3, "USER_END"), _message(4), *_event(5), _message(6)]
    pipeline.feed(_block(lines))
    pipeline.flush()

    assert [json.loads(event)["details"]["auditserial"] for event in sink.events] == ["1", "2", "5", "6"]
    assert filters.taken == {"filters[0]": 1, "filters[1]": 1}
    assert pipeline.account().endings == {"eoe": 2, "single": 4}
    assert pipeline.account().balanced


def test_what_is_written_beside_it_hides_no_canary() -> None:
    """A record that cannot stand on a line takes the whole block the long way: that is in anybody's hand who may log."""
    pipeline = _pipeline(own_pids=[4711])
    odd = b"type=USER msg=audit(1700000000.000:3): pid=1 uid=0 msg='a b'\x1dMIG_RAW=61"
    call, _, end = _event(2, pid=4711)
    joining = [call.replace(b'"exec"', b"(null)"), end]
    pipeline.feed(_block([odd, *joining, _canary(90, 1), *_event(92), _canary(95, 2, end=True)]))
    pipeline.flush()
    serials = pipeline.account().serials[""]

    assert (pipeline.own, pipeline.findings) == (3, 2)
    assert (serials.first, serials.last, serials.missing) == (90, 95, 3)


def test_somebody_elses_message_is_no_canary_whatever_it_says() -> None:
    """The kernel writes who sent it."""
    pipeline = _pipeline(own_pids=[4711])
    pipeline.feed(_block([_canary(90, 1, pid=4712)]))

    assert (pipeline.own, pipeline.findings) == (0, 1)


def test_changes_without_a_process_are_ours_outside_the_canaries_and_findings_between_them() -> None:
    """Of setting up and restoring, the kernel may not say who did it."""
    change = (
        b"type=CONFIG_CHANGE msg=audit(1700000000.000:%d): op=set audit_enabled=0 old=1 auid=0 ses=1 res=1"
    )
    pipeline = _pipeline(own_pids=[4711])
    pipeline.feed(_block([change % 1, _canary(2, 1), change % 3, _canary(4, 2, end=True), change % 5]))
    pipeline.flush()

    assert (pipeline.own, pipeline.findings) == (4, 1)


def test_rules_that_we_add_with_one_call_are_ours_too() -> None:
    """The kernel makes one event of them, with a record for each and none of the call."""
    change = (
        b"type=CONFIG_CHANGE msg=audit(1700000000.000:%d): auid=0 ses=1 op=add_rule key=(null) list=4 res=1"
    )
    pipeline = _pipeline(own_pids=[4711])
    pipeline.feed(
        _block([change % 1, change % 1, _canary(2, 1), change % 3, change % 3, _canary(4, 2, end=True)])
    )
    pipeline.flush()

    assert (pipeline.own, pipeline.findings) == (3, 1)
    assert pipeline.changed == 2


def test_our_joining_of_the_multicast_group_is_no_finding() -> None:
    """Of its event, the first record is sent to the group before we are in it."""
    pipeline = _pipeline(own_pids=[4711])
    for serial, pid, key in ((1, 4711, "(null)"), (2, 4712, "(null)"), (3, 4711, '"exec"')):
        call, _, end = _event(serial, pid=pid)
        pipeline.feed(_block([call.replace(b'"exec"', key.encode()), end]))
    pipeline.feed(_block([_canary(4, 1), *_event(5, pid=4711)]))
    pipeline.flush()

    assert (pipeline.own, pipeline.findings) == (2, 3)
    assert pipeline.account().balanced


def test_a_format_can_have_no_words_for_an_event() -> None:
    """That is counted, and no sink sees it; records are put together as the format wants them."""
    sink = ListSink()
    form = make_format("audisp-json", Origin("host", TableNames({}, {})))
    pipeline = Pipeline(form, [sink], limit=10, max_size=1 << 20)
    login = b"type=USER_LOGIN msg=audit(1700000000.000:2): pid=1 uid=0 msg='op=login res=success'"
    pipeline.feed(_block([*_event(1), login]))
    pipeline.flush()

    assert (pipeline.findings, pipeline.unrepresented) == (2, 1)
    assert pipeline.kept == sink.events
    assert len(sink.events) == 1
    assert pipeline.account().balanced


def test_what_there_is_no_time_for_has_its_serials_counted_all_the_same() -> None:
    """Nothing else is, and a message that has a serial in its text adds none."""
    pipeline = _pipeline()
    pipeline.feed(_block(_event(1)))
    forged = b"type=USER msg=audit(1700000000.000:4): msg='type=USER msg=audit(1.000:99): '"
    pipeline.skim(_block([*_event(3), forged]))
    account = pipeline.account()

    assert (account.received, account.events, account.missing) == (3, 1, 1)
    assert account.serials[""].last == 4
