"""A pid is the same process as long as the kernel cannot have given it out again."""

from __future__ import annotations

import pytest

from mig_audit.modules.audit.events.enrichment.trust import Trust


@pytest.mark.parametrize(
    ("said", "pid_max", "time", "after"),
    [
        (None, None, 327, 41_943),
        (None, 32_768, 327, 327),
        (None, 4_194_304, 41_943, 41_943),
        (600_000, None, 600_000, 600_000),
        (1, 4_194_304, 1, 1),
    ],
)
def test_the_time_follows_from_how_many_pids_there_are(
    said: int | None, pid_max: int | None, time: int, after: int
) -> None:
    """Which a pid tells where nobody else does; once."""
    trust = Trust(said, pid_max)

    assert not trust.widened(32_768)
    assert trust.time == time
    assert trust.widened(32_769) == (after != time)
    assert trust.time == after
    assert not trust.widened(40_000)
