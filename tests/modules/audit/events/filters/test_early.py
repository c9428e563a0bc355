"""Answers before decoding."""

from __future__ import annotations

from functools import lru_cache

import pytest
from glances import ask, finish, glance_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_events import NAMES, lines_of, log_lines, syscall_body
from streams import groups_of

from mig_audit.modules.audit.events import Decoder, Event, Group, TableNames
from mig_audit.modules.audit.events.filters import DROPPED, KEPT, Filters, make_filters, parse_filters
from mig_audit.modules.audit.events.glance import glance_at
from mig_audit.modules.audit.events.identities import LookUp

_CONDITIONS = (
    "exe = /usr/bin/true",
    "exe ~ '^/usr/'",
    "exe",
    "comm = 'a b'",
    "key = exec",
    "key = net",
    "key",
    "success",
    "success = no",
    "success = yes",
    "syscall = execve",
    "syscall = 59",
    "syscall = connect",
    "syscall",
    "arch = x86_64",
    "arch = i386",
    "uid = 0",
    "uid = root",
    "user = 1000",
    "user = alice",
    "auid = unset",
    "egid > 0",
    "pid > 100",
    "ppid = 1",
    "session = 1",
    "exit < 0",
    "errno = EPERM",
    "a0 = 0",
    "a2 > 0x10",
    "category = write",
    "category = read",
    "category = execve",
    "category = syscall",
    "path ^= /etc",
    "path = /x",
    "object ~ 'lib|/x$'",
    "inode > 100",
    "type = PATH",
    "cwd = /",
    "command ~ x",
    "argument = x",
    "title = a",
    "title ~ python",
    "address in 127.0.0.0/8",
    "port = 443",
    "family = inet",
    "socket ~ 443",
    "op",
    "acct = bob",
    "terminal = ssh or hostname = h",
    "tty = '(none)'",
    "gid = 1000",
    "command = ls",
    "node",
    "label = x or parent",
    "complete",
)
_BODIES = st.fixed_dictionaries(
    {},
    optional={
        "arch": st.sampled_from(["c000003e", "40000003", "0", "c00000b7"]),
        "syscall": st.sampled_from([0, 2, 42, 59, 102, 257, 437, 9999, 0x4000_003B]),
        "exit": st.sampled_from([0, 3, -1, -13, -5000]),
        "success": st.sampled_from(["yes", "no"]),
        "a0": st.sampled_from(["0", "3", "5", "ffffffffffffff9c"]),
        "a1": st.sampled_from(["0", "1", "241"]),
        "a2": st.sampled_from(["0", "1", "241", "80000"]),
        "pid": st.integers(1, 200),
        "auid": st.sampled_from([0, 1000, 4294967295]),
        "uid": st.sampled_from([0, 1000]),
        "comm": st.sampled_from(['"true"', "6120 62".replace(" ", ""), "(null)", '"a b"']),
        "exe": st.sampled_from(['"/usr/bin/true"', "2F746D702F61", "(null)", '"/x" exe="/y"', "/bare"]),
        "key": st.sampled_from(['"exec"', "(null)", "6E65740165786563", '""']),
        "items": st.sampled_from([0, 1]),
        "ses": st.sampled_from(["1", "x"]),
    },
)
_OTHERS = st.lists(
    st.sampled_from(
        [
            ("PATH", 'item=0 name="/etc/x" nametype=NORMAL key="net" res=0'),
            (
                "PATH",
                'item=1 name="x" inode=101 dev=08:01 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL',
            ),
            (
                "PATH",
                'item=2 name="/" inode=2 dev=08:01 mode=040755 ouid=0 ogid=0 rdev=00:00 nametype=PARENT',
            ),
            ("SOCKADDR", "saddr=020001BB7F000001"),
            ("CWD", 'cwd="/"'),
            ("CWD", 'cwd="/" res=0'),
            ("EXECVE", 'argc=1 a0="x"'),
            ("PROCTITLE", "proctitle=61"),
            ("PROCTITLE", "res=0"),
            ("SOCKADDR", "saddr=0100"),
            ("CONFIG_CHANGE", 'op=add_rule key="net" list=4 res=0'),
            ("OPENAT2", "oflag=0100 mode=0 resolve=0"),
            ("LOGIN", "pid=5 uid=0 old-auid=1 auid=2 res=1"),
            (
                "BPRM_FCAPS",
                "fver=0 fp=0 fi=0 fe=0 old_pp=0 old_pi=0 old_pe=0 old_pa=0 pp=1 pi=0 pe=1 pa=0 frootid=0",
            ),
            ("BPRM_FCAPS", "fver=0 res=0"),
            ("OBJ_PID", 'opid=9 oauid=1000 ouid=0 oses=1 ocomm="x"'),
            ("OBJ_PID", 'opid=9 key="net"'),
            ("EOE", ""),
            ("EOE", "res=0"),
        ]
    ),
    max_size=3,
)


