"""Raw logs become events, by the same code as in a run, fed from files."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional, Protocol, Union

from mig_audit.errors import UsageError
from mig_audit.modules.audit.formats import header_of
from mig_audit.modules.audit.formats.interface import KERNEL, grouping_of
from mig_audit.modules.audit.pipeline import Pipeline
from mig_audit.modules.audit.sources.line_ends import LineEnds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from mig_audit.errors import DamagedInputError, MigAuditError
    from mig_audit.modules.audit.commands.named_logs import Logs
    from mig_audit.modules.audit.commands.views import View
    from mig_audit.modules.audit.events import Account, MissingSerials, Names
    from mig_audit.modules.audit.events.enrichment import Enricher
    from mig_audit.modules.audit.events.filters import Filters
    from mig_audit.modules.audit.formats import Format
    from mig_audit.modules.audit.sources import Source
    from mig_audit.stop import Stop

_WRITE_SIZE = 1 << 18  # bytes that are written at once
_PROGRESS = 0.5  # seconds between words to a person at a terminal
_TOLD_RANGES = 3
_TOLD_NODES = 3


class EventWriter:
    """Writes events as lines to a descriptor, in large blocks; `flush` writes what is left."""

    def __init__(self, descriptor: int, write: Callable[[int, memoryview], int] = os.write) -> None:
        """``write`` is os.write but in tests."""
        self._descriptor = descriptor
        self._write = write
        self._events: list[bytes] = []
        self._size = 0

    def put(self, event: bytes) -> None:
        """Take one event, without its newline."""
        if len(event) >= _WRITE_SIZE:
            self._put_long(event)
            return
        self._events.append(event)
        self._size += len(event)
        if self._size >= _WRITE_SIZE:
            self.flush()

    def _put_long(self, event: bytes) -> None:
        """Write a long event as it is: no copy of it is made."""
        self.flush()
        self._write_all(event)
        self._events.append(b"")  # so that its newline is the next

    def flush(self) -> None:
        """Write everything.

        Raises:
            UsageError: the place takes no more; a reader that went away is a BrokenPipeError.
        """
        if not self._events:
            return
        self._events.append(b"")
        data = b"\n".join(self._events)
        self._events, self._size = [], 0
        self._write_all(data)

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._write_some(rest) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UsageError(
                f"the events could not be written: {error.strerror}", "write them to another place"
            ) from error

    def _write_some(self, data: memoryview) -> int:
        try:
            return self._write(self._descriptor, data)
        except BlockingIOError:
            # Whoever shares the pipe made it so; then it is for us to wait.
            poll = select.poll()
            poll.register(self._descriptor, select.POLLOUT)
            poll.poll()
            return 0


class StopPatience:
    """See `mig_audit.modules.audit.sources.interface.Patience`: until there is a request to stop."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    @property
    def over(self) -> bool:
        """Return whether a stop was requested."""
        return bool(self._stop.reason)

    def wait(self, descriptor: Optional[int], seconds: float) -> bool:
        """Wait for something to read, the request, or the time."""
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
        ready = [number for number, _ in poll.poll(int(seconds * 1000))]
        return descriptor in ready


class Replayed(NamedTuple):
    """What became of everything that was read.

    Attributes:
        sources: the names of the sources, in order.
        records: the balance of records.
        own: events that are left out, because they are the changes to audit of the run that made the log.
        others: the same of other runs.
        unrepresented: events that the format has no words for.
    """

    sources: tuple[str, ...]
    records: Account
    own: int
    others: int
    unrepresented: int


class Feedable(Protocol):
    """Whatever lines can be fed to; `Pipeline` is one."""

    own: int
    others: int
    unrepresented: int
    findings: int

    def feed(self, block: bytes) -> None:
        """Take whole lines."""

    def flush(self) -> None:
        """Complete what is open."""

    def account(self) -> Account:
        """Return the balance of records."""


class Replay:
    """One pass over some sources."""

    def __init__(
        self,
        sources: Sequence[Source],
        pipeline: Feedable,
        writer: EventWriter,
        *,
        progress: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        mends_ends: bool = True,
    ) -> None:
        """Join the parts; `run` does the work.

        ``clock`` gives monotonic seconds, for the progress alone; ``mends_ends`` says that lines may end as on another
        system, see `LineEnds`.
        """
        self._sources = sources
        self._pipeline = pipeline
        self._writer = writer
        self._progress = progress
        self._clock = clock
        self._mends_ends = mends_ends

    def account(self) -> Replayed:
        """Return what became of what was read so far."""
        pipeline, names = self._pipeline, tuple(source.name for source in self._sources)
        return Replayed(names, pipeline.account(), pipeline.own, pipeline.others, pipeline.unrepresented)

    def troubles(self) -> list[DamagedInputError]:
        """Return what was wrong with the sources."""
        return [trouble for source in self._sources for trouble in source.troubles]

    def run(self) -> None:
        """Read everything there is, and write every event."""
        try:
            self._run()
        finally:
            self._progress("")

    def _run(self) -> None:
        spoken = self._clock()
        for number, source in enumerate(self._sources, 1):
            ends = LineEnds()
            for block in source.blocks():
                if block:
                    self._pipeline.feed(ends.mended(block) if self._mends_ends else block)
                else:
                    self._writer.flush()
                now = self._clock()
                if now - spoken >= _PROGRESS:
                    spoken = now
                    self._speak(source, number)
        self._pipeline.flush()
        self._writer.flush()

    def _speak(self, source: Source, number: int) -> None:
        records = self._pipeline.account().received
        place = f"{source.name} ({number} of {len(self._sources)})" if len(self._sources) > 1 else source.name
        self._progress(f"{place}: {records} records, {self._pipeline.findings} events")


