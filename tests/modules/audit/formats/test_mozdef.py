"""MozDef's events: valid whatever the records hold, complete, and as MozDef wants them."""

from __future__ import annotations

import json
import lzma
import re
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mozdef_intake import is_fixed_up, taken
from streams import groups_of

import mig_audit
from mig_audit.modules.audit.events import (
    Decoder,
    Event,
    Origin,
    TableNames,
    make_group,
    names_from_files,
)
from mig_audit.modules.audit.events.enrichment import Enrichment
from mig_audit.modules.audit.formats.mozdef import MozdefFormat
from mig_audit.modules.audit.records import parse_line, unprintable

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[3] / "data" / "records"
NAMES = names_from_files((DATA / "passwd").read_bytes(), b"root:x:0:\n")
FORMAT = MozdefFormat(Origin("audit-host.example.com", TableNames({}, {})))
SYSCALL = (
    "type=SYSCALL arch=c000003e syscall=%d success=yes exit=3 a0=%s a1=%s a2=%s a3=0 items=1 ppid=41 pid=42"
    " auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=7"
    ' comm="cat" exe="/usr/bin/cat" key="etc"'
)
LOGS = sorted(path.name for path in DATA.glob("*.log*") if not path.name.startswith("busy-host"))
MALFORMED = sorted(f"malformed/{path.name}" for path in (DATA / "malformed").iterdir())

# What must never reach a terminal or a reader of lines, as bytes of UTF-8.
_UNSAFE = re.compile(
    rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf"
)


def _log(name: str) -> list[bytes]:
    """Return the lines of a captured log."""
    path = DATA / name
    content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return [line for line in content.split(b"\n") if line]


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(
        resources.files("mig_audit.schemas").joinpath("audit.event.v1.schema.json").read_text("utf-8")
    )
    return schema


@lru_cache(maxsize=1)
def _validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(_schema())
    return jsonschema.Draft202012Validator(_schema(), format_checker=jsonschema.FormatChecker())


def _decode(*lines: str) -> Event:
    records = []
    for line in lines:
        kind, _, body = line.partition(" ")
        records.append(
            parse_line(f"{kind} msg=audit(1795246023.203:380661): ".encode() + body.encode("latin-1"))
        )
    return Decoder(NAMES).decode(make_group(records, "eoe"))


