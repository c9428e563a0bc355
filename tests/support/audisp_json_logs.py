"""What audisp-json 2.2.10 printed of the captured logs, and the same logs through the pipeline."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Optional

from mig_audit.modules.audit.events import Account, Origin, names_from_files
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.pipeline import Pipeline

_DATA = Path(__file__).parents[1] / "data"
RECORDS = _DATA / "records"
PRINTED = _DATA / "audisp-json"
PROC = PRINTED / "proc"
HOST = "audit-host.example.com"
PASSWD = RECORDS / "passwd"
NAMES = names_from_files(PASSWD.read_bytes(), b"")
LINE_LIMIT = 4095  # bytes, of what audisp-json can print of an event


def log(name: str) -> bytes:
    """Return a captured log."""
    return lzma.decompress((RECORDS / f"{name}.log.xz").read_bytes())


def malformed(name: str) -> bytes:
    """Return a log that crashes, hangs or corrupts audisp-json."""
    return (RECORDS / "malformed" / f"{name}.log").read_bytes()


def malformed_names() -> list[str]:
    """Return the names of these logs."""
    return sorted(path.stem for path in (RECORDS / "malformed").glob("*.log"))


def printed(name: str) -> bytes:
    """Return what audisp-json prints of a captured log, its uninitialised summaries being empty."""
    return lzma.decompress((PRINTED / f"{name}.jsonl.xz").read_bytes())


def printed_names() -> list[str]:
    """Return the names of the logs of which this is known."""
    return sorted(
        path.name.partition(".")[0] for path in PRINTED.glob("*.jsonl.xz") if "proc" not in path.name
    )


class _Lines:
    """Keeps events."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def put(self, event: bytes) -> None:
        """Keep one event."""
        self.lines.append(event)


def write(data: bytes, proc: Optional[Path] = None, lines_at_once: int = 1000) -> tuple[list[bytes], Account]:
    """Return the lines of a log's events, and what became of its records."""
    taker = _Lines()
    form = make_format("audisp-json", Origin(HOST, NAMES, proc))
    pipeline = Pipeline(form, [taker], limit=0, max_size=0, names=NAMES)
    lines = data.split(b"\n")[:-1]
    for start in range(0, len(lines), lines_at_once):
        pipeline.feed(joined(lines[start : start + lines_at_once]))
    pipeline.flush()
    return taker.lines, pipeline.account()


def joined(lines: list[bytes]) -> bytes:
    """Return lines as a file holds them."""
    return b"".join(line + b"\n" for line in lines)