@lru_cache(maxsize=1)
def _busy_host() -> list[tuple[Group, Event]]:
    decoder = Decoder(NAMES)
    return [(group, decoder.decode(group)) for group in groups_of(log_lines("busy-host")[:15_000])]


def _filters(*conditions: str) -> Filters:
    return make_filters(parse_filters([{"drop": condition} for condition in conditions]))


@pytest.mark.parametrize("condition", _CONDITIONS)
def test_an_early_answer_is_the_full_answer_on_a_busy_host(condition: str) -> None:
    """Where there is one, it is right, and the counts are the same."""
    early, full = _filters(condition), _filters(condition)
    for group, event in _busy_host():
        assert finish(early, ask(early, group), event) == (KEPT if full.keep(event) else DROPPED), event

    assert early.taken == full.taken


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(_CONDITIONS), min_size=1, max_size=3),
    st.lists(st.tuples(_BODIES, _OTHERS), max_size=4),
)
def test_an_early_answer_is_the_full_answer_whatever_the_records(
    conditions: list[str], events: list[tuple[dict[str, object], list[tuple[str, str]]]]
) -> None:
    """Of odd shapes, with companions that say something themselves, and with what was asked before remembered."""
    text = " or ".join(f"({each})" for each in conditions)
    early, full = _filters(text), _filters(text)
    decoder = Decoder(NAMES)
    for body, others in events:
        (group, *_) = groups_of(lines_of(("SYSCALL", syscall_body(**body)), *others))
        event = decoder.decode(group)
        assert finish(early, ask(early, group), event) == (KEPT if full.keep(event) else DROPPED)


@given(st.lists(st.sampled_from(_CONDITIONS), min_size=1, max_size=3), _OTHERS)
def test_what_an_event_without_a_system_call_cannot_have_is_known(
    conditions: list[str], others: list[tuple[str, str]]
) -> None:
    """Paths come from PATH records alone, and so on; what its fields say must be read."""
    text = " or ".join(f"({each})" for each in conditions)
    decoder = Decoder(NAMES)
    for group in groups_of(
        lines_of(*others, ("AVC", "avc: denied { read } for pid=100 exe=/x key=exec res=1"))
    ):
        early, event = _filters(text), decoder.decode(group)
        assert finish(early, ask(early, group), event) == (KEPT if _filters(text).keep(event) else DROPPED)


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("exe = /usr/bin/true", DROPPED),
        ("exe = /usr/bin/false", KEPT),
        ("key = exec and success and uid = 0 and syscall = execve", DROPPED),
        ("category = execve and auid = 1000", DROPPED),
        ("user = root", 0),
        ("path = /etc/passwd", KEPT),
        ("complete", 0),
        ("complete and key = net", KEPT),
        ("complete or key = exec", DROPPED),
    ],
)
def test_what_the_system_call_record_tells_is_decided_from_it(condition: str, verdict: int) -> None:
    """The rest is not guessed, and only what is taken away is counted."""
    filters = _filters(condition)

    assert filters.ask_call(glance_of(), 0) == verdict
    assert filters.ask_call(glance_of(pid=101), 0) == verdict
    assert filters.taken == {"filters[0]": 2 if verdict == DROPPED else 0}


def test_the_records_beside_it_are_asked_as_well() -> None:
    """Where an event has them all."""
    (group,) = groups_of(
        lines_of(
            ("SYSCALL", syscall_body(syscall=257, a0="ffffff9c")),
            ("CWD", 'cwd="/etc"'),
            ("PATH", 'item=0 name="passwd" nametype=NORMAL'),
            ("EOE", ""),
        )
    )

    assert ask(_filters("path = /etc/passwd"), group) == DROPPED
    assert ask(_filters("path = /etc/shadow"), group) == KEPT


def test_a_user_is_known_by_name_where_the_decoder_is_asked() -> None:
    """Its names are those of the event."""
    (group,) = groups_of(lines_of(("SYSCALL", syscall_body()), ("EOE", "")))
    filters = _filters("user = alice and gid = root")

    assert filters.asks_names
    assert not _filters("user = 1000 and gid = 0").asks_names
    assert ask(filters, group) == DROPPED
    assert ask(_filters("user = bob"), group) == KEPT
    assert ask(filters, group, names=False) == 0


def test_a_name_holds_for_a_minute() -> None:
    """As in the decoder: what was remembered of the minute before is not asked again."""
    glance = glance_of()
    filters = _filters("user = bob")
    later = Decoder(TableNames({1000: "bob"}, {}))

    assert filters.ask_call(glance, 0, LookUp(Decoder(NAMES).identities, 0)) == KEPT
    assert filters.ask_call(glance, 60_000, LookUp(later.identities, 1)) == DROPPED


def test_the_sender_of_a_message_is_what_the_kernel_says() -> None:
    """Not what its text says."""
    text = "pid=1 uid=0 auid=1000 ses=1 msg='op=x uid=1001 acct=bob res=success'"
    (group,) = groups_of(lines_of(("USER_CMD", text)))

    assert ask(_filters("user = alice"), group) == DROPPED
    assert ask(_filters("user = bob or uid = 1001"), group) == KEPT


