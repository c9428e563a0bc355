"""How far this process, but not the recorder, gives way to the rest of the host."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mig_audit.modules.audit.parameters import Priority

_TASKS = Path("/proc/self/task")


def give_way(priority: Priority) -> None:
    """Lower the priority of every thread that there is; those to come inherit it.

    To be called when the recorder has been started, which would inherit it too.
    """
    if priority.nice is not None:
        for thread in _TASKS.iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), priority.nice)
    if priority.io is not None:
        import psutil  # noqa: PLC0415  # a tenth of a second to import, and few runs ask for it

        classes = {"idle": (psutil.IOPRIO_CLASS_IDLE, None), "low": (psutil.IOPRIO_CLASS_BE, 7)}
        psutil.Process().ionice(*classes[priority.io])
