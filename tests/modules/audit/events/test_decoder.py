"""Groups become events; everything that the records say is in them."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events import (
    Decoder,
    Event,
    Field,
    Identities,
    Identity,
    Message,
    Syscall,
    TableNames,
    make_group,
)
from mig_audit.modules.audit.records import Record, parse_line

NAMES = TableNames({0: "root", 1000: "kang"}, {0: "wheel", 50: "staff"})
SYSCALL = (
    "type=SYSCALL arch=c000003e syscall=257 success=no exit=-2 a0=ffffff9c a1=7f00 a2=80000 a3=0 items=1 ppid=41 pid=42"
    " auid=1000 uid=0 gid=50 euid=0 suid=0 fsuid=0 egid=50 sgid=50 fsgid=50 tty=pts0 ses=7"
    ' comm="cat" exe="/usr/bin/cat" key="etc"'
)
CWD = 'type=CWD cwd="/etc"'
PATH = (
    'type=PATH item=0 name="passwd" inode=9 dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL'
    " cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0"
)
TITLE = "type=PROCTITLE proctitle=636174007061737377640"
EOE = "type=EOE "


def _records(*lines: str | bytes) -> list[Record]:
    """Return records of lines without the id, which is put after the type."""
    records = []
    for line in lines:
        raw = line.encode() if isinstance(line, str) else line
        kind, _, body = raw.partition(b" ")
        records.append(parse_line(kind + b" msg=audit(1795246023.203:380661): " + body))
    return records


def _decode(*lines: str | bytes, ending: str = "eoe") -> Event:
    return Decoder(NAMES).decode(make_group(_records(*lines), ending))


def test_an_event_says_what_its_records_say() -> None:
    """A failed openat, whole."""
    event = _decode(SYSCALL, CWD, PATH, "type=PROCTITLE proctitle=63617400706173737764", EOE)

    assert (event.timestamp, event.stamp) == ("2026-11-21T07:27:03.203+00:00", "1795246023.203:380661")
    assert event.types == ("SYSCALL", "CWD", "PATH", "PROCTITLE", "EOE")
    assert (event.category, event.success, event.complete, event.keys) == ("read", False, True, ("etc",))
    assert event.syscall == Syscall(
        "c000003e", "x86_64", 257, "openat", False, -2, "ENOENT", ("ffffff9c", "7f00", "80000", "0")
    )
    assert event.process[:9] == (42, 41, "cat", "/usr/bin/cat", "pts0", 7, None, "/etc", None)
    assert event.process.title == ("cat", "passwd")
    assert [path.path for path in event.paths] == ["/etc/passwd"]
    assert event.identities == Identities(
        Identity(1000, "kang"),
        Identity(0, "root"),
        Identity(50, "staff"),
        Identity(0, "root"),
        Identity(0, "root"),
        Identity(0, "root"),
        Identity(50, "staff"),
        Identity(50, "staff"),
        Identity(50, "staff"),
    )
    assert event.rest == ()


def test_an_event_is_immutable() -> None:
    """It goes to several consumers."""
    with pytest.raises(AttributeError):
        _decode(SYSCALL).serial = 1  # type: ignore[misc]  # that is what is tested


def test_a_call_without_result_has_none() -> None:
    """Nobody returns from exit."""
    event = _decode(SYSCALL.replace(" success=no exit=-2", "").replace("syscall=257", "syscall=231"))

    assert (event.success, event.syscall and event.syscall.exit, event.category) == (None, None, "process")


def test_a_security_label_is_kept() -> None:
    """SELinux and AppArmor put it before the key."""
    assert (
        _decode(SYSCALL.replace(" key=", " subj=unconfined_u:r:t:s0 key=")).process.subj
        == "unconfined_u:r:t:s0"
    )


def test_what_a_program_appends_to_its_message_names_nobody() -> None:
    """Text can hold the separator: only the kernel's records are believed with what follows it."""
    (record,) = _records("type=USER_LOGIN pid=1 uid=1000 auid=1000 ses=1 msg='op=login")
    event = Decoder(NAMES).decode(make_group([record._replace(enriched=b'UID="root"')], "single"))

    assert event.identities.uid == Identity(1000, "kang")


