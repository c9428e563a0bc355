"""The published field lists and schemas in tests/data/standards, which tools/generate_standards.py makes."""

from __future__ import annotations

import json
import lzma
from functools import lru_cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "data" / "standards"


@lru_cache(maxsize=4)
def standard(name: str) -> dict[str, Any]:
    """Return one of them, for instance ``ecs-8.11.0``."""
    document: dict[str, Any] = json.loads(lzma.decompress((_FOLDER / f"{name}.json.xz").read_bytes()))
    return document