def _read(data: bytes) -> dict[str, Any]:
    """Read one event as strictly as JSON can be read."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    document: dict[str, Any] = json.loads(
        data.decode("utf-8"), object_pairs_hook=once, parse_constant=pytest.fail
    )
    return document


def _encode(*lines: str) -> dict[str, Any]:
    document = _read(FORMAT.encode(_decode(*lines)))
    _validator().validate(document)
    return document


def _encode_all(lines: list[bytes]) -> Iterator[bytes]:
    decoder = Decoder(NAMES)
    for group in groups_of(lines):
        yield FORMAT.encode(decoder.decode(group))


def _shape(value: object) -> object:
    """Return what a document looks like, without what it says."""
    if isinstance(value, dict):
        return frozenset((key, _shape(element)) for key, element in value.items())
    return frozenset(map(_shape, value)) if isinstance(value, list) else type(value)


def test_an_event_has_the_shape_of_audisp_json() -> None:
    """Whole, in the order of its keys."""
    document = _encode(
        SYSCALL % (257, "ffffff9c", "7f00", "80000"),
        'type=CWD cwd="/etc"',
        'type=PATH item=0 name="passwd" inode=9 dev=fe:00 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL',
        "type=PROCTITLE proctitle=63617400706173737764",
        "type=EOE ",
    )

    assert list(document) == (
        [
            "category",
            "summary",
            "severity",
            "hostname",
            "processid",
            "processname",
            "timestamp",
            "source",
            "tags",
            "details",
        ]
    )
    path = {
        "inode": "9",
        "dev": "fe:00",
        "mode": "0100644",
        "ouid": "0",
        "ogid": "0",
        "rdev": "00:00",
        "nametype": "NORMAL",
    }
    assert document == {
        "category": "read",
        "summary": "Read: /etc/passwd",
        "severity": "INFO",
        "hostname": "audit-host.example.com",
        "processid": "42",
        "processname": "mig-audit",
        "timestamp": "2026-11-21T07:27:03.203+00:00",
        "source": "audit",
        "tags": ["mig-audit", mig_audit.__version__, "audit"],
        "details": {
            "auditserial": "380661",
            "auditid": "audit-host.example.com/1795246023.203:380661",
            "recordtypes": ["SYSCALL", "CWD", "PATH", "PROCTITLE", "EOE"],
            "auditkey": "etc",
            "keys": ["etc"],
            "success": True,
            "syscall": "openat",
            "arch": "x86_64",
            "exit": "3",
            "a0": "ffffff9c",
            "a1": "7f00",
            "a2": "80000",
            "a3": "0",
            "interpreted": {"a0": "AT_FDCWD", "a2": "O_RDONLY|O_CLOEXEC"},
            "originaluid": "1000",
            "originaluser": "kang",
            "uid": "0",
            "user": "root",
            "gid": "0",
            "group": "root",
            "euid": "0",
            "effectiveuser": "root",
            "suid": "0",
            "fsuid": "0",
            "egid": "0",
            "sgid": "0",
            "fsgid": "0",
            "pid": "42",
            "ppid": "41",
            "processname": "cat",
            "process": "/usr/bin/cat",
            "tty": "(none)",
            "session": "7",
            "cwd": "/etc",
            "proctitle": "cat passwd",
            "path": "/etc/passwd",
            **path,
            "paths": [{"item": "0", "name": "passwd", "path": "/etc/passwd", **path}],
        },
    }


@pytest.mark.parametrize("name", [*LOGS, *MALFORMED])
def test_every_event_of_a_log_is_valid(name: str) -> None:
    """Strict JSON in UTF-8, no key twice, nothing unsafe, and as the schema says."""
    for data in _encode_all(_log(name)):
        assert not _UNSAFE.search(data)
        _validator().validate(_read(data))


@pytest.mark.corpus
def test_every_event_of_a_busy_host_is_valid() -> None:
    """20,719 of them; one of each shape and every fiftieth against the schema."""
    shapes = set()
    count = 0
    for data in _encode_all(_log("busy-host.log.xz")):
        count += 1
        assert not _UNSAFE.search(data)
        document = _read(data)
        shape = _shape(document)
        if shape not in shapes or count % 50 == 0:
            shapes.add(shape)
            _validator().validate(document)

    assert count == 20_719


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "SYSCALL",
                    "PATH",
                    "CWD",
                    "EXECVE",
                    "PROCTITLE",
                    "SOCKADDR",
                    "USER_LOGIN",
                    "AVC",
                    "KERN_MODULE",
                ]
            ),
            st.sampled_from(
                [
                    "name=",
                    "comm=",
                    "cwd=",
                    "a0=",
                    "op=",
                    "msg='acct=",
                    "proctitle=",
                    "apparmor=",
                    "dev=",
                    "x=",
                ]
            ),
            st.binary(max_size=20).filter(lambda value: b"\n" not in value),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_bytes_break_an_event(records: list[tuple[str, str, bytes]]) -> None:
    """What an attacker may choose never ends a string, a line or a terminal's patience."""
    lines = [f"type={kind} {field}{value.decode('latin-1')}" for kind, field, value in records]
    data = FORMAT.encode(_decode(*lines))

    assert not _UNSAFE.search(data)
    _validator().validate(_read(data))


@given(st.binary(min_size=1, max_size=30).filter(lambda name: b"\0" not in name))
def test_the_bytes_of_a_name_can_be_told_back(name: bytes) -> None:
    """Evidence is not changed by being shown."""
    document = _encode("type=USER_CMD pid=1 uid=0 msg='cmd=" + name.hex().upper() + "'")

    assert unprintable(document["details"]["command"]) == name


def test_a_node_is_the_host() -> None:
    """In a log of several hosts."""
    record = parse_line(b"node=web-1 type=USER msg=audit(1.000:2): msg='x'")
    document = _read(FORMAT.encode(Decoder(NAMES).decode(make_group([record], "single"))))

    assert (document["hostname"], document["details"]["auditid"]) == ("web-1", "web-1/1.000:2")


def test_a_host_name_is_printable() -> None:
    """It comes from the host under investigation."""
    data = MozdefFormat(Origin("h\x1b\udcff\u202e", TableNames({}, {}))).encode(_decode("type=USER msg='x'"))

    assert _read(data)["hostname"] == r"h\x1b\xff\xe2\x80\xae"


