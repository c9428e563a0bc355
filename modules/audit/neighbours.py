"""Who else on this host has to do with the kernel's audit, found without asking any of them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NETLINK_AUDIT = "9"
_READLOG = 1  # the bit of AUDIT_NLGRP_READLOG in a socket's groups
_COLUMNS = 10  # of /proc/net/netlink: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode

PROGRAMS = {
    "auditd": "the audit daemon: owns the audit pid, loads the host's rules, writes /var/log/audit",
    "audispd": "the dispatcher of older audit daemons: feeds their plugins",
    "auditbeat": "Elastic's shipper: owns the audit pid or reads by multicast, and may load rules of its own",
    "go-audit": "owns the audit pid, and loads rules of its own",
    "laurel": "a plugin of the audit daemon: reads what that passes on",
    "osqueryd": "osquery: with its audit tables on it owns the audit pid and loads rules of its own",
    "pauditd": "a go-audit: owns the audit pid, and loads rules of its own",
    "systemd-journal": "journald: copies records into the journal by multicast, and may switch audit on at boot",
}
"""What is known of programs by the name of their process, of which the kernel keeps 15 characters."""


@dataclass(frozen=True)
class Neighbour:
    """A process: ``roles`` are among ``owner`` of the audit pid, ``listener`` by multicast, ``socket``, and ``known``.

    ``socket`` is one that it only has open, ``known`` a program that is known for audit and has none. ``comm`` is the
    name that the process gives itself, as printable text. ``pid`` may be a guess where the process' descriptors cannot
    be read: then ``certain`` is False.
    """

    pid: int
    comm: str
    roles: tuple[str, ...]
    certain: bool = True

    @property
    def says(self) -> str:
        """Return what is known of the program, if anything is."""
        return PROGRAMS.get(self.comm, "")

    def owning(self, owner: int) -> Neighbour:
        """Return it with its role of owner, if the process with this id is the owner of the audit pid."""
        return replace(self, roles=("owner", *self.roles)) if self.pid == owner else self

    def to_json(self) -> dict[str, object]:
        """Return it as a document."""
        return {**vars(self), "roles": list(self.roles), "says": self.says}


@dataclass
class _Found:
    roles: set[str] = field(default_factory=set)
    certain: bool = True


def find_neighbours(owner: int, proc: str = "/proc", own_pids: Sequence[int] = ()) -> tuple[Neighbour, ...]:
    """Return every process that has a netlink audit socket in this network namespace, or is known for audit.

    Args:
        owner: the process id that has the audit pid, 0 if none has or that is not known.
        proc: where /proc is.
        own_pids: our own processes, which are left out.
    """
    found: dict[int, _Found] = {}
    pids = [int(name) for name in os.listdir(proc) if name.isdigit()]  # noqa: PTH208  # only the names
    sockets = dict(_sockets(proc))
    holders = _holders(pids, {inode for inode, (_, _) in sockets.items()}, proc)
    for inode, (port, role) in sockets.items():
        # The first socket of a process has its process id as the port.
        for pid in holders.get(inode, [port] if port in pids else []):
            each = found.setdefault(pid, _Found())
            each.roles.add(role)
            each.certain = each.certain and inode in holders
    if owner:
        found.setdefault(owner, _Found()).roles.add("owner")
    names = {pid: _comm(pid, proc) for pid in {*pids, *found}}
    for pid in pids:
        if names[pid] in PROGRAMS and pid not in found:
            found[pid] = _Found({"known"})
    for pid in own_pids:
        found.pop(pid, None)
    return tuple(
        Neighbour(pid, names[pid], tuple(sorted(each.roles)), each.certain)
        for pid, each in sorted(found.items())
    )


def _sockets(proc: str) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield the inode, port and role of each audit socket but the kernel's own."""
    for line in _lines(f"{proc}/net/netlink")[1:]:
        columns = line.split()
        if len(columns) >= _COLUMNS and columns[1] == _NETLINK_AUDIT and columns[2] != "0":
            role = "listener" if int(columns[3], 16) & _READLOG else "socket"
            yield columns[9], (int(columns[2]), role)


def _holders(pids: list[int], inodes: set[str], proc: str) -> dict[str, list[int]]:
    """Return which processes have which of these sockets open, as far as we may look."""
    holders: dict[str, list[int]] = {}
    for pid in pids if inodes else ():
        for link in _links(f"{proc}/{pid}/fd"):
            inode = link[len("socket:[") : -1]
            if link.startswith("socket:[") and inode in inodes and pid not in holders.setdefault(inode, []):
                holders[inode].append(pid)
    return holders


def _links(folder: str) -> Iterator[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  # only the names
    except OSError:
        return
    for name in names:
        with suppress(OSError):  # the process closed it meanwhile
            yield os.readlink(f"{folder}/{name}")  # noqa: PTH115  # most of the links lead nowhere


def _comm(pid: int, proc: str) -> str:
    """Return the name as printable text; it may hold anything, newlines too, and the kernel ends it with one."""
    try:
        with open(f"{proc}/{pid}/comm", "rb") as file:  # noqa: PTH123  # one of thousands
            content = file.read()
    except OSError:
        return ""
    return printable(content[:-1] if content.endswith(b"\n") else content)


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # one of thousands
            return file.read().splitlines()
    except OSError:
        return []
