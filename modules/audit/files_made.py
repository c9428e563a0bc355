"""The files and folders that a run makes under a name, so that its traces on a host can be told from others'.

A sink's queue has no name: it is gone with the process, and nobody else can open it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple, Optional

from mig_audit.modules.audit.kernel.runs import DIRECTORY, paths_of
from mig_audit.modules.audit.sinks import UnixSettings, spool_path
from mig_audit.output_file import refuse_same

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mig_audit.modules.audit.sinks import SinkSettings

FOLDER, LOG, RESULT, SPOOL = "folder", "raw log", "result", "spool"
SOCKET, LOCK, JOURNAL = "socket", "lock", "journal"

_PASSING = frozenset({SOCKET, JOURNAL})  # that are gone when the run is over
_PRIVATE = "0600"


class Place(NamedTuple):
    """Where a run may make a file, and what for."""

    path: str
    what: str


def refuse_result(output: str, made: Iterable[Place], read: Iterable[Path]) -> None:
    """Keep the result from replacing what the run makes besides, or reads.

    Raises:
        OutputError: that is where it would go.
    """
    if output:
        others = [place.path for place in made if place.what not in {RESULT, FOLDER}]
        refuse_same(output, [*others, *map(os.fspath, read)])


class FilesMade:
    """Those of some places where there was nothing before; an earlier result is replaced by a new file."""

    def __init__(self, places: Iterable[Place]) -> None:
        """Look what is there before the run."""
        self._new = tuple(
            place for place in places if place.what == RESULT or not os.path.lexists(place.path)
        )

    def to_json(self, *, configured: bool) -> list[dict[str, object]]:
        """Return what was made, with the size in bytes now; a run that changed nothing (``configured``) has no journal."""
        made = (_made(place) for place in self._new if configured or place.what != JOURNAL)
        return [each for each in made if each is not None]


def _made(place: Place) -> Optional[dict[str, object]]:
    told: dict[str, object] = {"path": place.path, "what": place.what}
    if place.what == RESULT:
        # It appears only when it is complete, and cannot hold its own size.
        return {**told, "mode": _PRIVATE, "size": None, "left": True}
    try:
        status = os.lstat(place.path)
    except OSError:
        return {**told, "mode": _PRIVATE, "size": None, "left": False} if place.what in _PASSING else None
    size = status.st_size if stat.S_ISREG(status.st_mode) else None
    return {**told, "mode": f"{stat.S_IMODE(status.st_mode):04o}", "size": size, "left": True}


def places(log: Path, run_id: str, output: str, sinks: Iterable[SinkSettings]) -> Iterator[Place]:
    """Yield every place where a run may make a file or folder.

    Args:
        log: the raw log.
        run_id: of the run.
        output: the file that the result will be put into, empty if it is none.
        sinks: the settings of its sinks.
    """
    lock, journal = paths_of(run_id)
    yield from (Place(os.fspath(folder), FOLDER) for folder in reversed(log.parents))
    yield Place(os.fspath(log), LOG)
    if output:
        yield Place(os.path.abspath(output), RESULT)  # noqa: PTH100  # resolving links would name another file
    for number, sink in enumerate(sinks, 1):
        yield Place(os.fspath(spool_path(log, number)), SPOOL)
        if isinstance(sink, UnixSettings) and sink.mode == "listen":
            yield Place(os.fspath(sink.path), SOCKET)
    yield from (Place(DIRECTORY, FOLDER), Place(lock, LOCK), Place(journal, JOURNAL))
