"""Control groups as ``/proc/PID/cgroup`` shows them (cgroups(7)): which container, which systemd unit."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

from mig_audit.modules.audit.records import printable

# The id of a container is 64 hex digits; before it some runtimes write their name, after it a suffix of systemd's.
_CONTAINER = re.compile(
    r"(?:(?P<runtime>[a-z]+(?:-[a-z]+)*)[-_])?(?P<id>[0-9a-f]{64})(?:\.(?:scope|service))?"
)
_NAMED = (
    (re.compile(r"lxc\.payload\.(?P<id>.+)"), "lxc"),
    (re.compile(r"machine-(?P<id>.+)\.scope"), "nspawn"),
    (re.compile(r"systemd-nspawn@(?P<id>.+)\.service"), "nspawn"),
)
_RUNTIMES = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "crio": "crio",
    "libpod": "podman",
    "nerdctl": "containerd",
}
# The folder that a runtime makes for its containers, where it writes no name before the id.
_FOLDERS = {
    "docker": "docker",
    "lxc": "lxc",
    "libpod_parent": "podman",
    "kubepods": None,
    "buildkit": "buildkit",
}
_UNIT = re.compile(r".+\.(?:service|scope|socket|mount|swap)")
_LONGEST = 4096


class Groups(NamedTuple):
    """What the control groups of a process say; see `mig_audit.modules.audit.events.enrichment.model.Place`."""

    container: Optional[str]
    runtime: Optional[str]
    unit: Optional[str]
    cgroup: Optional[str]


def parse_cgroup(content: bytes) -> Groups:
    """Return what the lines ``ID:CONTROLLERS:PATH`` of a process say; never raises.

    The unified hierarchy (``0::``) and systemd's own count for the unit; a container may be in any of them.
    """
    paths: dict[str, str] = {}
    for line in content.splitlines():
        columns = line.split(b":", 2)
        if len(columns) == 3:  # noqa: PLR2004 - the columns of cgroups(7)
            paths[printable(columns[1])] = printable(columns[2][:_LONGEST])
    ordered = [paths[name] for name in ("", "name=systemd") if name in paths]
    others = [path for name, path in sorted(paths.items()) if name not in {"", "name=systemd"}]
    container, runtime = next(filter(None, map(_container, (*ordered, *others))), (None, None))
    unit = next(filter(None, map(_unit, ordered)), None)
    cgroup = max(ordered, key=len, default=None) or next(iter(others), None)
    return Groups(container, runtime, unit, cgroup)


def _container(path: str) -> Optional[tuple[str, Optional[str]]]:
    """Return the innermost container in a path, and its runtime."""
    folder: Optional[str] = None
    found: Optional[tuple[str, Optional[str]]] = None
    for part in path.split("/"):
        match = _CONTAINER.fullmatch(part)
        if match:
            name = match["runtime"]
            found = match["id"], _RUNTIMES.get(name, name) if name else folder
        for pattern, runtime in _NAMED:
            named = pattern.fullmatch(part)
            if named:
                found = named["id"], runtime
        folder = _FOLDERS.get(part, folder)
    return found


def _unit(path: str) -> Optional[str]:
    """Return the innermost unit in a path that is not only the scope of a container."""
    units = [part for part in path.split("/") if _UNIT.fullmatch(part)]
    return units[-1] if units else None
