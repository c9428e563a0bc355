"""The captured logs in ``tests/data/records``."""

from __future__ import annotations

import lzma
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "records"


def read_log(name: str) -> list[bytes]:
    """Return the lines of a captured log."""
    path = DATA / name
    content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return [line for line in content.split(b"\n") if line]