def test_several_rules_may_have_matched() -> None:
    """Their keys are joined by 0x01, and in hex therefore."""
    assert _decode(SYSCALL.replace('key="etc"', "key=6574630161")).keys == ("etc", "a")
    assert _decode(SYSCALL.replace('key="etc"', "key=(null)")).keys == ()
    assert _decode(SYSCALL.replace('key="etc"', "key=")).keys == ()


def test_the_key_of_a_rule_that_was_changed_is_a_key() -> None:
    """The call that changed it has none of its own."""
    change = 'type=CONFIG_CHANGE auid=1000 ses=7 op=add_rule key="etc" list=4 res=1'
    event = _decode(change, SYSCALL.replace('key="etc"', "key=(null)"), EOE)

    assert (event.keys, event.category, event.success) == (("etc",), "config", True)
    assert event.message == Message("add_rule", None, None, None, None, True)
    assert event.rest == (Field("CONFIG_CHANGE", "list", "4"),)


def test_what_a_second_record_repeats_is_said_once() -> None:
    """And where it differs, both are there."""
    event = _decode(
        SYSCALL, 'type=AVC apparmor="DENIED" operation="open" pid=42 comm="other" fsuid=0 name="/x"'
    )

    assert event.category == "apparmor"
    assert event.process.comm == "cat"
    assert [field.name for field in event.rest] == ["apparmor", "operation", "comm", "name"]


def test_messages_of_programs_are_read() -> None:
    """Who, about whom, from where, and how it went."""
    event = _decode(
        "type=USER_LOGIN pid=7 uid=0 auid=1000 ses=3 msg='op=login acct=28756E6B6E6F776E207573657229"
        ' exe="/usr/sbin/sshd" hostname=? addr=10.9.8.7 terminal=ssh res=failed\'',
        ending="single",
    )

    assert event.message == Message("login", "(unknown user)", None, "10.9.8.7", "ssh", False)
    assert (event.category, event.success, event.syscall) == ("session", False, None)
    assert (event.process.pid, event.process.session, event.process.exe) == (7, 3, "/usr/sbin/sshd")
    assert event.identities.auid == Identity(1000, "kang")


def test_text_cannot_forge_what_the_kernel_wrote() -> None:
    """The kernel's fields come first; a second pid is kept, and believed by nobody."""
    event = _decode("type=USER_CMD pid=7 uid=1000 auid=1000 ses=3 msg='op=x pid=1 uid=0 auid=0 res=success'")

    assert (event.process.pid, event.identities.uid, event.identities.auid) == (
        7,
        Identity(1000, "kang"),
        Identity(1000, "kang"),
    )
    assert [(field.name, field.value) for field in event.rest] == [("pid", "1"), ("uid", "0"), ("auid", "0")]


def test_a_message_cannot_forge_that_a_rule_matched() -> None:
    """The kernel filters calls and watches; what a program sends has no key, and what looks like one is kept."""
    event = _decode(
        "type=USER_LOGIN pid=7 uid=0 auid=1000 ses=3 msg='op=login key=exec hostname=x res=failed'"
    )

    assert event.keys == ()
    assert [(field.name, field.value) for field in event.rest] == [("key", "exec")]


def test_a_host_name_cannot_forge_the_result() -> None:
    """libaudit writes address, terminal and result after it: the last ones are its own."""
    event = _decode(
        'type=USER_AUTH pid=7 uid=0 auid=0 ses=1 msg=\'op=a acct="b" hostname=evil addr=1.1.1.1 res=success'
        " addr=6.6.6.6 terminal=ssh res=failed'"
    )

    assert event.message == Message("a", "b", "evil", "6.6.6.6", "ssh", False)
    assert [(field.name, field.value) for field in event.rest] == [("addr", "1.1.1.1"), ("res", "success")]


