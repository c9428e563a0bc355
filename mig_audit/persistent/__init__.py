"""A module as a process that stays (MIG's persistent modules): it does nothing of its own accord, and answers queries."""

from __future__ import annotations

from mig_audit.persistent.start import run_persistent

__all__ = ["run_persistent"]
