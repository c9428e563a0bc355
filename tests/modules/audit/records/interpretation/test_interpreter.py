"""Every field of a record, raw and in words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.events import TableNames
from mig_audit.modules.audit.records import Record, parse_line
from mig_audit.modules.audit.records.interpretation import Interpreted, field_words, interpret
from mig_audit.modules.audit.records.interpretation.words import document

_NAMES = TableNames({0: "root", 1000: "kang"}, {0: "root", 33: "www-data"})
_FIELDS = sorted({*document()["fields"], "a12", "msg", "x"})


def _texts(kind: str, body: bytes) -> dict[str, str]:
    return {field.name: field.text for field in interpret(_record(kind, body), _NAMES)}


def _record(kind: str, body: bytes) -> Record:
    return parse_line(f"type={kind} msg=audit(1700000000.000:1): ".encode() + body)


def test_raw_values_are_kept_beside_their_words() -> None:
    """In the order of the record, with quotes and encodings as they were."""
    assert interpret(_record("SYSCALL", b'arch=c000003e syscall=0 uid=1000 comm="a" exe=2F61'), _NAMES) == (
        Interpreted("arch", b"c000003e", "x86_64"),
        Interpreted("syscall", b"0", "read"),
        Interpreted("uid", b"1000", "kang"),
        Interpreted("comm", b'"a"', "a"),
        Interpreted("exe", b"2F61", "/a"),
    )


@pytest.mark.parametrize(
    ("kind", "body", "name", "text"),
    [
        ("SYSCALL", b"exit=-13", "exit", "EACCES(Permission denied)"),
        ("PATH", b"mode=0104755", "mode", "file,suid,755"),
        ("PATH", b"ogid=33", "ogid", "www-data"),
        ("PATH", b"cap_fp=2000", "cap_fp", "net_raw"),
        ("LOGIN", b"old-auid=4294967295", "old-auid", "unset"),
        ("BPRM_FCAPS", b"pp=3000", "pp", "net_admin,net_raw"),
        (
            "SOCKADDR",
            b"saddr=020001BB0A0000010000000000000000",
            "saddr",
            "{ saddr_fam=inet laddr=10.0.0.1 lport=443 }",
        ),
        ("SECCOMP", b"code=0x7ffc0000", "code", "log"),
        ("TTY", b"data=6C730D1B5B41", "data", '"ls",<ret>,<up>'),
        ("USER_TTY", b"msg='data=7375'", "data", '"su"'),
        ("NETFILTER_CFG", b"family=10", "family", "ipv6"),
        ("OPENAT2", b"oflag=0100101 mode=0600 resolve=0x8", "oflag", "O_WRONLY|O_CREAT"),
        ("URINGOP", b"uring_op=18", "uring_op", "openat"),
        ("FANOTIFY", b"resp=2 fan_type=1", "fan_type", "rule_info"),
        ("AVC", b"avc:  denied  { read write } for  pid=1", "seperms", "read,write"),
        ("USER_ACCT", b"msg='op=x acct=6B616E67 res=success'", "acct", "kang"),
        ("ADD_GROUP", b"id=33", "id", "www-data"),
        ("CONFIG_CHANGE", b"list=4 res=1", "list", "exit"),
        ("PROCTITLE", b"proctitle=6C73002D6C", "proctitle", "ls -l"),
        ("UNKNOWN[1999]", b"x=1 uid=0", "uid", "root"),
        ("UNKNOWN[1999]", b'x="1"', "x", '"1"'),
    ],
)
def test_a_field_means_what_its_name_and_its_record_s_type_say(
    kind: str, body: bytes, name: str, text: str
) -> None:
    """Whatever the record's type; a field that is not known is what it says."""
    assert _texts(kind, body)[name] == text


def test_what_auditd_added_goes_before_the_names_of_this_host() -> None:
    """It asked the host that the record is from."""
    texts = _texts("USER_ACCT", b'pid=1 uid=1000 auid=5\x1dUID="alice" AUID="unset"')
    assert (texts["uid"], texts["auid"]) == ("alice", "unset")


def test_arguments_are_those_of_a_system_call_alone() -> None:
    """A program may log fields of these names."""
    assert _texts("USER_ACCT", b"arch=c000003e syscall=257 a2=80000")["a2"] == "0x80000"
    assert _texts("SYSCALL", b"arch=c000003e syscall=257 a2=80000")["a2"] == "O_RDONLY|O_CLOEXEC"
    assert _texts("SYSCALL", b"arch=c000003e syscall=105 a0=3e8")["a0"] == "kang"
    assert _texts("SYSCALL", b"arch=c000003e syscall=105 a0=ffffffff")["a0"] == "unset"


def test_an_argument_of_another_shape_stays_as_it_is() -> None:
    """The kernel writes registers without a prefix."""
    assert _texts("SYSCALL", b"arch=c000003e syscall=257 a0=0x1 a1=zz a2=(null)") == {
        "arch": "x86_64",
        "syscall": "openat",
        "a0": "0x1",
        "a1": "zz",
        "a2": "(null)",
    }


@pytest.mark.parametrize(
    ("record", "name", "value", "words"),
    [
        ("ANOM_ABEND", "sig", "11", "SIGSEGV"),
        ("LOGIN", "old-auid", "4294967295", "unset"),
        ("OBJ_PID", "ouid", "77", None),
        ("OBJ_PID", "ouid", "x", None),
        ("BPRM_FCAPS", "pp", "0", "none"),
        ("TTY", "data", "ls", None),
        ("TTY", "data", "ls\\x0d", '"ls",<ret>'),
        ("ANOM_ABEND", "sig", "99", None),
        ("ANOM_ABEND", "comm", "ls", None),
        ("ANOM_ABEND", "bogus", "1", None),
        ("CONFIG_CHANGE", "res", "1", None),
    ],
)
def test_words_of_a_single_field_say_more_than_its_value(
    record: str, name: str, value: str, words: str
) -> None:
    """Else there are none."""
    assert field_words(record, name, value, _NAMES) == words


@given(
    st.sampled_from(["SYSCALL", "EXECVE", "PATH", "SOCKADDR", "TTY", "AVC", "USER_ACCT", "UNKNOWN[1999]"]),
    st.lists(
        st.tuples(
            st.sampled_from(_FIELDS),
            st.binary(max_size=24)
            | st.from_regex(rb"[0-9]{1,22}|(0x)?[0-9a-fA-F]{1,40}|-[0-9]{1,5}", fullmatch=True),
        ),
        max_size=8,
    ),
)
@settings(deadline=None)
@example("SYSCALL", [("arch", b"40000003"), ("syscall", b"102"), ("a0", b"99")])
@example("SOCKADDR", [("saddr", b"0100" + b"0A" * 120)])
@example("USER_ACCT", [("res", b"9" * 5000)])
@example("SYSCALL", [("a0", "\u05f5".encode())])
def test_whatever_a_record_holds_its_words_are_printable(kind: str, fields: list[tuple[str, bytes]]) -> None:
    """Nothing is raised, nothing is lost, and nothing can leave its field."""
    body = b" ".join(name.encode() + b"=" + value for name, value in fields)
    record = Record(kind, "", 1, 0, 1, b"1.000:1", body, None)
    for field in interpret(record, _NAMES):
        assert field.raw in body
        # Characters that are not assigned yet are not printable for Python, either, and stay as they are.
        assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in field.text)
        field_words(kind, field.name, field.text, _NAMES)
