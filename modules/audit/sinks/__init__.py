"""Sinks: formatted events go in, and are delivered in order, in batches, at least once, without the caller waiting."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Optional, Union

from mig_audit.errors import UsageError, describe_errno
from mig_audit.modules.audit.sinks.interface import Sink, SinkOutcome
from mig_audit.modules.audit.sinks.queue import Queue
from mig_audit.modules.audit.sinks.settings import HttpSettings
from mig_audit.modules.audit.sinks.spool import Spool, SpoolSettings
from mig_audit.modules.audit.sinks.unix_settings import UnixSettings
from mig_audit.modules.audit.sinks.worker import QueuedSink, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from mig_audit.modules.audit.sinks.interface import Transport

__all__ = [
    "HttpSettings",
    "Sink",
    "SinkOutcome",
    "SinkSettings",
    "SpoolSettings",
    "Timing",
    "UnixSettings",
    "open_sink",
    "opened_sinks",
    "spool_path",
]

SinkSettings = Union[HttpSettings, UnixSettings]
"""What says which sink is to be opened."""


@contextmanager
def opened_sinks(
    settings: Iterable[SinkSettings], *, run_id: str, beside: Path, floor: int = 0
) -> Iterator[tuple[Sink, ...]]:
    """Open sinks for the time of a ``with`` block; what leaves it early leaves none of them open.

    Their queues are in the folder of the file ``beside``, and so are their spools, ``beside`` with ``.1.spool`` and so
    on after its name; the spools leave ``floor`` bytes of the file system free.
    """
    sinks: list[Sink] = []
    try:
        for number, each in enumerate(settings, 1):
            spool = (
                SpoolSettings(spool_path(beside, number), each.spool_size, floor) if each.spool_size else None
            )
            sinks.append(open_sink(each, run_id=run_id, directory=beside.parent, spool=spool))
        yield tuple(sinks)
    finally:
        for sink in sinks:
            sink.finish(time.monotonic())


def spool_path(beside: Path, number: int) -> Path:
    """Return where a sink's spool is, by its number from 1 on."""
    return beside.with_name(f"{beside.name}.{number}.spool")


def open_sink(
    settings: SinkSettings,
    *,
    run_id: str,
    directory: Path,
    spool: Optional[SpoolSettings] = None,
    environment: Mapping[str, str] = os.environ,
    timing: Timing | None = None,
) -> Sink:
    """Open a sink: read its credentials, create its queue in ``directory``, start its thread. Nothing is sent yet.

    What it cannot deliver goes into ``spool``, if there is to be one. ``run_id`` must be unique, for an endpoint may
    take two requests with the same Idempotency-Key for one.

    Raises:
        UsageError: a file, a variable, the URL, the socket or the directory is not usable; nothing was touched.
    """
    try:
        queue = Queue(directory)
    except OSError as error:
        raise UsageError(
            f"the queue of the sink cannot be created in {directory}: {describe_errno(error.errno or 0)}",
            "name a folder on a writable file system",
        ) from error
    try:
        transport = _transport(settings, run_id, environment)
    except BaseException:
        queue.close()
        raise
    keeping = Spool(spool) if spool else None
    return QueuedSink(transport, queue, settings.limits, settings.retries, timing or Timing(), keeping)


def _transport(settings: SinkSettings, run_id: str, environment: Mapping[str, str]) -> Transport:
    """Return the transport for its settings; each is imported only where it is used."""
    if isinstance(settings, HttpSettings):
        # requests takes a fifth of a second to import, which a run without such a sink should not pay.
        from mig_audit.modules.audit.sinks.http import HttpTransport  # noqa: PLC0415

        return HttpTransport(settings, run_id, environment)
    if settings.mode == "listen":
        from mig_audit.modules.audit.sinks.listener import ListeningTransport  # noqa: PLC0415  # as said above

        return ListeningTransport(settings)
    from mig_audit.modules.audit.sinks.unix import UnixTransport  # noqa: PLC0415  # as said above

    return UnixTransport(settings)
