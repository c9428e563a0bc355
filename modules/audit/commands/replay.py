"""``mig-audit replay``: raw logs of this host or another to events, on any machine, without root."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable

from mig_audit.console import Output, output, progress, say, say_error, to_stderr
from mig_audit.errors import StoppedError, UsageError, exit_code
from mig_audit.interface import Implementation
from mig_audit.modules.audit.commands.enrichment_options import add_enrichment, enricher_of
from mig_audit.modules.audit.commands.named_logs import add_logs, named_logs
from mig_audit.modules.audit.commands.origin_options import add_origin, origin_of
from mig_audit.modules.audit.formats import DEFAULT_FORMAT, FORMATS, make_format
from mig_audit.modules.audit.replay import StopPatience, ledger_line, make_replay, statistics
from mig_audit.modules.audit.sources import Asked, open_sources
from mig_audit.stop import Stop

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from mig_audit.errors import MigAuditError
    from mig_audit.modules.audit.events import Origin
    from mig_audit.modules.audit.replay import Replay

_STDOUT = 1
_PRIVATE = 0o600
_EARLY = "stopped by %s before the end"
_TOLD = 8  # names that fit on a line or two


def _configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add_logs(parser)
    add("--format", default=DEFAULT_FORMAT, metavar="F", help=f"{', '.join(FORMATS)} (default: %(default)s)")
    add(
        "--follow",
        action="store_true",
        help="go on as the youngest log grows and is rotated, until a signal",
    )
    add_enrichment(parser)
    add_origin(parser)
    add(
        "--own-pid",
        action="append",
        default=[],
        type=int,
        metavar="PID",
        help="leave out what this process, of the run that made the log, did to audit, and its canaries",
    )
    add(
        "-o",
        "--output",
        metavar="FILE",
        help="write to FILE, complete or not at all (with --follow: append to it), instead of stdout",
    )
    add("--stats", action="store_true", help="print the ledger as one JSON line to stderr")
    add("--stats-file", metavar="FILE", help="write the ledger as JSON to FILE")


def _run(options: Namespace, _write: Callable[[str], None]) -> int:
    # While a document is read, a signal is no request to be looked at later.
    origin = origin_of(options)
    stop = Stop()
    try:
        with stop.on_signals():
            return _replay(options, origin, stop)
    finally:
        stop.close()


def _replay(options: Namespace, origin: Origin, stop: Stop) -> int:
    read = [path for path in (options.passwd, options.group) if path]
    with output(options.stats_file, [*read, *([options.output] if options.output else [])]) as ledger:
        return _replay_to(options, origin, read, ledger, stop)


def _replay_to(options: Namespace, origin: Origin, read: Sequence[str], ledger: Output, stop: Stop) -> int:
    form = make_format(options.format, origin)
    outputs = [
        _STDOUT if options.output is None else options.output,
        *([options.stats_file] if options.stats_file else []),
    ]
    logs = named_logs(options.logs)
    asked = Asked(
        logs.paths,
        rotated=options.rotated,
        follow=options.follow,
        outputs=outputs,
        results=logs.results,
    )
    sources = open_sources(asked, StopPatience(stop))
    if logs.remark:
        say(logs.remark)
    if len(sources) > 1:
        say(f"read in this order: {_in_short([source.name for source in sources])}")
    with _destination(options, read, stop) as descriptor:
        replay = make_replay(
            form,
            logs,
            sources,
            descriptor,
            names=origin.names,
            progress=progress(descriptor),
            own_pids=options.own_pid,
            enricher=enricher_of(options),
        )
        replay.run()
    return _tell(options, replay, _stopped(options, stop), ledger)


def _in_short(names: Sequence[str]) -> str:
    """Return names on a line; of many, the first and the last."""
    if len(names) <= _TOLD:
        return " ".join(names)
    half = _TOLD // 2
    return f"{' '.join(names[:half])} ... {' '.join(names[-half:])} ({len(names)} logs)"


def _stopped(options: Namespace, stop: Stop) -> Sequence[MigAuditError]:
    """Return what there is to say of an early end; to follow a log has no other one."""
    if options.follow or not stop.reason:
        return ()
    return (StoppedError(_EARLY % stop.reason, "what was read by then was written"),)


def _tell(options: Namespace, replay: Replay, stopped: Sequence[MigAuditError], to: Output) -> int:
    """Say what is not whole, and return the exit code."""
    account = replay.account()
    line = ledger_line(account)
    if line:
        say(line)
    errors = (*stopped, *replay.troubles())
    for error in errors:
        say_error(error)
    ledger = json.dumps(statistics(account, errors))
    if options.stats:
        to_stderr(f"{ledger}\n")
    if options.stats_file:
        to.write(f"{ledger}\n")
    return exit_code(errors) or int(account.records.aside > 0)


@contextmanager
def _destination(options: Namespace, read: Sequence[str], stop: Stop) -> Iterator[int]:
    """Give the descriptor that events are written to.

    Raises:
        StoppedError: what was to be a whole file has only the events that were read before a signal came.
    """
    if options.output is None:
        yield _STDOUT
        return
    from mig_audit.output_file import place, whole_file  # noqa: PLC0415  # most write to stdout

    with place(options.output, read) as to:
        if not options.follow:
            with whole_file(to, keep_empty=True) as descriptor:
                yield descriptor
                if to.descriptor is None and stop.reason:
                    raise StoppedError(_EARLY % stop.reason, f"{options.output} was not written")
        elif to.descriptor is not None:
            yield to.descriptor
        else:
            descriptor = _open_to_append(options.output)
            try:
                yield descriptor
            finally:
                os.close(descriptor)


def _open_to_append(path: str) -> int:
    """Open a file; where it ends within a line, because a disk was full, that line ends here."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _PRIVATE)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", "name a file in a writable folder"
        ) from error
    return descriptor


REPLAY = Implementation(_configure, _run)
