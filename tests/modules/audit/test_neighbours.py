"""Who else has to do with audit, from a made-up /proc."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mig_audit.modules.audit.neighbours import PROGRAMS, Neighbour, find_neighbours
from mig_audit.modules.audit.records import unprintable

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"


class Proc:
    """A /proc with processes and netlink sockets."""

    def __init__(self, folder: Path) -> None:
        """Begin with the kernel's own audit socket, and a routing socket."""
        self.folder = folder
        (folder / "net").mkdir()
        self._table = _HEAD
        self.socket(0, 100)
        self.socket(1, 101, protocol=0)

    def socket(self, port: int, inode: int, groups: int = 0, protocol: int = 9) -> None:
        """Add a netlink socket."""
        self._table += f"000000006d47d7c1 {protocol}   {port:<10} {groups:08x} 0 0 0 2 0 {inode:<8} \n"
        (self.folder / "net" / "netlink").write_text(self._table)

    def process(self, pid: int, comm: str, *inodes: int) -> None:
        """Add a process that has these sockets open."""
        (self.folder / str(pid) / "fd").mkdir(parents=True)
        (self.folder / str(pid) / "comm").write_bytes(b"%b\n" % os.fsencode(comm))
        for number, inode in enumerate(inodes):
            (self.folder / str(pid) / "fd" / str(number)).symlink_to(f"socket:[{inode}]")

    def neighbours(self, owner: int = 0, own_pids: tuple[int, ...] = ()) -> tuple[Neighbour, ...]:
        """Return who is found."""
        return find_neighbours(owner, str(self.folder), own_pids)


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    """Return a host on which nobody has to do with audit."""
    made = Proc(tmp_path)
    made.process(1, "init", 101)
    return made


def test_on_a_quiet_host_there_is_nobody(proc: Proc) -> None:
    """The kernel's own socket is nobody's, and routing is not audit."""
    assert proc.neighbours() == ()


def test_the_owner_and_a_listener_are_told_apart(proc: Proc) -> None:
    """By the kernel's word and by the socket's group."""
    proc.process(412, "auditd", 7, 8)
    proc.socket(412, 7)
    proc.process(300, "systemd-journal", 9)
    proc.socket(4282847869, 9, groups=1)

    assert proc.neighbours(owner=412) == (
        Neighbour(300, "systemd-journal", ("listener",)),
        Neighbour(412, "auditd", ("owner", "socket")),
    )


def test_all_who_hold_one_socket_are_named(proc: Proc) -> None:
    """systemd opens journald's socket, and keeps it."""
    proc.process(300, "systemd-journal", 9)
    proc.process(2, "systemd", 9, 9)
    proc.socket(2, 9, groups=1)

    assert [(each.pid, each.roles) for each in proc.neighbours()] == [
        (2, ("listener",)),
        (300, ("listener",)),
    ]


def test_where_descriptors_are_hidden_the_port_is_a_guess(proc: Proc) -> None:
    """As for who is not root."""
    proc.process(500, "go-audit")
    proc.socket(500, 9)
    proc.socket(77777, 10)

    assert proc.neighbours() == (Neighbour(500, "go-audit", ("socket",), certain=False),)


@pytest.mark.parametrize("comm", sorted(PROGRAMS))
def test_programs_that_are_known_for_audit_are_found_without_a_socket(proc: Proc, comm: str) -> None:
    """Plugins have none, and daemons may be about to open theirs."""
    proc.process(600, comm)

    (neighbour,) = proc.neighbours()
    assert neighbour.roles == ("known",)
    assert neighbour.says
    assert len(comm) <= 15
    assert neighbour.to_json()["says"] == neighbour.says


def test_an_owner_that_cannot_be_seen_is_still_named(proc: Proc) -> None:
    """It may be in a container, or just gone."""
    assert proc.neighbours(owner=99) == (Neighbour(99, "", ("owner",)),)


def test_we_are_no_neighbour_of_ours(proc: Proc) -> None:
    """The socket that asked for the status is left out."""
    proc.process(700, "mig-audit", 9)
    proc.socket(700, 9)

    assert proc.neighbours(own_pids=(700,)) == ()


def test_a_process_that_ends_meanwhile_is_no_error(proc: Proc) -> None:
    """/proc is read while the host lives."""
    (proc.folder / "800").mkdir()
    proc.socket(800, 9)
    with (proc.folder / "net" / "netlink").open("a") as table:
        table.write("torn line\n")

    assert [each.comm for each in proc.neighbours()] == [""]


@pytest.mark.parametrize(
    ("comm", "shown"),
    [
        ("two\nlines\n", r"two\x0alines\x0a"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202elive", r"\xe2\x80\xaelive"),
        ("\udcff", r"\xff"),
        (r"\xff", r"\x5cxff"),
        ("a\x0bb\x85c", r"a\x0bb\xc2\x85c"),
        ("", ""),
    ],
)
def test_a_name_is_whole_and_printable(proc: Proc, comm: str, shown: str) -> None:
    """A process may give itself any, and no two of them look alike."""
    proc.process(700, comm, 9)
    proc.socket(700, 9)

    (neighbour,) = proc.neighbours()
    assert neighbour.comm == shown
    assert unprintable(neighbour.comm) == os.fsencode(comm)