def test_samples_and_caps_count_before_decoding() -> None:
    """Each event once, whichever later filter must see it decoded."""
    specs: list[dict[str, object]] = [
        {"sample": 2, "where": "key = exec", "by": "user"},
        {"drop": "complete"},
    ]
    filters = make_filters(parse_filters(specs))
    look_up = LookUp(Decoder(NAMES).identities, 0)

    assert [filters.ask_call(glance_of(), 0, look_up) for _ in range(4)] == [1, DROPPED, 1, DROPPED]
    assert filters.ask_call(glance_of(auid=0), 0, look_up) == 1
    assert filters.taken == {"filters[0]": 2, "filters[1]": 0}


def test_a_sample_by_what_is_not_known_waits() -> None:
    """It counts the decoded event in its place."""
    filters = make_filters(parse_filters([{"sample": 2, "by": "serial"}]))

    assert filters.ask_call(glance_of(), 0) == 0
    assert filters.ask_call(glance_of(), 0) == 0


@pytest.mark.parametrize(
    "spec",
    [
        {"sample": 3},
        {"sample": 2, "where": "success", "by": "exe"},
        {"sample": 2, "by": "user"},
        {"sample": 2, "by": "path"},
        {"sample": 2, "where": "key = exec or complete", "by": "key"},
        {"cap": 5, "per": "1s"},
        {"cap": 1, "per": "1s", "by": "uid", "where": "path ^= /etc"},
    ],
)
def test_a_sample_or_cap_is_the_same_early_and_late(spec: dict[str, object]) -> None:
    """On a busy host, event by event."""
    early, full = make_filters(parse_filters([spec])), make_filters(parse_filters([spec]))
    for group, event in _busy_host():
        assert finish(early, ask(early, group), event) == (KEPT if full.keep(event) else DROPPED), event

    assert early.taken == full.taken


def test_a_record_of_another_shape_is_not_decided() -> None:
    """The decoder has its own way with those."""
    assert glance_at(["SYSCALL"], [b'exe="/usr/bin/true" key="exec"']) is None
    assert _filters("exe").ask_call(glance_of(ses="x"), 0) == 0


def test_most_events_of_a_busy_host_are_decided_early() -> None:
    """Else it would not be worth it."""
    filters = _filters("exe ^= /usr/ and success")
    groups = [group for group in groups_of(log_lines("busy-host")) if group.records[0].type == "SYSCALL"]
    decided = [group for group in groups if ask(filters, group) < 0]

    assert len(decided) > 0.95 * len(groups)


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("success", DROPPED),
        ("key = exec", KEPT),
        ("exe = /bin/login", DROPPED),
        ("address in 10.0.0.0/8", DROPPED),
        ("hostname", KEPT),
        ("acct = alice", DROPPED),
        ("category = user", KEPT),
        ("syscall", KEPT),
        ("gid = 0", KEPT),
        ("subj", 0),
    ],
)
def test_a_message_is_decided_by_its_fields(condition: str, answer: int) -> None:
    """Those of its text, where the text is of the usual shape."""
    text = 'op=login acct="alice" exe="/bin/login" hostname=? addr=10.0.0.1 terminal=tty1 res=success'
    (group,) = groups_of(lines_of(("USER_LOGIN", f"pid=1 uid=0 auid=1000 ses=1 msg='{text}'")))
    event = Decoder(NAMES).decode(group)

    assert ask(_filters(condition), group) == answer
    assert finish(_filters(condition), answer, event) == (
        KEPT if _filters(condition).keep(event) else DROPPED
    )


_WORDS = st.lists(
    st.sampled_from(
        [
            "op=x", 'exe="/bin/a"', 'exe="/bin/b"', "res=success", "res=0", "res=maybe", "result=failed", "key=(null)",
            'key="exec"', "addr=127.0.0.1", "addr=?", "syscall=59", "uid=1001", "gid=1000", "cmd=6C73", "tty=pts0",
            "terminal=ssh", "hostname=h", 'acct="bob"', "acct=626F62", 'cwd="/x y"', "it's", 'apparmor="DENIED"', "ses=9",
        ]
    ),
    max_size=5,
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.sampled_from(_CONDITIONS), min_size=1, max_size=3), _WORDS, st.booleans())
def test_an_early_answer_about_a_message_is_the_full_answer(
    conditions: list[str], words: list[str], labelled: bool
) -> None:
    """Whatever a program writes."""
    text = " or ".join(f"({each})" for each in conditions)
    subject = "subj=unconfined " if labelled else ""
    body = f"pid=7 uid=0 auid=1000 ses=1 {subject}msg='{' '.join(words)}'"
    (group,) = groups_of(lines_of(("USER_AUTH", body)))
    early, event = _filters(text), Decoder(NAMES).decode(group)

    assert finish(early, ask(early, group), event) == (KEPT if _filters(text).keep(event) else DROPPED)
