"""The raw log behind a results envelope."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from mig_audit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_BLOCK = 1 << 20


def raw_logs(paths: Iterable[str]) -> list[str]:
    """Return the paths with each results envelope among them replaced by its raw log.

    Raises:
        UsageError: an envelope has no raw log, or it is gone, or is not as the run left it.
    """
    return [_raw_log(path) if _begins_as_json(path) else path for path in paths]


def _begins_as_json(path: str) -> bool:
    """Say whether a file begins with a brace; a pipe or device is not touched, and is a log."""
    if path == "-" or not Path(path).is_file():
        return False
    try:
        with Path(path).open("rb") as file:
            return file.read(256).lstrip()[:1] == b"{"
    except OSError:
        return False  # whoever reads it says why it cannot be read


def _raw_log(path: str) -> str:
    told = _told(path)
    if told is None:
        raise UsageError(f"{path} is JSON, and no results envelope with a raw log", "name the raw log itself")
    log = next((place for place in _places(path, told["path"]) if place.is_file()), None)
    if log is None:
        raise UsageError(
            f"the raw log of {path}, {told['path']}, is not here",
            "put it beside the result, or name it where it is",
        )
    if _sha256(log) != told["sha256"]:
        raise UsageError(
            f"{log} is not as the run of {path} left it", "name the raw log itself to read it all the same"
        )
    return str(log)


def _told(path: str) -> Optional[dict[str, Any]]:
    """Return what an envelope says of its raw log."""
    try:
        told = json.loads(Path(path).read_bytes())["elements"]["raw_log"]
    except (ValueError, KeyError, TypeError, OSError, RecursionError):
        return None
    fits = (
        isinstance(told, dict) and isinstance(told.get("path"), str) and isinstance(told.get("sha256"), str)
    )
    return told if fits else None


def _places(path: str, log: str) -> list[Path]:
    """Return where the log may be: where the run wrote it, or beside the envelope."""
    return [Path(log), Path(path).parent / os.path.basename(log)]  # noqa: PTH119  # a text from a file


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                digest.update(block)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()
