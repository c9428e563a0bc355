"""Leaving the control group that a run was started in, for a process that must outlive it.

Whatever kills all processes of a control group reaches every process in it: `systemctl kill`, a service that is
stopped, an OOM killer that takes the whole group (memory.oom.group, systemd-oomd), cgroup.kill (cgroups(7)). That is
done by the hierarchy of cgroup version 2, or by systemd's own of version 1. To move to the root of these leaves nothing
behind: no group is made, and the process is gone from there when it ends.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from mig_audit.errors import describe_errno

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEMD = "name=systemd"
_ROOT = "/"


class _Hierarchy(NamedTuple):
    """One that processes are killed by: its kind, as proc(5) has it in the cgroup file, and where we are in it."""

    kind: str
    path: str


def leave(proc: str = "/proc") -> str:
    """Move this process to the root of each such hierarchy; return why that was not possible, empty if it was."""
    try:
        hierarchies = list(_hierarchies(_lines(f"{proc}/self/cgroup")))
        mounts = dict(_mounts(_lines(f"{proc}/self/mountinfo")))
    except OSError as error:
        return f"the control groups cannot be seen: {describe_errno(error.errno or 0)}"
    troubles = [_leave(each, mounts.get(each.kind, "")) for each in hierarchies if each.path != _ROOT]
    return "; ".join(trouble for trouble in troubles if trouble)


def _leave(hierarchy: _Hierarchy, mount: str) -> str:
    name = hierarchy.kind or "version 2"
    if not mount:
        return f"the hierarchy of control groups ({name}) is not mounted here"
    try:
        with open(f"{mount}/cgroup.procs", "w", encoding="ascii") as file:  # noqa: PTH123  # as in the guard
            file.write(str(os.getpid()))
    except OSError as error:
        return f"the control group {hierarchy.path} ({name}) could not be left: {describe_errno(error.errno or 0)}"
    return ""


def _lines(path: str) -> list[str]:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123  # as above
        return file.read().splitlines()


def _hierarchies(lines: list[str]) -> Iterator[_Hierarchy]:
    """Yield those that processes are killed by, of the lines ``ID:CONTROLLERS:PATH``."""
    for line in lines:
        _, kind, path = line.split(":", 2)
        if kind in {"", _SYSTEMD}:
            yield _Hierarchy(kind, path)


def _mounts(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the kinds of those whose root is mounted, and where.

    A line is ``ID PARENT DEVICE ROOT POINT OPTIONS [FIELD...] - TYPE SOURCE SUPEROPTIONS`` (proc(5)).
    """
    for line in lines:
        before, _, after = line.partition(" - ")
        root, point = before.split(" ")[3:5]
        kind, _, options = after.split(" ", 2)
        if root != _ROOT:
            continue
        if kind == "cgroup2":
            yield "", _unescaped(point)
        elif kind == "cgroup" and _SYSTEMD in options.split(","):
            yield _SYSTEMD, _unescaped(point)


def _unescaped(path: str) -> str:
    """Return a path without its octal escapes: of space, tab, newline and backslash."""
    for escape in (r"\040", r"\011", r"\012", r"\134"):
        path = path.replace(escape, chr(int(escape[1:], 8)))
    return path
