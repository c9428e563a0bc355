"""Leaving the control groups of a run; the host's /proc is made by the tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mig_audit.modules.audit.recorder.cgroup import leave

if TYPE_CHECKING:
    from pathlib import Path

V1 = "25 30 0:22 / {}/v1 rw shared:5 - cgroup cgroup rw,xattr,name=systemd"
V2 = "26 30 0:23 / {}/v2 rw shared:6 - cgroup2 cgroup2 rw"
OTHER = "27 30 0:24 / {}/memory rw - cgroup cgroup rw,memory"


def _host(folder: Path, groups: str, *mounts: str) -> str:
    (folder / "self").mkdir()
    (folder / "self" / "cgroup").write_text(groups)
    (folder / "self" / "mountinfo").write_text("".join(f"{mount.format(folder)}\n" for mount in mounts))
    for name in ("v1", "v2", "memory"):
        (folder / name).mkdir()
        (folder / name / "cgroup.procs").touch()
    return str(folder)


def _left(folder: Path) -> list[str]:
    """Return the hierarchies whose root this process was moved to."""
    return [
        name
        for name in ("v1", "v2", "memory")
        if (folder / name / "cgroup.procs").read_text() == str(os.getpid())
    ]


@pytest.mark.parametrize(
    ("groups", "mounts", "left"),
    [
        ("0::/system.slice/agent.service\n", (V2,), ["v2"]),
        ("4:memory:/a\n1:name=systemd:/a.service\n0::/a.service\n", (V1, V2, OTHER), ["v1", "v2"]),
        ("4:memory:/a\n1:name=systemd:/a.service\n", (V1, OTHER), ["v1"]),
        ("1:name=systemd:/\n0::/\n", (V1, V2), []),
        ("0::/a:b/c d\n", (V2,), ["v2"]),
        ("", (), []),
    ],
)
def test_it_leaves_those_that_processes_are_killed_by(
    tmp_path: Path, groups: str, mounts: tuple[str, ...], left: list[str]
) -> None:
    """Version 2, and systemd's own of version 1; where it is in none there is nothing to do."""
    assert leave(_host(tmp_path, groups, *mounts)) == ""
    assert _left(tmp_path) == left


def test_a_mount_point_may_have_a_space_in_it(tmp_path: Path) -> None:
    """The kernel escapes it."""
    folder = tmp_path / "a b"
    folder.mkdir()
    proc = _host(folder, "0::/a\n")
    (folder / "self" / "mountinfo").write_text(V2.format(folder).replace("a b", r"a\040b") + "\n")

    assert leave(proc) == ""
    assert _left(folder) == ["v2"]


@pytest.mark.parametrize(
    ("mounts", "why"),
    [
        ((), "the hierarchy of control groups (version 2) is not mounted here"),
        ((V2.replace(" / ", " /part "),), "the hierarchy of control groups (version 2) is not mounted here"),
        ((V2.replace("v2", "nosuch"),), "the control group /a (version 2) could not be left: ENOENT"),
    ],
)
def test_what_stands_in_the_way_is_said(tmp_path: Path, mounts: tuple[str, ...], why: str) -> None:
    """A container's part of it is no root; nor can every root be written to."""
    assert leave(_host(tmp_path, "0::/a\n", *mounts)).startswith(why)


def test_a_host_that_hides_its_groups_is_said_to(tmp_path: Path) -> None:
    """No part of the run depends on it."""
    assert leave(str(tmp_path)).startswith("the control groups cannot be seen: ENOENT")