def make_replay(  # noqa: PLR0913  # where from, where to, as what, and what on the way
    form: Union[Format, View],
    logs: Logs,
    sources: Sequence[Source],
    descriptor: int,
    *,
    names: Names,
    progress: Callable[[str], None],
    own_pids: Collection[int] = (),
    filters: Optional[Filters] = None,
    enricher: Optional[Enricher] = None,
) -> Replay:
    """Return the replay of the logs of a command line; it writes the format's header, if there is one.

    Args:
        form: what becomes of an event.
        logs: what was named, of which the sources were opened.
        sources: what is read, in this order.
        descriptor: where the events go.
        names: of users and groups.
        progress: shows a word on how far it is.
        own_pids: whose work on audit is no finding, besides that of the run whose result was named.
        filters: which events go on; all by default.
        enricher: adds to them; nothing by default.
    """
    writer = EventWriter(descriptor)
    if header_of(form):
        writer.put(header_of(form))
    pipeline = Pipeline(
        form,
        (writer,),
        limit=0,
        max_size=0,
        own_pids=(*own_pids, *logs.own_pids),
        other_runs=logs.other_runs,
        names=names,
        filters=filters,
        enricher=enricher,
    )
    if logs.run:
        logs.run.tell(pipeline.ownership)
    # Who repeats what another program reads has the line ends that it has.
    return Replay(sources, pipeline, writer, progress=progress, mends_ends=grouping_of(form) == KERNEL)


def statistics(replayed: Replayed, errors: Sequence[MigAuditError]) -> dict[str, object]:
    """Return the ledger as JSON; the names are as in the statistics of a run's result."""
    account = replayed.records
    return {
        "sources": list(replayed.sources),
        "records": {
            "received": account.received,
            "in_events": account.in_events,
            "unparsed": account.aside,
            "unparsed_samples": list(account.samples),
            "balanced": account.balanced,
        },
        "events": {
            "total": account.events,
            "own": replayed.own,
            "other_runs": replayed.others,
            "unrepresented": replayed.unrepresented,
            "incomplete": account.incomplete,
            "late": account.late,
            "endings": dict(account.endings),
        },
        "serials": {node: _serials(known) for node, known in account.serials.items()},
        "serials_untracked": account.untracked,
        "errors": [str(error) for error in errors] or None,
    }


def _serials(known: MissingSerials) -> dict[str, object]:
    return {**known._asdict(), "ranges": [list(span) for span in known.ranges]}


def ledger_line(replayed: Replayed) -> str:
    """Return what a person must know about what is not whole; empty if everything is."""
    account = replayed.records
    parts = [
        *_counted(account.aside, "line is no record", "lines are no records"),
        *_counted(account.incomplete, "event is incomplete", "events are incomplete"),
        *_missing(account),
        *_counted(
            replayed.unrepresented, "event has no form in this format", "events have none in this format"
        ),
    ]
    return f"{account.received} lines, {account.events} events: {'; '.join(parts)}" if parts else ""


def _counted(number: int, one: str, many: str) -> Iterator[str]:
    if number:
        yield f"{number} {one if number == 1 else many}"


def _missing(account: Account) -> Iterator[str]:
    gaps = [(node, serials) for node, serials in account.serials.items() if serials.missing]
    for node, serials in gaps[:_TOLD_NODES]:
        told = [f"{low}-{high}" if low != high else f"{low}" for low, high in serials.ranges[:_TOLD_RANGES]]
        more = ", ..." if len(serials.ranges) > _TOLD_RANGES else ""
        whose = f" of {node}" if node else ""
        noun = "serial" if serials.missing == 1 else "serials"
        yield f"{serials.missing} {noun}{whose} missing ({', '.join(told)}{more})"
    rest = [serials.missing for _, serials in gaps[_TOLD_NODES:]]
    if rest:
        hosts = "1 more host" if len(rest) == 1 else f"{len(rest)} more hosts"
        yield f"{sum(rest)} of {hosts}"
    if account.untracked:
        yield f"serials followed of the first {len(account.serials)} hosts alone"