def test_an_event_without_a_process_has_process_0() -> None:
    """MozDef wants a string."""
    assert _encode("type=CONFIG_CHANGE op=set audit_enabled=1 res=1")["processid"] == "0"


def test_a_message_of_a_program_has_its_account_and_address() -> None:
    """Under the names that MozDef recommends; success is a boolean."""
    details = _encode(
        'type=USER_LOGIN pid=7 uid=0 auid=1000 ses=3 msg=\'op=login acct="bob" exe="/usr/sbin/sshd"'
        " hostname=h.example addr=10.9.8.7 terminal=ssh res=failed grantors=pam_unix'"
    )["details"]

    assert details["username"] == "bob"
    assert details["sourceipaddress"] == "10.9.8.7"
    assert details["success"] is False
    assert (details["op"], details["terminal"], details["remotehost"]) == ("login", "ssh", "h.example")
    assert details["fields"] == {"grantors": "pam_unix"}


@pytest.mark.parametrize("addr", ["host.example", "fe80::1%eth0", "1.2.3.400", "0x7f000001", "::g"])
def test_what_is_no_address_is_not_called_one(addr: str) -> None:
    """The index would refuse the whole event."""
    details = _encode(f"type=USER_LOGIN pid=7 uid=0 msg='op=login addr={addr} res=failed'")["details"]

    assert "sourceipaddress" not in details
    assert details["addr"] == addr


@pytest.mark.parametrize(
    ("number", "saddr", "expected"),
    [
        (42, "020001BB01020304", {"destinationipaddress": "1.2.3.4", "destinationport": "443"}),
        (43, "020001BB01020304", {"sourceipaddress": "1.2.3.4", "sourceport": "443"}),
        (49, "020001BB01020304", {}),
        (42, "01002F72756E2F7800", {}),
        (42, "0200", {}),
    ],
)
def test_addresses_of_connections_have_their_end(number: int, saddr: str, expected: dict[str, str]) -> None:
    """Where it goes, or where it came from; a bound address is neither."""
    details = _encode(SYSCALL % (number, "3", "7f00", "10"), f"type=SOCKADDR saddr={saddr}")["details"]

    assert {key: value for key, value in details.items() if re.match("(source|destination)", key)} == expected
    assert details["socketfamily"] in {"inet", "unix"}
    assert details["socketaddress"]


def test_a_socket_call_says_what_was_asked_for() -> None:
    """audisp-json had the registers."""
    details = _encode(SYSCALL % (41, "2", "80801", "6"))["details"]

    assert (details["domain"], details["type"], details["protocol"]) == ("inet", "stream", "6")


def test_behind_socketcall_the_registers_say_nothing() -> None:
    """Its own record has the arguments."""
    line = (SYSCALL % (102, "1", "7f00", "0")).replace("c000003e", "40000003")
    details = _encode(line, "type=SOCKETCALL nargs=3 a0=2 a1=1 a2=0")["details"]

    assert details["syscall"] == "socket"
    assert "domain" not in details
    assert details["fields"] == {"nargs": "3", "a0": "2", "a1": "1", "a2": "0"}


def test_the_command_is_there_in_both_forms() -> None:
    """As a line with quotes where a shell needs them, and one by one, which alone is certain of what is missing."""
    details = _encode(
        SYSCALL % (59, "0", "0", "0"), 'type=EXECVE argc=5 a0="ls" a1=2D6C2061 a4="z" a4_len=9 a4[0]="z"'
    )["details"]

    assert details["command"] == "ls '-l a' (missing) z"
    assert details["argv"] == ["ls", "-l a", "(missing)", "z"]
    assert (details["argc"], details["argvmissing"], details["argvtorn"]) == ("5", ["2-3"], ["4"])
    assert details["incomplete"] == ["path", "argv"]


def test_fields_without_a_key_are_kept() -> None:
    """By name; by type and name where another type has the name; as a list where one repeats."""
    details = _encode(
        'type=OBJ_PID opid=1 ocomm="a"',
        "type=OBJ_PID opid=2 ocomm=6220",
        "type=MMAP opid=9 fd=3",
        "type=CAPSET opid=0",
    )["details"]

    assert details["fields"] == {
        "opid": ["1", "2"],
        "ocomm": ["a", "b "],
        "mmap_opid": "9",
        "fd": "3",
        "capset_opid": "0",
    }


