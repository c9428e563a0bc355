"""Ids are looked up once, misses too, and not for ever."""

from __future__ import annotations

import grp
import os
import pwd
from typing import TYPE_CHECKING, Optional

import pytest

from mig_audit.modules.audit.events import HostNames, TableNames, names_from_files

if TYPE_CHECKING:
    from pathlib import Path


class _Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_this_hosts_names_are_found() -> None:
    """The user and group of this process."""
    names = HostNames()

    assert names.user(os.getuid()) == pwd.getpwuid(os.getuid()).pw_name
    assert names.group(os.getgid()) == grp.getgrgid(os.getgid()).gr_name


@pytest.mark.parametrize("number", [4_294_967_295, 4_294_967_294, 2**40])
def test_an_id_without_a_name_has_none(number: int) -> None:
    """Unset, unknown, and no id at all."""
    assert HostNames().user(number) is None
    assert HostNames().group(number) is None


class _Library:
    """Knows user and group 1, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def user(self, uid: int) -> Optional[str]:
        self.asked.append(uid)
        return "one" if uid == 1 else None

    group = user


def test_answers_hold_for_a_while(tmp_path: Path) -> None:
    """A hit and a miss are asked once, and again when they have expired."""
    library, clock = _Library(), _Clock()
    names = HostNames(lifetime=60, clock=clock, library=library, root=str(tmp_path))

    assert [names.user(uid) for uid in (1, 2, 1, 2)] == ["one", None, "one", None]
    assert [names.group(gid) for gid in (2, 1, 2)] == [None, "one", None]
    assert library.asked == [1, 2, 2, 1]
    clock.now = 60
    assert names.user(1) == "one"
    assert library.asked == [1, 2, 2, 1, 1]


def test_the_files_of_accounts_tell_whoever_is_made_while_audit_runs(tmp_path: Path) -> None:
    """What was told holds for a while, and what was not is told as it is now; the library is not asked beside them."""
    etc = tmp_path / "etc"
    etc.mkdir()
    library, clock = _Library(), _Clock()
    names = HostNames(lifetime=60, clock=clock, library=library, root=str(tmp_path))
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\n")
    (etc / "passwd").write_text("anna:x:2:2:::\n")
    (etc / "group").write_text("wheel:x:3:\n")

    assert [names.user(number) for number in (1, 2, 3)] == [None, "anna", None]
    (etc / "passwd").write_text("berta:x:2:2:::\ncarla:x:4:4:::\n")
    assert [names.user(number) for number in (2, 3, 4)] == ["anna", None, "carla"]
    assert names.group(3) == "wheel"
    clock.now = 60
    assert names.user(2) == "berta"
    assert library.asked == []


def test_the_memory_is_bounded(tmp_path: Path) -> None:
    """However many ids a log invents."""
    library = _Library()
    names = HostNames(library=library, root=str(tmp_path))
    for uid in (*range(40_000), 3, 39_999):
        names.user(uid)

    assert library.asked == [*range(40_000), 3]


def test_a_name_is_printable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Directories hold what people typed."""
    entry = pwd.struct_passwd(("a\x1bb\udcff", "x", 1, 0, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entry)

    assert HostNames(root=str(tmp_path)).user(1) == r"a\x1bb\xff"


def test_files_of_another_host_tell_its_names() -> None:
    """The first line of an id counts; lines of another shape are passed over."""
    names = names_from_files(
        b"root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n+::::::\nbroken\nan na:x:1000:1000::/:\n",
        b"wheel:x:10:\n",
    )

    assert [names.user(uid) for uid in (0, 1000, 1)] == ["root", "an na", None]
    assert [names.group(gid) for gid in (10, 0)] == ["wheel", None]


def test_tables_tell_what_they_hold() -> None:
    """And nothing of this host."""
    names = TableNames({1: "one"}, {2: "two"})

    assert [names.user(1), names.user(0), names.group(2), names.group(0)] == ["one", None, "two", None]
