"""What conditions find in events."""

from __future__ import annotations

import pytest
from kernel_events import event_of, events_of, log_lines, syscall_event

from mig_audit.modules.audit.events.enrichment import Ancestor, Enrichment, Place
from mig_audit.modules.audit.events.filters import FIELDS, compile_condition, parse_expression

_CONNECT = syscall_event(
    ("SOCKADDR", "saddr=020001BB0A010203000000000000000000000000"),
    ("CWD", 'cwd="/root"'),
    ("PROCTITLE", "proctitle=63757268002D73"),
    syscall=42,
    success="no",
    exit=-111,
    a0=3,
    tty="pts0",
    subj="kernel",
    key="6E65740165786563",
)  # fmt: skip
_OPEN = syscall_event(
    ("CWD", 'cwd="/etc"'),
    ("PATH", 'item=0 name="/etc" inode=2 dev=08:01 mode=040755 ouid=0 ogid=0 rdev=00:00 nametype=PARENT'),
    ("PATH", 'item=1 name="hosts" inode=77 dev=08:01 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL'),
    ("PROCTITLE", "proctitle=6361740061"),
    syscall=257,
    a0="ffffff9c",
    a2=2,
    items=2,
)
_EXEC = syscall_event(
    ("EXECVE", 'argc=3 a0="curl" a1="-s" a2="http://10.0.0.1/"'), auid=4294967295, ses=4294967295
)
_LOGIN_TEXT = (
    'op=login acct="alice" exe="/usr/sbin/sshd" hostname=peer addr=192.168.7.9 terminal=ssh res=failed'
)
_LOGIN = event_of(("USER_LOGIN", f"pid=7 uid=0 auid=1001 ses=3 msg='{_LOGIN_TEXT}'"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("key = exec", "connect open exec"),
        ("key = net", "connect"),
        ("key not in (net)", "open exec login"),
        ("type = SOCKADDR", "connect"),
        ("type = user_login", "login"),
        ("type ~ '^USER_'", "login"),
        ("category = write", "open"),
        ("category in (connect, execve)", "connect exec"),
        ("syscall = 59", "exec"),
        ("syscall = execve", "exec"),
        ("syscall in (connect, 257)", "connect open"),
        ("syscall ~ '^open'", "open"),
        ("syscall", "connect open exec"),
        ("arch = x86_64", "connect open exec"),
        ("success", "open exec"),
        ("success = no", "connect login"),
        ("not success", "connect login"),
        ("exit < 0", "connect"),
        ("exit = -111", "connect"),
        ("errno = ECONNREFUSED", "connect"),
        ("a0 = 3", "connect"),
        ("a0 = 0xffffff9c", "open"),
        ("exe = /usr/bin/true", "connect open exec"),
        ("exe ^= /usr/sbin", "login"),
        ("exe ~ 'bin/s'", "login"),
        ("comm = true", "connect open exec"),
        ("command ~ 'curl .*http'", "exec"),
        ("argument = -s", "exec"),
        ("title = 'cat a'", "open"),
        ("cwd = /etc", "open"),
        ("pid = 7", "login"),
        ("pid >= 100", "connect open exec"),
        ("ppid = 1", "connect open exec"),
        ("tty = pts0", "connect"),
        ("session = 3", "login"),
        ("subj = kernel", "connect"),
        ("user = alice", "connect open"),
        ("user = 1001", "login"),
        ("user = root", "connect open exec login"),
        ("auid = unset", "exec"),
        ("auid = -1", "exec"),
        ("auid < 1001", "connect open"),
        ("uid = root", "connect open exec login"),
        ("euid = 0", "connect open exec"),
        ("fsgid = root", "connect open exec"),
        ("path = /etc/hosts", "open"),
        ("path ^= /etc", "open"),
        ("object ~ hosts$", "open"),
        ("object = /etc", ""),
        ("inode = 2", "open"),
        ("address in 10.0.0.0/8", "connect"),
        ("address = 192.168.7.9", "login"),
        ("address in (10.1.2.3, 192.168.0.0/16)", "connect login"),
        ("address in ::/0", ""),
        ("port = 443", "connect"),
        ("family = inet", "connect"),
        ("socket = 10.1.2.3:443", "connect"),
        ("op = login", "login"),
        ("acct = alice", "login"),
        ("hostname = peer", "login"),
        ("terminal = ssh", "login"),
        ("node", ""),
        ("serial = 1", "connect open exec login"),
        ("complete", "connect open exec login"),
        ("exe ~ '^/usr/bin/' and not success", "connect"),
        ("(key = net or port) and success or acct = alice", "login"),
    ],
)
def test_a_condition_finds_the_events_it_says(text: str, found: str) -> None:
    """Of a connection, an opened file, a program, and a login."""
    events = {"connect": _CONNECT, "open": _OPEN, "exec": _EXEC, "login": _LOGIN}
    matches = compile_condition(parse_expression(text))

    assert [name for name, event in events.items() if matches(event)] == found.split()


@pytest.mark.parametrize("name", ["busy-host", "special", "synth-fields", "user", "cfg"])
def test_every_field_can_be_asked_of_every_event(name: str) -> None:
    """No event of any log breaks a condition, and none has two values of a field that has one."""
    events = events_of(log_lines(name)[:5000])

    for field in FIELDS.values():
        for event in events:
            values = field.values(event)
            assert len(values) <= 1 or not field.single
            assert None not in values


def test_every_field_is_found_somewhere() -> None:
    """A field that no event has would be a mistake here; ``node`` is in logs of other hosts alone."""
    place = Place("c0ffee", "docker", "x.service", "/x", "proc")
    parent = Ancestor(1, "/sbin/init", "init", None, "proc")
    enriched = syscall_event()
    enrichment = Enrichment(parent, (parent,), place, "/x.sh", (), "00", ("label",))
    events = [_CONNECT, _OPEN, _EXEC, _LOGIN, enriched._replace(enrichment=enrichment)]

    assert [field for field in FIELDS if not any(FIELDS[field].values(event) for event in events)] == ["node"]
