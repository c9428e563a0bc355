"""Whose an event is; the pipeline's tests have the rest."""

from __future__ import annotations

import json

import pytest
from memory_kernel import STATUS

from mig_audit.modules.audit.events import Origin, TableNames
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.kernel.journal import Process, Undertaking
from mig_audit.modules.audit.kernel.state import Snapshot
from mig_audit.modules.audit.kernel.status import Setting
from mig_audit.modules.audit.other_runs import OtherRuns
from mig_audit.modules.audit.pipeline import Pipeline

OURS, OTHERS = 4711, 77
BEGAN, ENDED = 1_700_000_010.0, 1_700_000_020.0
RUN = "0123456789abcdef"
_OTHER = Undertaking(
    RUN,
    "b00t",
    1.5,
    Process(70, 1),
    Process(OTHERS, 1),
    Process(78, 1),
    Snapshot(STATUS, ()),
    (),
    {Setting.ENABLED: 1},
)
_SWITCHED_OFF = "op=set audit_enabled=0 old=1 auid=4294967295 ses=4294967295 res=1"


def _pipeline(*, configured: bool = True) -> Pipeline:
    names = TableNames({}, {})
    pipeline = Pipeline(
        make_format("mozdef", Origin("host", names)),
        (),
        limit=10,
        max_size=1 << 20,
        own_pids=[OURS],
        names=names,
        other_runs=OtherRuns(lambda: [_OTHER], wall=lambda: ENDED),
    )
    pipeline.ownership.window_began(BEGAN, configured=configured)
    return pipeline


def _call(time: float, serial: int, pid: int, key: str = "(null)") -> bytes:
    stamp = f"audit({time:.3f}:{serial})"
    return (
        f"type=SYSCALL msg={stamp}: arch=c000003e syscall=49 success=yes exit=0 a0=3 a1=1 a2=c a3=0 items=0 ppid=1 "
        f"pid={pid} auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1 "
        f'comm="python3" exe="/usr/bin/python3" key={key}\ntype=EOE msg={stamp}: \n'
    ).encode()


def _record(time: float, serial: int, kind: str, body: str) -> bytes:
    return f"type={kind} msg=audit({time:.3f}:{serial}): {body}\n".encode()


def _end(pipeline: Pipeline) -> tuple[int, int, int]:
    pipeline.ownership.window_ended(ENDED)
    pipeline.flush()
    assert pipeline.account().balanced
    return pipeline.own, pipeline.others, pipeline.findings


def test_without_canaries_the_window_begins_all_the_same() -> None:
    """What we do before is ours; what a rule of the host's own catches of us in the window is found, as with canaries."""
    pipeline = _pipeline()
    pipeline.feed(_call(BEGAN - 0.02, 1, OURS))
    pipeline.feed(_call(BEGAN - 0.01, 2, 100))
    pipeline.feed(_call(BEGAN + 1, 3, OURS))
    pipeline.feed(_call(BEGAN + 2, 4, 100, '"exec"'))

    assert _end(pipeline) == (1, 0, 3)


@pytest.mark.parametrize(
    ("time", "ours"),
    [
        (BEGAN - 0.01, True),
        (BEGAN + 1, False),
        (ENDED - 0.1, False),
        (ENDED - 0.005, True),
        (ENDED + 0.1, True),
    ],
)
def test_without_canaries_a_change_by_nobody_is_ours_outside_the_window(
    time: float, ours: bool
) -> None:  # data
    """Inside, somebody else made it, even as the last event of all."""
    pipeline = _pipeline()
    pipeline.feed(_record(time, 1, "CONFIG_CHANGE", "op=set audit_failure=0 old=1 auid=0 ses=1 res=1"))

    assert _end(pipeline) == ((1, 0, 0) if ours else (0, 0, 1))
    assert pipeline.changed == (0 if ours else 1)


def test_a_run_that_only_reads_makes_no_change() -> None:
    """Whoever made it, wherever it is."""
    pipeline = _pipeline(configured=False)
    pipeline.feed(_record(ENDED + 1, 1, "CONFIG_CHANGE", "op=set audit_failure=0 old=1 auid=0 ses=1 res=1"))

    assert _end(pipeline) == (0, 0, 1)


def test_the_canaries_and_changes_of_another_run_are_counted_as_theirs() -> None:
    """With a process in the record or without; a change is still told as one, with the run that made it."""
    pipeline = _pipeline(configured=False)
    canary = f"pid={OTHERS} uid=0 auid=0 ses=1 msg='op=mig-audit-canary run={RUN} nr=4'"
    pipeline.feed(_record(BEGAN + 1, 1, "TRUSTED_APP", canary))
    change = _record(BEGAN + 2, 2, "CONFIG_CHANGE", "op=set audit_failure=0 old=1 auid=0 ses=1 res=1")
    pipeline.feed(change + _call(BEGAN + 2, 2, OTHERS))
    pipeline.feed(_record(BEGAN + 3, 3, "CONFIG_CHANGE", _SWITCHED_OFF))

    assert _end(pipeline) == (0, 3, 0)
    assert [(change.what, change.run) for change in pipeline.changes] == [("failure", RUN), ("enabled", RUN)]


def test_what_only_looks_like_another_runs_canary_is_found() -> None:
    """Whoever may write messages could send it."""
    pipeline = _pipeline(configured=False)
    forged = f"pid=99 uid=0 auid=0 ses=1 msg='op=mig-audit-canary run={RUN} nr=4'"
    pipeline.feed(_record(BEGAN + 1, 1, "TRUSTED_APP", forged))

    assert _end(pipeline) == (0, 0, 1)
    assert json.loads(pipeline.kept[0])["details"]["recordtypes"] == ["TRUSTED_APP"]
