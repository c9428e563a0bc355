"""What the recorder and its guard are allowed, and from when on; all else that root may do they give up.

A failure is not reported here: the main process looks at what the two hold, and the result says so.
"""

from __future__ import annotations

from mig_audit.capabilities import Capability, keep_only, to_change
from mig_audit.modules.audit.kernel.runs import DIRECTORY

# The kernel looks for the paths of a rule with the rights of whoever adds it, and for those of an `exe` rule also when it is
# deleted.
_RULES = frozenset({Capability.AUDIT_CONTROL, Capability.DAC_READ_SEARCH})
_MESSAGES = frozenset({Capability.AUDIT_WRITE})
_SOCKETS = frozenset({Capability.AUDIT_READ, Capability.NET_ADMIN})
_PROCESSES = frozenset({Capability.SYS_PTRACE})


def before_sockets() -> None:
    """Leave what it takes to look at the host and to open the sockets; the guard, too, begins with that."""
    keep_only(_RULES | _MESSAGES | _SOCKETS | _PROCESSES | to_change(DIRECTORY))


def in_window() -> None:
    """Leave the recorder what it takes to add and remove rules, to make settings, and to send canaries."""
    keep_only(_RULES | _MESSAGES | to_change(DIRECTORY))


def of_guard() -> None:
    """Leave the guard what it takes to undo a run; its socket is open."""
    keep_only(_RULES | to_change(DIRECTORY))
