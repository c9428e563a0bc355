"""The raw log behind a results envelope."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from mig_audit.documents import read_whole
from mig_audit.errors import UsageError
from mig_audit.modules.audit.commands.told_runs import run_told

if TYPE_CHECKING:
    from mig_audit.modules.audit.commands.told_runs import RunTold

_BLOCK = 1 << 20
_LONGEST = 512 << 20  # bytes: the parameters allow for 256 MiB of events, and JSON may need some more


class Behind(NamedTuple):
    """The raw log, and what the envelope tells of the run; None if that is not all there."""

    log: str
    run: Optional[RunTold]


def read_result(path: str) -> Behind:
    """Return what is behind a results envelope.

    Raises:
        UsageError: it has no raw log, or it is gone, or is not as the run left it.
    """
    elements = _elements(path)
    return Behind(_raw_log(path, elements), run_told(elements))


def _elements(path: str) -> dict[str, Any]:
    """Return what is in an envelope; nothing if it is none."""
    try:
        elements = json.loads(read_whole(path, _LONGEST))["elements"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return elements if isinstance(elements, dict) else {}


def _raw_log(path: str, elements: dict[str, Any]) -> str:
    told = _told(elements)
    if told is None:
        raise UsageError(f"{path} is JSON, but not a result that names a raw log", "name the raw log itself")
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


def _told(elements: dict[str, Any]) -> Optional[dict[str, Any]]:
    """Return what an envelope says of its raw log."""
    told = elements.get("raw_log")
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
