"""What a process may do beyond its user, and what is left of it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import denied
import pytest

import mig_audit
from mig_audit.capabilities import NONE, Capability, Held, to_change

ROOT = str(Path(mig_audit.__file__).resolve().parent.parent)
KEPT = {Capability.SYS_PTRACE, Capability.AUDIT_READ}  # one bit of either word of a set

_PROGRAM = """
import json, os, subprocess, sys, threading
sys.path.append(sys.argv[1])
from mig_audit.capabilities import Capability, Held, keep_only

def sets(task):
    lines = open(f"/proc/self/task/{task}/status").read().splitlines()
    return {line[3:6]: int(line[8:], 16) for line in lines if line.startswith("Cap")}

go, there = threading.Event(), threading.Event()
earlier = []
def early():
    earlier.append(threading.get_native_id())
    there.set()
    go.wait()
threading.Thread(target=early).start()
there.wait()
before = sets(os.getpid())
why = keep_only([Capability(int(bit)) for bit in sys.argv[2:]])
later = []
thread = threading.Thread(target=lambda: later.append(sets(threading.get_native_id())))
thread.start()
thread.join()
print(json.dumps({
    "before": before, "why": why, "now": sets(os.getpid()), "earlier": sets(earlier[0]), "later": later[0],
    "held": Held.by(os.getpid()),
    "child": subprocess.run(["cat", "/proc/self/status"], stdout=subprocess.PIPE).stdout.decode(),
}))
go.set()
"""


def _kept(*prefix: str) -> dict[str, Any]:
    """Give up all but `KEPT` in a process of its own."""
    command = [*prefix, sys.executable, "-I", "-S", "-c", _PROGRAM, ROOT, *(str(int(bit)) for bit in KEPT)]
    result = subprocess.run(command, capture_output=True, check=True)
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def _mask(*wanted: Capability) -> int:
    return sum(1 << each for each in wanted)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: who has no capabilities cannot give any up")
def test_what_is_not_wanted_is_given_up_with_every_way_back() -> None:
    """In all five sets, for threads that are started from then on, and for programs, also as root."""
    told = _kept()
    mask = _mask(*KEPT) & told["before"]["Prm"]

    assert mask
    assert told["why"] == ""
    gone = {"Inh": 0, "Prm": mask, "Eff": mask, "Bnd": 0, "Amb": 0}
    assert told["now"] == gone
    assert told["later"] == gone
    assert told["held"] == [mask, True]
    assert "CapPrm:\t0000000000000000\n" in told["child"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: who has no capabilities cannot give any up")
def test_a_thread_that_is_there_already_keeps_its_own() -> None:
    """Which is why they are given up before there are threads."""
    told = _kept()

    assert told["earlier"]["Prm"] == told["before"]["Prm"]


def test_nothing_is_gained() -> None:
    """Who has none has none afterwards."""
    prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    told = _kept(*prefix)

    assert told["why"] == ""
    assert (told["before"]["Prm"], told["now"]["Prm"]) == (0, 0)


@pytest.mark.skipif(
    platform.machine() not in denied.CAPSET, reason="the number of capset(2) here is not known"
)
def test_where_it_is_denied_the_reason_is_told() -> None:
    """As by the seccomp filter of a container; nothing is raised."""
    told = _kept(sys.executable, denied.PROGRAM)

    assert told["why"] == "capset: EPERM (Operation not permitted)"
    assert told["now"]["Prm"] == told["before"]["Prm"]


def test_a_process_that_is_gone_holds_nothing_that_is_known(tmp_path: Path) -> None:
    """One that is there is told by its permitted set."""
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "status").write_text(
        "Name:\t(CapPrm:)\nCapPrm:\t0000002000080000\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\n"
    )

    assert Held.by(7, str(tmp_path)) == (_mask(*KEPT), False)
    assert Held.by(8, str(tmp_path)) is None


def test_a_folder_of_its_own_needs_nothing(tmp_path: Path) -> None:
    """Nor one that is still to be made in such a one."""
    assert to_change(str(tmp_path)) == NONE
    assert to_change(str(tmp_path / "to" / "be" / "made")) == NONE


def test_one_that_is_read_only_needs_more_than_its_owner(tmp_path: Path) -> None:
    """Even root's."""
    tmp_path.chmod(0o500)
    assert to_change(str(tmp_path)) == {Capability.DAC_OVERRIDE}
    tmp_path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: nobody else can give a folder away")
@pytest.mark.parametrize(
    ("mode", "needed"),
    [(0o755, {Capability.DAC_OVERRIDE}), (0o1777, {Capability.DAC_OVERRIDE, Capability.FOWNER})],
)
def test_one_of_another_user_needs_more(tmp_path: Path, mode: int, needed: set[Capability]) -> None:
    """In a sticky one, also to replace what is theirs."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 61357, 61357)
    folder.chmod(mode)

    assert to_change(str(folder)) == needed