def test_a_sudo_command_is_decoded() -> None:
    """cmd is hex as soon as it has a space."""
    event = _decode(
        "type=USER_CMD pid=1 uid=0 auid=0 ses=1 msg='cwd=\"/root\" cmd=6361742061 terminal=? res=success'"
    )

    assert (event.process.command, event.process.cwd) == ("cat a", "/root")
    assert event.message == Message(None, None, None, None, None, True)


def test_the_command_of_an_execve_is_there() -> None:
    """With its gaps."""
    execve = SYSCALL.replace("syscall=257", "syscall=59").replace("items=1", "items=0")
    event = _decode(execve, 'type=EXECVE argc=3 a0="ls" x=y', 'type=EXECVE   a2="b"', EOE)

    assert event.process.argv == ("ls", None, "b")
    assert (event.process.argc, event.process.argv_missing, event.gaps) == (3, ((1, 1),), ("argv",))
    assert event.rest == (Field("EXECVE", "x", "y"),)


def test_the_address_of_a_connection_is_there() -> None:
    """From its SOCKADDR record; a second one is kept as it is."""
    connect = SYSCALL.replace("syscall=257", "syscall=42")
    event = _decode(
        connect, "type=SOCKADDR saddr=020001BB7F0000010000000000000000", "type=SOCKADDR saddr=0100"
    )

    assert event.category == "connect"
    assert event.address is not None
    assert event.address.text == "127.0.0.1:443"
    assert event.rest == (Field("SOCKADDR", "saddr", "0100"),)


def test_a_seccomp_record_names_its_call() -> None:
    """Though no SYSCALL record comes with it."""
    event = _decode(
        'type=SECCOMP auid=1000 uid=0 pid=5 comm="x" sig=31 arch=c000003e syscall=83 code=0x0', ending="end"
    )

    assert event.syscall is not None
    assert (event.category, event.syscall.name, event.process.pid) == ("seccomp", "mkdir", 5)
    assert [field.name for field in event.rest] == ["sig", "code"]


def test_what_a_link_shall_hold_is_no_path() -> None:
    """symlink("../x", "l") is told as two names; the first is relative to where the link is, and need not be there."""
    event = _decode(
        SYSCALL.replace("syscall=257", "syscall=88"),
        'type=CWD cwd="/root"',
        'type=PATH item=0 name="/root" nametype=PARENT',
        'type=PATH item=1 name="../x" nametype=UNKNOWN',
        'type=PATH item=2 name="l" nametype=CREATE',
        EOE,
    )

    assert [(path.name, path.path) for path in event.paths] == [
        ("/root", "/root"),
        ("../x", None),
        ("l", "/root/l"),
    ]


def test_operations_of_io_uring_are_named() -> None:
    """They have a numbering of their own."""
    event = _decode("type=URINGOP uring_op=18 success=yes exit=0 items=0 ppid=1 pid=2 uid=0 key=(null)", EOE)

    assert event.syscall is not None
    assert event.syscall[1:6] == ("io_uring", 18, "openat", True, 0)
    assert (event.process.pid, event.process.ppid, event.rest) == (2, 1, ())


def test_an_operation_that_io_uring_enter_did_itself_is_told_beside_it() -> None:
    """The call keeps its name, and what the operation's path is relative to no record tells."""
    event = _decode(
        SYSCALL.replace("syscall=257", "syscall=426"),
        "type=URINGOP uring_op=18 success=yes exit=0 items=1 ppid=41 pid=42 uid=0 key=(null)",
        'type=CWD cwd="/root"',
        'type=PATH item=0 name="x" nametype=NORMAL',
        EOE,
    )

    assert event.syscall is not None
    assert event.syscall[1:4] == ("x86_64", 426, "io_uring_enter")
    assert (event.rest[0].name, event.rest[0].value) == ("uring_op", "18")
    assert ("uring_op", "openat") in event.interpreted
    assert (event.paths[0].name, event.paths[0].path) == ("x", None)


