"""Ancestry and places on the real kernel: right, or said to be unknown, for processes of which the truth is known."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ancestry_workload
import pytest
from kernel_events import events_of

from mig_audit.modules.audit.events.enrichment import Enricher, EnrichmentSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

pytestmark = pytest.mark.kernel

_GROUP = 61357  # nobody's: rules for it catch the test's processes alone
_EXECS = "execve,execveat"
_ALL = f"{_EXECS},fork,vfork,clone,clone3,exit_group"
_REUSE = tuple(f"reuse{number}" for number in range(6))
_SEEN = {"one", "three", "inplace", "script", "namespace"}
_CGROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))


@pytest.fixture
def control_group() -> Iterator[str]:
    """Make a control group as a container runtime would; give its folder, or nothing where that cannot be."""
    root = next((root for root in _CGROUPS if (root / "cgroup.controllers").exists()), None)
    if root is None:
        yield ""
        return
    parent = root / "mig-audit-test"
    group = parent / f"docker-{ancestry_workload.CONTAINER}.scope"
    try:
        group.mkdir(parents=True)
    except OSError:
        yield ""
        return
    yield str(parent)
    group.rmdir()
    parent.rmdir()


def _work(folder: Path, group: str) -> dict[str, dict[str, Any]]:
    """Run the workload, and return the truth of each case."""
    python = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")
    if python is None or shutil.which("unshare") is None:
        pytest.skip("no python3 or unshare of the system")
    place = folder / "work"
    place.mkdir()
    command = [python, "-I", "-S", ancestry_workload.__file__, str(place), group]
    output = subprocess.run(
        command, group=_GROUP, check=True, capture_output=True, timeout=60, cwd="/"
    ).stdout
    return {case["mark"]: case for case in map(json.loads, output.splitlines())}


def _found(envelope: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the details of each case's own event."""
    found = {}
    for event in envelope["elements"]["events"]:
        details = event["details"]
        if details.get("process") == os.path.realpath(ancestry_workload.TRUE) and details.get("argv"):
            found[details["argv"][1]] = details
    return found


def _judge(
    truth: list[str], parent: str | None, ancestors: list[str | None], presumed: Sequence[str], *, why: bool
) -> None:
    """See that what is said is true or said to be presumed, and what is not said is said to be unknown."""
    known = [each or None for each in truth]
    if why:
        assert parent is None
    elif "parent" not in presumed:
        assert parent == known[0]
    if "ancestors" not in presumed:
        assert ancestors[: len(known)] == known[: len(ancestors)]


@pytest.mark.parametrize("calls", [_EXECS, _ALL])
def test_ancestry_is_right_or_unknown(
    run: Callable[..., Any], control_group: str, tmp_path: Path, calls: str
) -> None:
    """Or said to be presumed, where it is wrong because a pid was chosen, live and replayed.

    Nested shells, forks, an orphan, a script, namespaces, a container, and pids that are used again at once.
    """
    begun = run(
        {
            "window": "60s",
            "rules": [f"-a always,exit -F arch=b64 -S {calls} -F gid={_GROUP}"],
            "enrich": {},
            "events": {"limit": 10_000, "max_size": "64MiB"},
        }
    )
    truth = _work(tmp_path, control_group)
    begun.process.terminate()
    envelope = begun.finish()
    found = _found(envelope)

    assert set(_REUSE) < set(truth)
    assert set(found) == set(truth)
    for mark in sorted(truth):
        details, case = found[mark], truth[mark]
        unknown = details.get("unknown", [])
        _judge(
            case["ancestors"],
            details.get("parentexe"),
            [each.get("process") for each in details.get("ancestors", [])],
            details.get("presumed", []),
            why=any(each.startswith("parent: ") for each in unknown),
        )
        assert details.get("script") == case.get("script") or mark == "script"
        place_unknown = any(each.startswith("place: ") for each in unknown)
        assert details.get("container") == case.get("container") or place_unknown
    assert {mark for mark in truth if "parentexe" in found[mark]} >= _SEEN
    assert len([mark for mark in truth if "presumed" not in found[mark]]) > len(truth) / 2 or calls == _EXECS
    _replay(tmp_path / "raw.log", truth)


def _replay(log: Path, truth: dict[str, dict[str, Any]]) -> None:
    """Do the same from the log alone."""
    enricher = Enricher(EnrichmentSettings())
    known = 0
    for event in events_of(log.read_bytes().splitlines()):
        argv, enrichment = event.process.argv, enricher.enrich(event).enrichment
        if enrichment is None or not argv or len(argv) < 2 or argv[0] != ancestry_workload.TRUE:
            continue
        mark = str(argv[1])
        why = any(gap.what == "parent" for gap in enrichment.gaps)
        parent = enrichment.parent.exe if enrichment.parent else None
        # Of the first process, no record tells.
        unseen = mark == "orphan" and parent is None
        ancestors = [each.exe for each in enrichment.ancestors]
        _judge(truth[mark]["ancestors"], parent, ancestors, enrichment.presumed, why=why or unseen)
        known += parent is not None
    assert known >= len(_SEEN)


def test_a_script_is_named_behind_its_interpreter(run: Callable[..., Any], tmp_path: Path) -> None:
    """And what is chosen of its environment, its hash, and a label that its child has from it."""
    begun = run(
        {
            "window": "60s",
            "rules": [f"-a always,exit -F arch=b64 -S {_EXECS} -F gid={_GROUP}"],
            "enrich": {
                "environment": ["MARK"],
                "sha256": {},
                "labels": [{"label": "script", "where": "script ~ 'case.sh$'"}],
            },
            "filters": [{"keep": "label = script"}],
        }
    )
    script = tmp_path / "case.sh"
    script.write_text("#!/bin/sh\n/bin/true child\nsleep 1\n")
    script.chmod(0o755)
    tmp_path.chmod(0o755)
    subprocess.run([str(script)], group=_GROUP, check=True, env={"MARK": "x", "PATH": "/usr/bin:/bin"})
    begun.process.terminate()
    envelope = begun.finish()
    first, second, *_ = [event["details"] for event in envelope["elements"]["events"]]
    program = Path("/bin/sh").resolve()
    digest = subprocess.run(["sha256sum", str(program)], check=True, capture_output=True, text=True).stdout

    assert first["script"] == str(script)
    assert first["environment"] == {"MARK": "x"}
    assert first["sha256"] == digest.split()[0]
    assert second["argv"] == ["/bin/true", "child"]
    assert second["labels"] == ["script"]
    assert sum(envelope["statistics"]["events"]["filtered"].values()) + envelope["statistics"][
        "totalhits"
    ] == (envelope["statistics"]["events"]["total"] - envelope["statistics"]["events"]["own"])
