"""The details are those that audisp-json finds, where it finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from audisp_json_lines import call, detail, details, line, path

if TYPE_CHECKING:
    from pathlib import Path

PROMISCUOUS = "ANOM_PROMISCUOUS dev=eth0 prom=256 old_prom=0 auid=1000 uid=0 gid=5 ses=6"
APPARMOR = (
    'AVC apparmor="DENIED" operation="open" info="no\\pe" error=-13 profile="/usr/bin/a b" name="/etc/shadow" pid=200'
    ' parent=100 comm="cupsd" flags=3 srcname="/s"'
)


def test_a_system_call_has_these_details_in_this_order() -> None:
    """Printed in the reverse order."""
    assert details(call()) == [
        (b"auditserial", b"42"),
        (b"processname", b"cmd"),
        (b"auditkey", b"k1"),
        (b"originaluser", b"kang"),
        (b"originaluid", b"1000"),
        (b"user", b"root"),
        (b"uid", b"0"),
        (b"tty", b"pts0"),
        (b"process", b"/bin/cmd"),
        (b"pid", b"200"),
        (b"gid", b"10"),
        (b"euid", b"11"),
        (b"suid", b"12"),
        (b"fsuid", b"13"),
        (b"egid", b"14"),
        (b"sgid", b"15"),
        (b"fsgid", b"16"),
        (b"session", b"7"),
    ]


def test_a_socket_has_its_arguments_as_the_record_has_them() -> None:
    """In hexadecimal."""
    assert details(call(41))[2:6] == [
        (b"domain", b"2"),
        (b"type", b"80001"),
        (b"protocol", b"7"),
        (b"auditkey", b"k1"),
    ]


def test_keys_repeat_and_all_paths_have_the_object_of_the_first() -> None:
    """Only the name is that of the record."""
    records = (call(82), 'CWD cwd="/w"', path('"/a"', 1), path('"/b"', 2))

    assert detail("path", *records) == [b"/a", b"/b"]
    assert detail("inode", *records) == [b"1", b"1"]
    assert detail("cwd", *records) == [b"/w"]
    assert [key for key, _ in details(*records)][-7:] == [
        b"path",
        b"inode",
        b"dev",
        b"mode",
        b"ouid",
        b"ogid",
        b"rdev",
    ]


def test_what_a_record_lacks_is_found_in_the_next_one() -> None:
    """Whatever that is about."""
    assert detail("path", call(), "PATH item=0 inode=5", path('"/b"', 2)) == [b"/b", b"/b"]
    assert detail("dev", call(), "PATH item=0", "SOCKADDR dev=x") == [b"x"]
    assert detail("cwd", call(), "CWD item=0", 'PATH cwd="/from"') == [b"/from"]
    assert detail("tty", "SYSCALL syscall=87", "OBJ_PID tty=other") == [b"other"]


def test_nothing_is_found_behind_the_last_field_of_a_record() -> None:
    """Not even in the next one."""
    assert detail("cwd", call(), "CWD ", 'PATH cwd="/from" name="/x"') == []


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ('"/a b"', [b"/a"]),
        ('"/a\\b\t\x08\x0c\r"', [b"/ab"]),
        ('"/\x01\x7f\xff"', [b"/\x01\x7f\xff"]),
        ("2F612062", [b"2F612062"]),
        ("(null)", []),
        ("(null)x", []),
        ('"(null)"', [b"(null)"]),
        ("(none)", [b"(none)"]),
        ('""', [b""]),
        ("?", [b"?"]),
    ],
)
def test_values_are_raw_without_what_json_would_escape(name: str, printed: list[bytes]) -> None:
    """Hex stays hex, and a value ends at its first space; what begins like C's null text is left out."""
    assert detail("path", call(), path(name)) == printed


@pytest.mark.parametrize(
    ("auid", "users"),
    [
        ("1000", [b"kang"]),
        ("1000abc", [b"kang"]),
        ("+1000", [b"kang"]),
        ("unset", [b"root"]),
        ("4294968296", [b"kang"]),
        ("-1000", [b"wrapped"]),
        ("54322", [b"audit two"]),
        ("77", []),
        ("-1", []),
        ("4294967295", []),
        ("99999999999999999999", []),
        ("9" * 5000, []),
    ],
)
def test_a_user_is_who_c_takes_the_number_for(auid: str, users: list[bytes]) -> None:
    """The text itself is printed as it is."""
    record = call().replace("auid=1000", f"auid={auid}")

    assert detail("originaluser", record) == users
    assert detail("originaluid", record) == [auid.encode()]


@pytest.mark.parametrize(
    ("key", "printed"),
    [('"a"', [b"a"]), ("6101620163", [b"a"]), ("6120", [b"6120"]), ("(null)", []), ("zz", [])],
)
def test_the_key_is_the_first_of_several(key: str, printed: list[bytes]) -> None:
    """In hex only if it has odd characters."""
    assert detail("auditkey", call().replace('"k1"', key)) == printed


def test_the_parent_is_looked_up_while_it_runs(tmp_path: Path) -> None:
    """It has no name without a /proc, or if it is gone."""
    (tmp_path / "100").mkdir()
    (tmp_path / "100" / "status").write_bytes(b"Name:\tcron job\nUmask:\t0022\n")

    assert detail("parentprocess", call(), proc=tmp_path) == [b"cron"]
    assert detail("parentprocess", call(), proc=tmp_path / "nothing") == []
    assert detail("parentprocess", call()) == []


def test_every_system_call_record_of_an_event_counts() -> None:
    """But its fields, the name of the program apart, are those of the first."""
    second = call(2).replace("pid=200", "pid=201").replace('comm="cmd"', 'comm="other"')

    assert detail("processname", call(), second) == [b"cmd", b"other"]
    assert detail("pid", call(), second) == [b"200", b"200"]


def test_a_change_of_promiscuous_mode_has_its_details() -> None:
    """Spelt as there."""
    assert details(PROMISCUOUS, call())[1:9] == [
        (b"dev", b"eth0"),
        (b"promiscious", b"256"),
        (b"old_promicious", b"0"),
        (b"originaluser", b"kang"),
        (b"originaluid", b"1000"),
        (b"user", b"root"),
        (b"uid", b"0"),
        (b"gid", b"5"),
    ]
    assert line("ANOM_PROMISCUOUS prom=256", call()) is None


def test_a_denial_of_apparmor_has_its_details(tmp_path: Path) -> None:
    """With the names of processes that still run."""
    for pid, name in (("100", b"parent"), ("200", b"child")):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "status").write_bytes(b"Name:\t" + name + b"\n")

    assert details(APPARMOR, call(), proc=tmp_path)[1:11] == [
        (b"aaresult", b"DENIED"),
        (b"aacoperation", b"open"),
        (b"aaprofile", b"/usr/bin/a"),
        (b"aacommand", b"cupsd"),
        (b"parentprocess", b"parent"),
        (b"processname", b"child"),
        (b"aaerror", b"-13"),
        (b"aaname", b"/etc/shadow"),
        (b"aasrcname", b"/s"),
        (b"aaflags", b"3"),
    ]


def test_a_message_of_selinux_silences_the_event() -> None:
    """Wherever it stands."""
    denial = 'AVC avc:  denied  { read } for  pid=1 comm="x" name="y"'

    assert line(denial, call(), path()) is None
    assert line(call(), path(), denial) is None