@pytest.mark.parametrize(("resolve", "path"), [("0xc", "/etc/passwd"), ("0x10", None), ("0x12", None)])
def test_an_absolute_name_below_another_root_is_no_path(resolve: str, path: str | None) -> None:
    """RESOLVE_IN_ROOT: it begins at the directory of the descriptor, wherever that is."""
    event = _decode(
        SYSCALL.replace("syscall=257", "syscall=437"),
        f"type=OPENAT2 oflag=00 mode=00 resolve={resolve}",
        'type=CWD cwd="/"',
        'type=PATH item=0 name="/etc/passwd" nametype=NORMAL',
        EOE,
    )

    assert (event.paths[0].name, event.paths[0].path) == ("/etc/passwd", path)


@pytest.mark.parametrize(
    ("syscall", "arguments", "companion", "word"),
    [
        (257, "a1=7f00 a2=80241", "", "write"),
        (2, "a1=0 a2=241", "", "read"),
        (2, "a1=241 a2=0", "", "write"),
        (437, "a1=0 a2=0", "type=OPENAT2 oflag=0102 mode=0600 resolve=0x0", "write"),
        (437, "a1=0 a2=0", "type=OPENAT2 oflag=00 mode=00 resolve=0x0", "read"),
        (437, "a1=0 a2=0", "", "read"),
    ],
)
def test_opening_for_writing_is_writing(syscall: int, arguments: str, companion: str, word: str) -> None:
    """Each call keeps its flags in a place of its own."""
    line = SYSCALL.replace("syscall=257", f"syscall={syscall}").replace("a1=7f00 a2=80000", arguments)

    assert _decode(*filter(None, (line, companion))).category == word


def test_a_name_through_another_directory_is_not_made_absolute() -> None:
    """openat(3, ...): no record tells which directory 3 is."""
    event = _decode(SYSCALL.replace("a0=ffffff9c", "a0=3"), CWD, PATH)

    assert [(path.name, path.path) for path in event.paths] == [("passwd", None)]


def test_the_hidden_directory_of_message_queues_is_not_missing() -> None:
    """The kernel counts it and does not print it."""
    assert _decode(
        SYSCALL.replace("syscall=257", "syscall=240").replace("items=1", "items=2"), PATH, EOE
    ).complete


def test_the_subject_of_a_rename_is_the_new_name() -> None:
    """Parents first, then the old name, then the new."""
    items = ["/a|PARENT", "/b|PARENT", "/a/old|DELETE", "/b/new|CREATE"]
    lines = [
        PATH.replace("item=0", f"item={number}")
        .replace("passwd", item.split("|")[0])
        .replace("NORMAL", item.split("|")[1])
        for number, item in enumerate(items)
    ]
    event = _decode(SYSCALL.replace("syscall=257", "syscall=82"), *lines)

    assert event.subject is not None
    assert event.subject.path == "/b/new"


def test_the_subject_of_an_execve_is_the_program() -> None:
    """Not the interpreter or loader after it."""
    lines = [
        PATH.replace("item=0", f"item={number}").replace("passwd", name)
        for number, name in enumerate(["/bin/x", "/ld.so"])
    ]
    event = _decode(SYSCALL.replace("syscall=257", "syscall=59"), *lines)

    assert event.subject is not None
    assert event.subject.path == "/bin/x"


def test_without_objects_the_last_parent_is_the_subject() -> None:
    """And without paths there is none."""
    event = _decode(SYSCALL, CWD, PATH.replace("NORMAL", "PARENT"))

    assert event.subject == event.paths[0]
    assert _decode(SYSCALL).subject is None


def test_a_late_part_has_an_id_of_its_own() -> None:
    """Else whoever drops what was already delivered would drop it."""
    event = Decoder(NAMES).decode(make_group(_records(EOE), "eoe", 2))

    assert (event.stamp, event.gaps) == ("1795246023.203:380661#2", ("earlier", "syscall"))


