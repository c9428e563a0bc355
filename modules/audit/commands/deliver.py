"""``mig-audit deliver``: send what a sink did not get, from its spool."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.console import say_error
from mig_audit.document_commands import read_document
from mig_audit.errors import UsageError, exit_code
from mig_audit.interface import Implementation
from mig_audit.modules.audit.event_format import choose_format
from mig_audit.modules.audit.events import Origin
from mig_audit.modules.audit.formats import header_of
from mig_audit.modules.audit.parameters import parse_parameters
from mig_audit.modules.audit.sinks import SpoolSettings, open_sink, spool_path
from mig_audit.modules.audit.spooled import spooled

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mig_audit.modules.audit.parameters import Parameters
    from mig_audit.modules.audit.sinks import SinkOutcome

    Write = Callable[[str], None]


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "parameters", metavar="PARAMS.json", help="the document of the run, or another with the sink"
    )
    parser.add_argument("spool", metavar="SPOOL", type=Path, help="what that run could not deliver")
    parser.add_argument(
        "--sink",
        type=int,
        metavar="N",
        help="which of the document's sinks, from 1; else the number in the spool's name",
    )


def _run(options: Namespace, write: Write) -> int:
    parameters = parse_parameters(read_document(options.parameters))
    outcome = _deliver(parameters, _number(options.sink, options.spool), options.spool)
    write(json.dumps(outcome.to_json()) + "\n")
    for error in outcome.errors:
        say_error(error)
    return exit_code(outcome.errors)


DELIVER = Implementation(_configure, _run)


def _number(asked: Optional[int], spool: Path) -> int:
    """Return which sink it is for."""
    named = spool.stem.rpartition(".")[2]
    if asked is None and not named.isdecimal():
        raise UsageError(f"the name of {spool} does not say which sink it is for", "name it with --sink")
    return int(named) if asked is None else asked


def _deliver(parameters: Parameters, number: int, spool: Path) -> SinkOutcome:
    """Send all events of a spool within the drain time; what does not get through is in a new one, whose name continues this one's."""
    if not 1 <= number <= len(parameters.sinks):
        raise UsageError(f"the parameters have no sink {number}", f"they have {len(parameters.sinks)}")
    form = choose_format(parameters, Origin.here())
    settings = parameters.sinks[number - 1].carrying(form.media_type, header_of(form))
    for _event in spooled(spool, form):
        """Nothing is sent of a file that is no spool to its end."""
    again = SpoolSettings(spool_path(spool, number), settings.spool_size, parameters.limits.free_disk)
    sink = open_sink(
        settings,
        run_id=os.urandom(8).hex(),
        directory=spool.parent,
        spool=again if again.max_size else None,
    )
    try:
        for event in spooled(spool, form):
            sink.put(event)
    except BaseException:
        sink.finish(time.monotonic())
        raise
    return sink.finish(time.monotonic() + parameters.drain)
