"""Containers and units in control groups."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mig_audit.modules.audit.events.enrichment.cgroups import parse_cgroup

_ID = "0123456789abcdef" * 4
_OTHER = "f" * 64
_POD = "kubepods-burstable-pod1e2d3c4b_5a69_4788.slice"


@pytest.mark.parametrize(
    ("lines", "container", "runtime", "unit"),
    [
        ("0::/", None, None, None),
        ("0::/init.scope", None, None, "init.scope"),
        ("0::/system.slice/ssh.service", None, None, "ssh.service"),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope",
            None,
            None,
            "app-x.scope",
        ),
        (f"0::/system.slice/docker-{_ID}.scope", _ID, "docker", f"docker-{_ID}.scope"),
        (f"0::/docker/{_ID}", _ID, "docker", None),
        (f"0::/docker/{_ID}/docker/{_OTHER}", _OTHER, "docker", None),
        (f"0::/machine.slice/libpod-{_ID}.scope/container", _ID, "podman", f"libpod-{_ID}.scope"),
        (
            f"0::/kubepods.slice/{_POD}/cri-containerd-{_ID}.scope",
            _ID,
            "containerd",
            f"cri-containerd-{_ID}.scope",
        ),
        (f"0::/kubepods.slice/{_POD}/crio-{_ID}.scope", _ID, "crio", f"crio-{_ID}.scope"),
        (f"0::/kubepods/besteffort/pod1e2d/{_ID}", _ID, None, None),
        ("0::/lxc.payload.web01/system.slice/nginx.service", "web01", "lxc", "nginx.service"),
        ("0::/machine.slice/machine-db.scope", "db", "nspawn", "machine-db.scope"),
        (
            f"12:pids:/docker/{_ID}\n1:name=systemd:/system.slice/docker.service\n0::/",
            _ID,
            "docker",
            "docker.service",
        ),
        ("5:cpu,cpuacct:/\n1:name=systemd:/system.slice/cron.service\n0::/", None, None, "cron.service"),
        (f"0::/x/{_ID[:63]}", None, None, None),
    ],
)
def test_a_group_tells_container_and_unit(lines: str, container: str, runtime: str, unit: str) -> None:
    """In the forms of the runtimes, in both versions of control groups."""
    groups = parse_cgroup(f"{lines}\n".encode())

    assert (groups.container, groups.runtime, groups.unit) == (container, runtime, unit)


def test_the_path_is_that_of_systemd_or_of_the_unified_hierarchy() -> None:
    """The longer one, if there are both."""
    assert parse_cgroup(b"1:name=systemd:/a.slice/b.service\n0::/\n").cgroup == "/a.slice/b.service"
    assert parse_cgroup(b"4:memory:/x\n").cgroup == "/x"
    assert parse_cgroup(b"").cgroup is None


@given(st.binary(max_size=200))
def test_any_content_is_read(content: bytes) -> None:
    """The names of groups are chosen by whoever makes them, and come out printable."""
    groups = parse_cgroup(content)

    texts = "".join(text for text in groups if text)
    assert not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in texts)