def test_fields_of_no_shape_are_kept() -> None:
    """A value that does not fit its home is not lost."""
    event = _decode('type=SYSCALL arch=xyz syscall=unlink success=maybe exit=many pid=x a0=zz comm="c', EOE)

    assert {field.name: field.value for field in event.rest} == {
        "arch": "xyz",
        "syscall": "unlink",
        "success": "maybe",
        "exit": "many",
        "pid": "x",
        "a0": "zz",
    }
    assert event.process.comm == '"c'
    assert event.syscall == Syscall(None, None, None, None, None, None, None, ())


def test_companions_of_no_shape_are_kept() -> None:
    """What a CWD, PROCTITLE or EOE record should not have is there all the same."""
    event = _decode(
        SYSCALL,
        'type=CWD cwd="/a" x=1',
        "type=PROCTITLE proctitle=61 y=2",
        "type=EOE z=3",
        'type=CWD cwd="/b"',
    )

    assert event.process.cwd == "/b"
    assert {(field.record, field.name, field.value) for field in event.rest} == {
        ("CWD", "cwd", "/a"),
        ("CWD", "x", "1"),
        ("PROCTITLE", "proctitle", "a"),
        ("PROCTITLE", "y", "2"),
        ("EOE", "z", "3"),
    }


def test_forged_values_do_not_fill_the_memory() -> None:
    """What is remembered to be quick is bounded in bytes, not only in number."""
    fields = "comm exe key cwd cmd uid pid saddr name proctitle addr".split()  # noqa: SIM905 - as one line
    decoder = Decoder(NAMES)
    tracemalloc.start()
    try:
        for number in range(100, 160):
            for kind in ("USER_CMD", "SYSCALL", "PATH", "CWD", "SOCKADDR", "PROCTITLE"):
                body = b" ".join(b"%b=%b" % (name.encode(), b"%d" % number * 1000) for name in fields)
                decoder.decode(make_group([_records(b"type=USER ")[0]._replace(type=kind, body=body)], "end"))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 2_000_000


_TYPES = st.sampled_from(
    "SYSCALL PATH CWD EXECVE PROCTITLE SOCKADDR EOE USER_LOGIN AVC CONFIG_CHANGE OPENAT2 URINGOP SECCOMP".split()  # noqa: SIM905 - as one line
)
_LINES = {
    "SYSCALL": SYSCALL,
    "CWD": CWD,
    "PATH": PATH,
    "EXECVE": 'type=EXECVE argc=2 a0="x" a1_len=4 a1[0]=4142',
    "SOCKADDR": "type=SOCKADDR saddr=020001BB7F0000010000000000000000",
}


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """Return a body: random bytes, or a real one with some bytes changed."""
    real = _LINES[draw(st.sampled_from(sorted(_LINES)))].partition(" ")[2].encode()
    body = bytearray(draw(st.sampled_from([real, draw(st.binary(max_size=60))])))
    for position in draw(st.lists(st.integers(0, max(len(body) - 1, 0)), max_size=6)):
        if body:
            body[position] = draw(st.sampled_from(list(b" =\"'()0a9fF?[]\xff\x00\x1b\\x:,-")))
    return bytes(body)


@given(st.lists(st.tuples(_TYPES, _mutated()), min_size=1, max_size=6))
def test_no_records_make_it_fail(records: list[tuple[str, bytes]]) -> None:
    """Random and mutated bytes of any type become an event with printable text, all records in it."""
    group = make_group(
        [_records(b"type=USER ")[0]._replace(type=kind, body=body) for kind, body in records], "end"
    )
    event = Decoder(NAMES).decode(group)

    assert event.records == group.records
    for text in (event.category, event.process.comm, event.process.exe, event.process.cwd, *event.keys):
        assert text is None or "\x1b" not in text
    for field in event.rest:
        assert not any(character < " " for character in field.value)
