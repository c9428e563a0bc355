"""The kernel's one audit configuration, for one test at a time, and handed back as it was."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mig_audit.errors import MigAuditError
from mig_audit.modules.audit.kernel.control import Control
from mig_audit.modules.audit.kernel.state import Snapshot, without_prepend
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = Path("/run/lock/mig-audit-kernel-tests.lock")


def _why_not() -> str:
    """Return why this machine cannot run the tests that use the kernel, or nothing."""
    if os.geteuid() != 0:
        return "needs root: the kernel's audit can be used by root alone"
    try:
        with Control.open() as control:
            status = control.status()
    except MigAuditError as error:
        return str(error)
    if status.enabled == 2 or status.failure == 2 or status.pid:
        return f"the kernel's audit is in use or locked here: {status}"
    return ""


@pytest.fixture
def kernel() -> Iterator[Control]:
    """Own the kernel's audit for one test; undo what the test left, and fail it for that."""
    why = _why_not()
    if why:
        pytest.skip(why)
    with _LOCK.open("w") as lock, Control.open() as control:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = Snapshot.take(control)
        yield control
        after = Snapshot.take(control)
        _put_back(control, before, after)
        assert after.rules == before.rules
        assert [after.status.setting(setting) for setting in Setting] == [
            before.status.setting(setting) for setting in Setting
        ]


def _put_back(control: Control, before: Snapshot, after: Snapshot) -> None:
    for setting in Setting:
        value = before.status.setting(setting)
        if setting is not Setting.PID and value is not None and after.status.setting(setting) != value:
            control.set(setting, value, before.status.words)
    for rule in after.rules:
        if rule not in before.rules:
            control.delete_rule(without_prepend(rule))
