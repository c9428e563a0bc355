"""The recorder's process, before it has anything to do."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_is_imported_that_is_not_needed() -> None:
    """It and its guard stay in memory for the whole window, and a window does not begin before they are there."""
    code = "import sys, mig_audit.modules.audit.recorder.process; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(run.stdout.split())
    unwanted = (
        "argparse pathlib datetime ipaddress tempfile subprocess logging http email hashlib"
        " requests jsonschema psutil"
    )

    assert imported.isdisjoint(unwanted.split())
    rooms = ("records.interpretation", "events", "formats", "sinks", "rules", "sources")
    ours = tuple(f"mig_audit.modules.audit.{room}" for room in rooms)
    assert [name for name in imported if name.startswith((*ours, "mig_audit.cli"))] == []
