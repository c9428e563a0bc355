"""Sinks: formatted events go in, and are delivered in order, in batches, at least once, without the caller waiting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mig_audit.errors import UsageError, describe_errno
from mig_audit.modules.audit.sinks.interface import Sink, SinkOutcome
from mig_audit.modules.audit.sinks.queue import Queue
from mig_audit.modules.audit.sinks.retry import Retries
from mig_audit.modules.audit.sinks.settings import HttpSettings
from mig_audit.modules.audit.sinks.worker import QueuedSink, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["HttpSettings", "Sink", "SinkOutcome", "Timing", "open_sink"]


def open_sink(
    settings: HttpSettings,
    *,
    run_id: str,
    directory: Path,
    environment: Mapping[str, str] = os.environ,
    timing: Timing | None = None,
) -> Sink:
    """Open a sink: read its credentials, create its queue in ``directory``, start its thread. Nothing is sent yet.

    ``run_id`` must be unique, for an endpoint may take two requests with the same Idempotency-Key for one.

    Raises:
        UsageError: a file, a variable, the URL or the directory is not usable; nothing was touched.
    """
    # requests takes a fifth of a second to import, which a run without a sink should not pay.
    from mig_audit.modules.audit.sinks.http import HttpTransport  # noqa: PLC0415

    transport = HttpTransport(settings, run_id, environment)
    try:
        queue = Queue(directory)
    except OSError as error:
        raise UsageError(
            f"the queue of the sink cannot be created in {directory}: {describe_errno(error.errno or 0)}",
            "name a folder on a writable file system",
        ) from error
    retries = Retries(settings.max_attempts)
    return QueuedSink(transport, queue, settings.limits, retries, timing or Timing())
