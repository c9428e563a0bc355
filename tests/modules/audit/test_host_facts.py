"""Facts of the host."""

from __future__ import annotations

import psutil

from mig_audit.modules.audit.host import boot_time


def test_the_boot_time_is_the_kernels() -> None:
    """As psutil reads it, which may be missing."""
    assert boot_time() == psutil.boot_time()
