"""The recorder's process, before it has anything to do."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from mig_audit.errors import InternalError, MigAuditError, NotPermittedError, UsageError
from mig_audit.modules.audit.recorder import reports
from mig_audit.modules.audit.recorder.channel import Channel
from mig_audit.modules.audit.recorder.process import report_failure


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


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (NotPermittedError("no", "do"), NotPermittedError, "no: do"),
        (OSError(28, "full"), InternalError, "the recorder failed: OSError: [Errno 28] full"),
        (OSError(24, "many"), UsageError, "the recorder failed: too few files may be open: EMFILE"),
    ],
)
def test_whatever_ends_it_is_its_failure(error: Exception, kind: type[MigAuditError], words: str) -> None:
    """The main process hears of it; nobody reads a traceback."""
    ours, theirs = socket.socketpair()
    channel, heard = Channel(ours), Channel(theirs)

    report_failure(channel, error)
    channel.flush()
    (message,) = heard.receive()

    assert message["kind"] == reports.FAILED
    told = reports.error_from_json(message)
    assert type(told) is kind
    assert str(told).startswith(words)
    channel.close()
    heard.close()
