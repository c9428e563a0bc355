"""A host that loses its power while it is recorded; its /run is on a disk, as on hosts where it is not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from guests import boot_guest, record_in_guest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.guest

_DISK = """mkdir /run/mig-audit
mount -t hostfs -o {disk} none /run/mig-audit
"""
# As soon as the rules are in the kernel.
_POWER_CUT = """(while ! grep -q outcome /run/mig-audit/*.journal; do sleep 0.2; done; halt -f) >/dev/null 2>&1 &
"""


def test_after_a_power_cut_the_next_run_says_that_nothing_was_left(tmp_path: Path) -> None:
    """The journal is of another boot: doctor, restore and a run tell so; what the kernel has now is not touched."""
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    mounted = _DISK.format(disk=disk)
    theirs = "auditctl -w /run/theirs -p wa -k theirs >/dev/null\n"

    first = boot_guest(
        tmp_path, {"window": "60s", "rules": [{"profile": "exec"}]}, setup=mounted + _POWER_CUT
    )
    assert "@CODE" not in first, first
    (journal,) = disk.glob("*.journal")
    asked = (
        "ask_doctor\n"
        "cp -a /run/mig-audit/*.journal /run/kept; mig_audit restore --json >/run/restore; tell RESTORE /run/restore\n"
        f"cp -a /run/kept /run/mig-audit/{journal.name}\n"
    )
    second = record_in_guest(
        tmp_path, {"window": "1s", "rules": [{"profile": "exec"}]}, setup=mounted + theirs + asked
    )

    assert second.code == second.doctor["exit_code"] == 0
    assert [run["state"] for run in second.doctor["runs"]] == ["earlier boot"]
    kernel = second.result["elements"]["kernel"]
    restored = json.loads(second.told("RESTORE"))
    assert restored["restored"]
    for (dead,) in (restored["runs"], kernel["recovered"]):
        assert (dead["run_id"], dead["earlier_boot"], dead["complete"]) == (journal.stem, True, True)
    assert (kernel["before"]["rules"], kernel["after"]["rules"], kernel["restored"]) == (1, 1, True)
    assert list(disk.glob("*.journal")) == []
