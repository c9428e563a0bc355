"""How a recorder ended before its window did: what is known of it, and whose fault it is."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Optional

from mig_audit.errors import InternalError, MigAuditError, RecorderLostError
from mig_audit.modules.audit.host import iso_time

DIED, STUCK = "died", "stuck"
_REMEDY = "what it wrote until then is processed and in the raw log; what came after that was not recorded"
# What a process does to itself: the interpreter's fault, or ours.
_CRASHES = frozenset(
    {signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGSEGV, signal.SIGSYS}
)


@dataclass(frozen=True)
class Death:
    """``reason`` is ``died`` or ``stuck``, ``why`` the sentence; ``last`` is when it last spoke, in seconds since the epoch."""

    reason: str
    why: str
    last: float
    error: MigAuditError


def death_of(code: Optional[int], given_up: str, last: float) -> Death:
    """Return the death of a recorder.

    Args:
        code: as `subprocess.Popen.returncode`; None if it could not even be killed.
        given_up: why the main process ended it; empty if it did not.
        last: when it last spoke, in seconds since the epoch.
    """
    if given_up:
        still = "" if code is not None else "; it hangs in the kernel, and could not be killed"
        why = f"the recorder stood still after {iso_time(last)} and was ended: {given_up}{still}"
        return Death(STUCK, why, last, RecorderLostError(why, _REMEDY))
    if code is not None and code < 0 and -code not in _CRASHES:
        why = f"the recorder was killed by {_name(-code)} after {iso_time(last)}"
        remedy = f"see the kernel's log whether memory ran out, or who kills processes here; {_REMEDY}"
        return Death(DIED, why, last, RecorderLostError(why, remedy))
    why = f"the recorder ended before its window did, with exit status {code}"
    return Death(DIED, why, last, InternalError(why, f"please report this; {_REMEDY}"))


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