def test_fields_of_a_path_are_kept() -> None:
    """Repeated ones as a list."""
    body = 'type=PATH item=0 name="/a" nametype=NORMAL name="/b" obj=x obj=y obj=z cap_fp=1 cap_fe=0'
    (path,) = _encode(SYSCALL % (87, "0", "0", "0"), body)["details"]["paths"]

    assert path == {
        "item": "0",
        "name": "/a",
        "path": "/a",
        "nametype": "NORMAL",
        "other_name": "/b",
        "obj": ["x", "y", "z"],
        "cap_fp": "1",
    }


def test_apparmor_has_audisp_jsons_keys() -> None:
    """Its spelling too."""
    details = _encode(
        'type=AVC apparmor="DENIED" operation="open" profile="/usr/sbin/cupsd" name="/etc/shadow" pid=200'
        ' comm="cupsd" requested_mask="r" error=-13'
    )["details"]

    assert {key: value for key, value in details.items() if key.startswith("aa")} == {
        "aaresult": "DENIED",
        "aacoperation": "open",
        "aaprofile": "/usr/sbin/cupsd",
        "aaname": "/etc/shadow",
        "aaerror": "-13",
        "aacommand": "cupsd",
    }
    assert details["fields"] == {"requested_mask": "r"}


def test_promiscuous_interfaces_have_audisp_jsons_keys() -> None:
    """Its spelling too; the summary has the word that MozDef's alert looks for."""
    document = _encode("type=ANOM_PROMISCUOUS dev=eth0 prom=256 old_prom=0 auid=1000 uid=0 gid=0 ses=1")

    assert document["category"] == "promiscuous"
    assert document["summary"] == "Promisc: Interface eth0 set promiscuous on"
    assert [document["details"][key] for key in ("dev", "promiscious", "old_promicious")] == [
        "eth0",
        "256",
        "0",
    ]


def test_an_event_that_was_not_closed_says_why_it_was_given_out() -> None:
    """And what it lacks."""
    record = parse_line(b"type=PATH msg=audit(1.000:2): item=0")
    document = _read(FORMAT.encode(Decoder(NAMES).decode(make_group([record], "timeout"))))

    assert (document["details"]["ending"], document["details"]["incomplete"]) == ("timeout", ["syscall"])


def test_a_summary_is_cut() -> None:
    """At 255 characters."""
    assert (
        len(_encode(SYSCALL % (59, "0", "0", "0"), f'type=EXECVE argc=1 a0="{"x" * 9000}"')["summary"]) == 255
    )


def test_values_that_the_index_would_refuse_are_cut_and_named() -> None:
    """At a character, each at 32,766 bytes; the others stay whole."""
    argument = "é".encode() * 3000
    lines = [SYSCALL % (59, "0", "0", "0")]
    lines += [f"type=EXECVE a{number}={argument.hex().upper()}" for number in range(6)]
    lines += [f"type=EXECVE a6[{number}]={argument.hex().upper()}" for number in range(6)]
    details = _encode(*lines)["details"]

    assert details["truncated"] == ["argv", "command"]
    assert details["command"].startswith("'" + "é" * 3000 + "' 'é")
    assert len(details["command"].encode()) in {32_765, 32_766}
    assert [len(part.encode()) for part in details["argv"]] == [6000] * 6 + [32_766]


def test_long_values_in_fields_and_paths_are_cut_too() -> None:
    """Wherever a string is."""
    details = _encode(
        "type=USER_TTY pid=1 msg='data=" + "x" * 40_000 + "'",
        "type=PATH item=0 name=" + "x" * 40_000,
    )["details"]

    assert details["truncated"] == ["fields.data", "path", "paths.name"] or details["truncated"] == [
        "fields.data",
        "paths.name",
    ]
    assert len(details["fields"]["data"]) == len(details["paths"][0]["name"]) == 32_766


def test_an_event_is_one_line() -> None:
    """Readers of lines need no parser."""
    assert b"\n" not in FORMAT.encode(_decode("type=USER msg='a\x0bb'"))


