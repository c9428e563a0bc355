"""Ids are looked up once, misses too, and not for ever."""

from __future__ import annotations

import grp
import os
import pwd

import pytest

from mig_audit.modules.audit.events import HostNames, TableNames, names_from_files


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


def test_answers_hold_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hit and a miss are asked once, and again when they have expired."""
    asked = []

    def ask(uid: int) -> pwd.struct_passwd:
        asked.append(uid)
        if uid == 2:
            raise KeyError(uid)
        return pwd.struct_passwd(("name", "x", uid, 0, "", "/", "/bin/sh"))

    monkeypatch.setattr(pwd, "getpwuid", ask)
    clock = _Clock()
    names = HostNames(lifetime=60, clock=clock)

    assert [names.user(uid) for uid in (1, 2, 1, 2)] == ["name", None, "name", None]
    assert asked == [1, 2]
    clock.now = 60
    assert names.user(1) == "name"
    assert asked == [1, 2, 1]


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ids a log invents."""

    def ask(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(pwd, "getpwuid", ask)
    names = HostNames()
    for uid in range(40_000):
        names.user(uid)

    assert len(names._users) <= 16_384


def test_a_name_is_printable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories hold what people typed."""
    entry = pwd.struct_passwd(("a\x1bb\udcff", "x", 1, 0, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entry)

    assert HostNames().user(1) == r"a\x1bb\xff"


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
