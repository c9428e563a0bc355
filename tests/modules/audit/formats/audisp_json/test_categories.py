"""Which events audisp-json prints, and how it sums them up."""

from __future__ import annotations

import pytest
from audisp_json_lines import call, head, line, path

from mig_audit.modules.audit.formats.audisp_json.categories import syscall_categories
from mig_audit.modules.audit.tables import syscall_name

NAMED = {
    "write": "write writev unlink unlinkat rename renameat renameat2",
    "read": (
        "read readv readlink readlinkat readahead open openat openat2 open_by_handle_at open_tree link linkat mmap"
        " sendfile"
    ),
    "attribute": "setxattr",
    "chmod": "chmod fchmodat",
    "chown": "chown fchown fchownat",
    "ptrace": "ptrace",
    "execve": "execve execveat",
    "promiscuous": "ioctl",
    "time": "adjtimex",
    "socket": "socket socketpair",
    "listen": "listen",
}


def test_these_system_calls_have_a_category() -> None:
    """All others that have a name are known and have none; newer ones are not known."""
    categories = syscall_categories()
    named = {
        category: " ".join(
            sorted(
                str(syscall_name("x86_64", number))
                for number, known in categories.items()
                if known == category
            )
        )
        for category in NAMED
    }

    assert named == {category: " ".join(sorted(names.split())) for category, names in NAMED.items()}
    assert categories[83] is None
    assert categories[450] is None
    assert not {335, 451, 452, 463, 512} & set(categories)


@pytest.mark.parametrize(
    ("number", "category", "summary"),
    [
        (87, b"write", b"Write: /x"),
        (188, b"attribute", b"Attribute: /x"),
        (90, b"chmod", b"Chmod: /x"),
        (92, b"chown", b"Chown: /x"),
        (2, b"(null)", b""),
        (101, b"ptrace", b"Ptrace"),
        (159, b"time", b"time has been modified"),
        (41, b"socket", b"Socket"),
        (50, b"listen", b"Listen"),
    ],
)
def test_a_category_has_its_summary(number: int, category: bytes, summary: bytes) -> None:
    """That of reading is empty, where the original prints what it has on its stack."""
    assert head(call(number), path()) == (category, summary)


@pytest.mark.parametrize("number", ["83", "16", "452", "463", "-1", "99999", "0x57x"])
def test_other_system_calls_are_not_printed(number: str) -> None:
    """Nor those that have no name."""
    if number == "0x57x":
        assert head(call().replace("syscall=87", "syscall=0x57x"), path())[0] == b"(null)"  # C reads 0: read
    else:
        assert line(call().replace("syscall=87", f"syscall={number}"), path()) is None


@pytest.mark.parametrize(
    "record",
    [
        "USER_LOGIN pid=1 uid=0 auid=5 ses=1 msg='op=login res=success'",
        "LOGIN pid=1 uid=0 old-auid=4294967295 auid=0 res=1",
        "ANOM_PROMISCUOUS dev=eth0 prom=256 old_prom=0",
        "SYSCALL arch=c000003e",
        'PATH name="/x"',
    ],
)
def test_without_a_system_call_nothing_is_printed(record: str) -> None:
    """Or without its number."""
    assert line(record) is None


def test_nothing_is_printed_of_the_first_second() -> None:
    """At 0 seconds the library finds no field."""
    assert line(call(), path(), second=0) is None


def test_the_number_is_one_of_x86_64_whatever_the_architecture() -> None:
    """Of i386, 1 is exit and 10 is unlink."""
    call_of_i386 = call(1).replace("c000003e", "40000003")

    assert head(call_of_i386, path()) == (b"write", b"Write: /x")
    assert line(call_of_i386.replace("syscall=1 ", "syscall=10 ")) is None


@pytest.mark.parametrize(
    ("paths", "summary"),
    [
        ([], b"(null)"),
        (["(null)"], b"(null)"),
        (['"/a"', '"/b"'], b"/b"),
        (["2F61"], b"2F61"),
        (['""'], b""),
        (['"/' + "x" * 300 + '"'], b"/" + b"x" * 247),
    ],
)
def test_the_path_of_a_summary_is_the_last_one(paths: list[str], summary: bytes) -> None:
    """The new name of a rename; it is cut at 255 bytes, the word before it included."""
    assert head(call(), *map(path, paths))[1] == b"Write: " + summary


def test_promiscuous_mode_is_a_category_behind_a_system_call_only() -> None:
    """The kernel writes that record before it."""
    on = "ANOM_PROMISCUOUS dev=eth0 prom=256 old_prom=0"
    off = "ANOM_PROMISCUOUS dev=eth0 prom=0 old_prom=256"

    assert head(call(), on) == (b"promiscuous", b"Promisc: Interface eth0 set promiscous on")
    assert head(call(), off)[1] == b"Promisc: Interface eth0 set promiscous off"
    assert head(call(), "ANOM_PROMISCUOUS dev=(null)")[1] == b"Promisc: Interface (null) set promiscous on"
    assert head(on, call())[0] == b"write"
    assert head(call(), call(16)) == (b"promiscuous", b"Promisc: Interface (null) set promiscous off")


@pytest.mark.parametrize(
    ("info", "summary"),
    [('info="x\\y"', b"xy"), ('x="1"', b"(null)"), ('info="' + "x" * 300 + '"', b"x" * 300)],
)
def test_apparmor_tells_its_own_story_of_reading_or_behind_a_system_call(info: str, summary: bytes) -> None:
    """Uncut, as it is printed from where it stands."""
    denial = f'AVC apparmor="DENIED" {info} pid=1'

    assert head(call(2), denial) == head(denial, call(2)) == head(call(), denial) == (b"(null)", summary)
    assert head(denial, call(), path()) == (b"write", b"Write: /x")