@pytest.mark.parametrize("name", [*LOGS, *MALFORMED])
def test_mozdef_takes_every_event(name: str) -> None:
    """Its normaliser throws away keys and whole events, its fix-up raises, its index refuses: not here."""
    for data in _encode_all(_log(name)):
        event = _read(data)
        document = taken(event)
        assert document["summary"] == event["summary"]
        assert document["details"] == event["details"]
        assert not is_fixed_up(event)


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "1795246023.203"},
        {"timestamp": "2026-11-21T10:00:00"},
        {"received": "now"},
        {"pid": "1"},
        {"severity": "info!"},
        {"details": "text"},
        {"details": {"success": "yes"}},
        {"details": {"gid": 0}},
        {"details": {"sourceipaddress": "?"}},
        {"details": {"command": "x" * 32767}},
    ],
)
def test_mozdef_would_not_take_everything(change: dict[str, Any]) -> None:
    """What is said of the others means something."""
    event = _read(next(_encode_all(_log("exec.log.xz"))))

    with pytest.raises((AssertionError, ValueError)):
        taken({**event, **change})


def test_the_schema_describes_every_key() -> None:
    """A reader finds each key's meaning in it, and where it lives."""
    schema = _schema()

    assert schema["$id"] == "https://mig-audit.invalid/schemas/audit.event.v1.schema.json"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for properties in (
        schema["properties"],
        schema["$defs"]["details"]["properties"],
        schema["$defs"]["path"]["properties"],
    ):
        for key, rule in properties.items():
            assert "description" in rule or key == "details", key


def test_the_schema_refers_to_nothing_outside() -> None:
    """It can be used from a file."""
    references = re.findall(r'"\$ref": "([^"]*)"', json.dumps(_schema()))

    assert references
    assert all(reference.startswith("#/$defs/") for reference in references)


@pytest.mark.parametrize(
    "change",
    [
        {"processid": 42},
        {"timestamp": "1795246023.203"},
        {"severity": "info"},
        {"extra": ""},
        {"summary": "x" * 256},
        {"hostname": "a\x1bb"},
        {"hostname": "a\n"},
    ],
)
def test_the_schema_refuses_what_is_wrong(change: dict[str, Any]) -> None:
    """Else its approval would mean nothing."""
    document = {**_encode("type=USER msg='x'"), **change}

    assert not _validator().is_valid(document)
    assert not _validator().is_valid({**document, "details": {"gid": 0}})


def test_the_words_of_arguments_stand_behind_them() -> None:
    """They are those of the call itself, and there is no empty object where no number has words."""
    keys = list(_encode(SYSCALL % (41, "2", "80001", "6"))["details"])
    assert keys[keys.index("a3") :][:3] == ["a3", "interpreted", "domain"]
    assert "interpreted" not in _encode(SYSCALL % (0, "3", "7f00", "200"))["details"]
    socketcall = (SYSCALL % (102, "3", "bf00", "80000")).replace("c000003e", "40000003")
    assert _encode(socketcall)["details"]["interpreted"] == {"a0": "connect"}


def test_fields_without_a_home_have_words_too() -> None:
    """Behind those of the arguments; several of a name are a list, and what says no more is left out."""
    details = _encode(
        SYSCALL % (62, "2a", "f", "0"),
        'type=OBJ_PID opid=42 oauid=1000 ouid=0 oses=7 ocomm="sleep"',
        'type=OBJ_PID opid=43 oauid=1000 ouid=77 oses=7 ocomm="sleep"',
    )["details"]
    assert details["interpreted"] == {"a1": "SIGTERM", "oauid": ["kang", "kang"], "ouid": "root"}
    alone = _encode("type=SECCOMP auid=1000 pid=1 sig=31 arch=c000003e syscall=2 ip=0x7f00 code=0x80000000")
    assert alone["details"]["interpreted"] == {"sig": "SIGSYS", "code": "kill-process"}


def test_variables_make_no_objects_and_hide_none() -> None:
    """An index would refuse `LD_X.y` beside `LD_X`; of a variable that was given twice, programs differ in which they take."""
    event = _decode("type=USER msg='x'")
    given = (("LD_X", "1"), ("LD_X.y", "2"), ("LD_X", "3"))
    document = _read(FORMAT.encode(event._replace(enrichment=Enrichment(environment=given))))

    assert document["details"]["environment"] == {"LD_X": ["1", "3"], "LD_X\\x2ey": "2"}
