"""How property tests run: a slow host fails none of them, and with CI set they take the same examples each time."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "mig-audit",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # What chance finds is for developers and `make fuzz`; whether a change lands should not hang on it.
    derandomize="CI" in os.environ,
)
settings.load_profile("mig-audit")
