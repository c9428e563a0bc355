"""What tests look at while a run changes the kernel's audit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Callable

from mig_audit.modules.audit.kernel.runs import Runs
from mig_audit.modules.audit.kernel.status import Setting

if TYPE_CHECKING:
    from mig_audit.modules.audit.kernel.control import Control
    from mig_audit.modules.audit.kernel.journal import Undertaking


def settings_of(kernel: Control) -> dict[str, int | None]:
    """Return the status without its counters."""
    status = kernel.status()
    return {setting.name: status.setting(setting) for setting in Setting}


def the_undertaking() -> Undertaking:
    """Return the one run that has a journal."""
    with Runs() as runs:
        (undertaking,) = runs.undertakings()
    return undertaking


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for something, and fail if it has not come by then."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.005)
