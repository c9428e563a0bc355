"""``mig-audit events``: a log as its analyst wants to see it, on any machine, without root."""

from __future__ import annotations

import os
import sys
import time
from itertools import islice
from typing import TYPE_CHECKING, Callable, Optional, Union

from mig_audit.console import progress, say
from mig_audit.errors import UsageError
from mig_audit.interface import Implementation
from mig_audit.modules.audit.commands.balance import tell_balance
from mig_audit.modules.audit.commands.enrichment_options import add_enrichment, enricher_of
from mig_audit.modules.audit.commands.named_logs import add_logs, named_logs
from mig_audit.modules.audit.commands.origin_options import add_origin, origin_of
from mig_audit.modules.audit.commands.selection import add_selection, filters_of, never_selecting
from mig_audit.modules.audit.commands.top_options import add_rows, add_top
from mig_audit.modules.audit.commands.views import TopView, TreeView
from mig_audit.modules.audit.events.tops import KINDS
from mig_audit.modules.audit.formats import FORMATS, coloured, make_format
from mig_audit.modules.audit.replay import StopPatience, make_replay
from mig_audit.modules.audit.sources import Asked, open_sources
from mig_audit.stop import Stop
from mig_audit.terminal import wants_colour

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mig_audit.modules.audit.commands.views import View
    from mig_audit.modules.audit.events import Origin
    from mig_audit.modules.audit.formats import Format

_STDOUT = 1
_DEFAULT_FORMAT = "text"
_TOGETHER = 1000  # lines that are written at once


def _configure(parser: ArgumentParser) -> None:
    add_logs(parser)
    add_selection(parser)
    shown = parser.add_argument_group("what is shown")
    shown.add_argument(
        "--format",
        default=_DEFAULT_FORMAT,
        metavar="F",
        help=f"{', '.join(FORMATS)} (default: %(default)s, in colours on a terminal)",
    )
    add_top(shown, KINDS, "the most frequent", "keys,users")
    shown.add_argument(
        "--tree",
        action="store_true",
        help="instead, the processes of the events as a tree, with their ancestors",
    )
    add_rows(shown)
    shown.add_argument("--json", action="store_true", help="tables, or the tree, as one JSON object a line")
    add_enrichment(parser)
    add_origin(parser)


def _run(options: Namespace, write: Callable[[str], None]) -> int:
    # While a document is read, a signal is no request to be looked at later.
    origin = origin_of(options)
    stop = Stop()
    try:
        with stop.on_signals():
            return _events(options, origin, write, stop)
    finally:
        stop.close()


def _events(options: Namespace, origin: Origin, write: Callable[[str], None], stop: Stop) -> int:
    view = _view(options)
    now = time.time()
    filters = filters_of(options, now)
    reason = never_selecting(options, now)
    if reason:
        say(f"no event can be selected: {reason}")
    form: Union[Format, View] = view or _for_reader(make_format(options.format, origin))
    logs = named_logs(options.logs)
    sources = open_sources(
        Asked(logs.paths, rotated=options.rotated, outputs=[_STDOUT], results=logs.results),
        StopPatience(stop),
    )
    if logs.remark:
        say(logs.remark)
    replay = make_replay(
        form,
        logs,
        sources,
        _STDOUT,
        names=origin.names,
        progress=progress(None if view else _STDOUT),
        filters=filters,
        enricher=enricher_of(options, always=options.tree),
    )
    replay.run()
    if view:
        lines = iter(view.lines(as_json=options.json))
        while some := list(islice(lines, _TOGETHER)):
            write("".join(f"{line}\n" for line in some))
    account = replay.account()
    return tell_balance(replay, stop, account._replace(unrepresented=0) if view else account)


def _view(options: Namespace) -> Optional[View]:
    if options.json and not (options.top or options.tree):
        raise UsageError("--json is for --top and --tree", "choose --format mozdef for events as JSON")
    if options.top and options.tree:
        raise UsageError("--top and --tree are two answers", "choose one of them")
    if options.tree:
        return TreeView()
    return TopView(options.top, options.rows) if options.top else None


def _for_reader(form: Format) -> Format:
    """Return a format, in colours where there are some to be seen."""
    return coloured(form) if wants_colour(sys.stdout, os.environ) else form


EVENTS = Implementation(_configure, _run)
"""The command."""
