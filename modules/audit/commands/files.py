"""``mig-audit files``: which files a log's processes opened, read and wrote, and where in them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Callable, Optional

from mig_audit.console import progress, say
from mig_audit.documents import name_of, read_whole
from mig_audit.errors import UsageError
from mig_audit.interface import Implementation
from mig_audit.modules.audit.commands.balance import tell_balance
from mig_audit.modules.audit.commands.named_logs import add_logs, named_logs
from mig_audit.modules.audit.commands.origin_options import add_users_origin, origin_of
from mig_audit.modules.audit.commands.top_options import add_rows, add_top
from mig_audit.modules.audit.files.formats import DEFAULT_FORMAT, FORMATS, make_row_format
from mig_audit.modules.audit.files.pipeline import FilesPipeline
from mig_audit.modules.audit.files.seed import Seed, parse_seed
from mig_audit.modules.audit.files.summary import RowCounts, summary_lines
from mig_audit.modules.audit.files.telling import RowTotals, RowWriter
from mig_audit.modules.audit.files.totals import KINDS, Totals, documents, table
from mig_audit.modules.audit.formats.hosts import host_name
from mig_audit.modules.audit.replay import EventWriter, Replay, StopPatience
from mig_audit.modules.audit.sources import Asked, open_sources
from mig_audit.stop import Stop
from mig_audit.validation import parse_document

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from mig_audit.modules.audit.events import Origin

_STDOUT = 1


def _configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add_logs(parser)
    add("--format", default=DEFAULT_FORMAT, metavar="F", help=f"{', '.join(FORMATS)} (default: %(default)s)")
    add(
        "--seed",
        metavar="FILE",
        help="what ran when the log began, as `mig-audit schema file-seed` describes it",
    )
    add(
        "--summary",
        action="store_true",
        help="say at the end what was found, also where stderr is no terminal",
    )
    totals = parser.add_argument_group("totals in place of rows")
    add_top(totals, KINDS, "what was read and written, by", "files,processes")
    add_rows(totals)
    totals.add_argument("--json", action="store_true", help="tables as one JSON object a line")
    add_users_origin(parser)


def _run(options: Namespace, write: Callable[[str], None]) -> int:
    # While a document is read, a signal is no request to be looked at later.
    origin = origin_of(options)
    seed = _seed(options.seed)
    stop = Stop()
    try:
        with stop.on_signals():
            return _files(options, origin, seed, write, stop)
    finally:
        stop.close()


def _seed(path: Optional[str]) -> Optional[Seed]:
    return None if path is None else parse_seed(parse_document(read_whole(path), name_of(path)))


def _files(
    options: Namespace, origin: Origin, seed: Optional[Seed], write: Callable[[str], None], stop: Stop
) -> int:
    if options.json and not options.top:
        raise UsageError("--json is for --top", "rows are JSON unless --format says otherwise")
    form = make_row_format(options.format, host_name(origin))
    logs = named_logs(options.logs)
    sources = open_sources(
        Asked(logs.paths, rotated=options.rotated, outputs=[_STDOUT], results=logs.results),
        StopPatience(stop),
    )
    counts, writer = RowCounts(), EventWriter(_STDOUT)
    totals = Totals(options.top) if options.top else None
    teller = RowTotals(totals, counts) if totals else RowWriter(form, writer, counts)
    pipeline = FilesPipeline(teller, origin.names, seed, logs.run.lost if logs.run else 0)
    replay = Replay(sources, pipeline, writer, progress=progress(None if totals else _STDOUT))
    replay.run()
    if totals:
        write("".join(f"{line}\n" for line in _lines(totals, options)))
    if options.summary or sys.stderr.isatty():
        for line in summary_lines(counts, pipeline.activity):
            say(line)
    return tell_balance(replay, stop, replay.account())


def _lines(totals: Totals, options: Namespace) -> list[str]:
    tops = totals.top(options.rows)
    if not options.json:
        return table(tops)
    return [json.dumps(document, ensure_ascii=False) for document in documents(tops)]


FILES = Implementation(_configure, _run)
"""The command."""
