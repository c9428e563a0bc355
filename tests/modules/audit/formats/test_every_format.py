"""What holds for every format: one line of safe text, whatever the records hold."""

from __future__ import annotations

import json

import pytest
from audit_events import (
    BUSY_HOST_EVENTS,
    ORIGIN,
    UNSAFE,
    busy_host,
    decode,
    enriched,
    every_log,
    hostile_exec,
    hostile_login,
    hostile_text,
    log_events,
    syscall,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.formats import FORMATS, coloured, header_of, make_format

# It hands on what was received, byte for byte; its own tests say what that means.
_VERBATIM = {"audisp-json"}
_OF_OTHERS = {"audisp-json", "go-audit", "libaudit-go", "pauditd-notification"}
_OURS = sorted(set(FORMATS) - _VERBATIM)
_ALWAYS = sorted(set(_OURS) - {"pauditd-notification"})


def _check(name: str, data: bytes) -> None:
    data.decode("utf-8")
    assert not UNSAFE.search(data)
    if make_format(name, ORIGIN).media_type == "application/json":
        assert isinstance(json.loads(data), dict)


@pytest.mark.corpus
@pytest.mark.parametrize("name", _OURS)
def test_every_event_of_a_busy_host_is_one_safe_line(name: str) -> None:
    """All 20,719 of them; those that are encoded a second time have the same bytes."""
    encode, again = make_format(name, ORIGIN).encode, make_format(name, ORIGIN).encode
    count = 0
    for event in busy_host():
        count += 1
        data = encode(event)
        if data is not None:
            assert data.decode("utf-8")
            assert not UNSAFE.search(data)
        if count % 25 == 0:
            assert data == again(event)

    assert count == BUSY_HOST_EVENTS


@pytest.mark.parametrize("name", _OURS)
@pytest.mark.parametrize("log", every_log())
def test_every_event_of_other_logs_is_one_safe_line(name: str, log: str) -> None:
    """Long arguments, odd names, enriched records, several hosts."""
    encode = make_format(name, ORIGIN).encode
    for event in log_events(log):
        data = encode(event)
        if data is not None:
            _check(name, data)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - _OF_OTHERS - {"records"}))
def test_arguments_can_be_told_apart(name: str) -> None:
    """A command line has quotes where a shell needs them; formats of others have it as these do."""
    event = decode(syscall(59), 'type=EXECVE argc=4 a0="b" a1=612062 a2="" a3="(missing)"')
    encoded = make_format(name, ORIGIN).encode(event)

    assert encoded is not None
    assert b"b 'a b' '' '(missing)'" in encoded


@pytest.mark.parametrize("name", _ALWAYS)
def test_an_event_is_never_without_words(name: str) -> None:
    """These formats can say something about any event."""
    encode = make_format(name, ORIGIN).encode

    assert all(encode(event) for log in every_log() for event in log_events(log))


@pytest.mark.parametrize("name", _OURS)
@given(text=hostile_text())
@settings(max_examples=30)
def test_no_text_ends_a_line(name: str, text: bytes) -> None:
    """Nor does it reach a terminal as anything but text."""
    form = make_format(name, ORIGIN)
    for event in (hostile_exec(text), hostile_login(text), enriched(hostile_exec(text), text)):
        data = form.encode(event)
        if data is not None:
            _check(name, data)


_KINDS = (
    "SYSCALL PATH CWD EXECVE PROCTITLE SOCKADDR USER_LOGIN USER_AUTH AVC KERN_MODULE OBJ_PID ADD_GROUP SERVICE_START"
    " SOFTWARE_UPDATE CONFIG_CHANGE TTY EOE UNKNOWN[1999] URINGOP SECCOMP OPENAT2"
)
_FIELDS = (
    "item name inode dev mode ouid ogid rdev nametype arch syscall uring_op success exit a0 a1 a2 a3 argc ppid pid auid"
    " uid gid euid egid suid tty ses comm exe subj key cwd proctitle saddr op acct hostname addr terminal res opid ocomm"
    " apparmor seresult unit sw grp id audit_enabled data oflag"
)
_VALUES = (
    b'0 1 -1 4294967295 99999999999999999999 yes no (null) (none) ? "" "x" 0100644 2 257 56 62 101 42 c000003e'
    b" 020001BB01020304 0A00 01002F00 DELETE CREATE DENIED \xc2\xb2 \xd9\xa3 1.2.3.4 ::1 fe80::1%eth0 6100 T1059.004"
).split()


@pytest.mark.parametrize("name", _OURS)
@given(
    records=st.lists(
        st.tuples(
            st.sampled_from(_KINDS.split()),
            st.lists(
                st.tuples(
                    st.sampled_from(_FIELDS.split()),
                    st.one_of(st.sampled_from(_VALUES), st.binary(max_size=6)),
                ),
                max_size=9,
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=60)
def test_no_records_break_a_format(name: str, records: list[tuple[str, list[tuple[str, bytes]]]]) -> None:
    """Whatever fields and values they have, also those that no kernel writes."""
    form = make_format(name, ORIGIN)
    lines = [
        f"type={kind} " + " ".join(f"{field}={value.decode('latin-1')}" for field, value in fields)
        for kind, fields in records
    ]
    event = decode(*(line.replace("\n", " ") for line in lines))
    data = form.encode(event)
    if data is not None:
        _check(name, data)


def test_only_text_has_colours_and_only_csv_a_header() -> None:
    """The others are for programs."""
    forms = [make_format(name, ORIGIN) for name in _OURS]

    assert [form.name for form in forms if coloured(form) is not form] == ["text"]
    assert [form.name for form in forms if header_of(form)] == ["csv"]
