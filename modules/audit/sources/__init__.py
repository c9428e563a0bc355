"""The sources: where record lines come from, one file per kind. What a source is, is in `interface`."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple, Optional, Union

from mig_audit.documents import STDIN, name_of
from mig_audit.errors import UsageError
from mig_audit.modules.audit.sources.compression import decompressor_for
from mig_audit.modules.audit.sources.follow import FollowedFile
from mig_audit.modules.audit.sources.interface import Patience, Source
from mig_audit.modules.audit.sources.log import LogSource
from mig_audit.modules.audit.sources.rotation import Log, in_order, logs_in, rotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Asked", "Patience", "Source", "open_sources"]


class Asked(NamedTuple):
    """What to read.

    Attributes:
        paths: files, folders of logs, and ``-`` for stdin, in any order.
        rotated: read before each file what it was rotated to.
        follow: go on with the youngest when it grows, or is rotated.
        outputs: paths and descriptors that are written to meanwhile; none of them may be a log, or one of the results.
        results: those of the runs that the logs are of.
    """

    paths: Sequence[str]
    rotated: bool = False
    follow: bool = False
    outputs: Sequence[Union[str, int]] = ()
    results: Sequence[str] = ()


def open_sources(asked: Asked, patience: Patience) -> list[Source]:
    """Return what was asked for, the oldest first; each was opened and looked at.

    A file is open only while it is read, and is found then by its inode, should it have been rotated. One that goes by
    two names is read once.

    Raises:
        UsageError: something cannot be read, cannot be followed, or would be written over.
    """
    logs = in_order(_distinct(_looked_for(asked)))
    _refuse_outputs(logs, asked)
    sources: list[Source] = [LogSource(log, name_of(log.path), patience) for log in logs]
    if asked.follow and logs[-1].path != STDIN:
        sources[-1] = FollowedFile(_to_follow(logs[-1]), logs[-1].path, patience)
    return sources


def _looked_for(asked: Asked) -> Iterable[Log]:
    listed: dict[str, Mapping[str, Sequence[str]]] = {}  # a folder once, however many of its logs are named
    for path in asked.paths:
        if path != STDIN and os.path.isdir(path):  # noqa: PTH112  # as it was named
            yield from map(Log.found, logs_in(path))
            continue
        if asked.rotated and path != STDIN:
            folder, name = os.path.split(path)
            if folder not in listed:
                listed[folder] = rotations(folder)
            yield from map(Log.found, listed[folder].get(name, ()))
        yield Log.named(path)


def _distinct(logs: Iterable[Log]) -> list[Log]:
    found: dict[tuple[int, int], Log] = {}
    for log in logs:
        if found.setdefault(log.identity, log) is not log and log.descriptor is not None:
            os.close(log.descriptor)
    return list(found.values())


def _refuse_outputs(logs: Iterable[Log], asked: Asked) -> None:
    """Keep raw logs and results, which are evidence, from being replaced or lengthened by what is made of them."""
    written = {_regular(output) for output in asked.outputs} - {None}
    evidence: list[tuple[Optional[tuple[int, int]], str]] = [
        (log.identity, name_of(log.path)) for log in logs
    ]
    evidence += [(_regular(result), result) for result in asked.results]
    for file, name in evidence:
        if file in written:
            raise UsageError(f"{name} is also where the output goes", "write to another file")


def _regular(file: Union[str, int]) -> Optional[tuple[int, int]]:
    """Return which file it is; None of what is none, or none yet."""
    try:
        status = os.stat(file)  # noqa: PTH116  # a path or a descriptor
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _to_follow(log: Log) -> int:
    """Return the descriptor of a plain file that can grow."""
    try:
        if log.descriptor is None:
            descriptor = log.opened()
            if not decompressor_for(os.pread(descriptor, 16, 0), log.path):
                return descriptor
            os.close(descriptor)
        reason = "it is no plain file"
    except OSError as error:
        reason = str(error.strerror)
    raise UsageError(
        f"{log.path} cannot be followed: {reason}", "name a plain file that grows, or - for stdin"
    )
