"""The persistent process, told top to bottom: one loop that waits for everybody at once, and never for one of them.

The work is done by a process of its own for each query, one at a time, so that an agent's ping is answered while a
window is recorded. Between queries nothing is held, and nothing of the host is changed.
"""

from __future__ import annotations

import json
import select
import time
from typing import TYPE_CHECKING, Callable, Optional, Union, cast

from mig_audit.errors import NO_DESCRIPTORS, BusyError, MigAuditError, UsageError, unexpected
from mig_audit.messages import STOPPED, Message
from mig_audit.persistent.query import Query
from mig_audit.persistent.under_way import KILLING, UnderWay
from mig_audit.results import Result
from mig_audit.separate_run import SeparateRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mig_audit.interface import Module
    from mig_audit.persistent.agent import Agent
    from mig_audit.persistent.endpoint import Endpoint
    from mig_audit.separate_run import Finished
    from mig_audit.stop import Stop

_MOST_QUERIES = 16  # connections at a time
_TICK = 0.5  # seconds between looks at what is overdue, where there is anything that can be
_DEAF = 30.0  # seconds: as long as an agent waits for a ping
_LONGEST_END = KILLING + 10.0  # seconds until a run is left to itself that cannot even be killed
LAST_WORDS = 5.0
"""Seconds for the agent to take the next part of what it is told at the end."""

_LONGEST_ALERT = 1 << 15  # bytes
_HUNG_UP = select.POLLHUP | select.POLLERR | select.POLLNVAL


class PersistentProcess:
    """Its state: who has asked for what, the one run that is under way, and whether the end has come."""

    def __init__(
        self,
        name: str,
        module: Module,
        agent: Agent,
        endpoint: Endpoint,
        stop: Stop,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join the parts; `run` does the work."""
        self._name = name
        self._module = module
        self._agent = agent
        self._endpoint = endpoint
        self._stop = stop
        self._clock = clock
        self._queries: list[Query] = []
        self._work: Optional[UnderWay] = None
        self._asked = 0
        self._no_room = False
        self._configured: Optional[object] = None
        self._ending = ""
        self._ending_since = 0.0
        self._code = 0

    def run(self) -> int:
        """Answer until the agent says stop or is gone, or a signal comes; what is under way then ends in order."""
        self._agent.send(Message("register", {"sockpath": self._endpoint.address}))
        while not self._is_over():
            ready = self._wait()
            self._hear_agent(ready)
            self._hear_stop()
            self._hear_queries(ready)
            self._accept(ready)
            self._hear_run(ready)
            self._speak(ready)
            self._look_at_the_clock()
            self._sweep()
        for query in self._queries:
            query.close()
        return self._code

    def _wait(self) -> Mapping[int, int]:
        """Return what is ready of everything that is waited for, with the events of poll(2)."""
        poll = select.poll()
        for descriptor, events in self._awaited():
            poll.register(descriptor, events)
        ticks = self._ending or self._work or self._queries or self._agent.waiting or self._no_room
        ready = dict(poll.poll(_TICK * 1000 if ticks else None))
        self._no_room = False
        return ready

    def _awaited(self) -> Iterator[tuple[int, int]]:
        if not self._agent.at_end:
            yield self._agent.stdin, select.POLLIN
        if not self._agent.gone:
            yield self._agent.stdout, select.POLLOUT if self._agent.waiting else 0
        if not self._ending:
            yield self._stop.fileno(), select.POLLIN
        if self._endpoint.is_open and len(self._queries) < _MOST_QUERIES and not self._no_room:
            yield self._endpoint.fileno(), select.POLLIN
        for query in self._queries:
            yield query.fileno(), query.events
        if self._work:
            yield self._work.run.fileno(), select.POLLIN

    def _hear_agent(self, ready: Mapping[int, int]) -> None:
        if self._agent.stdin in ready:
            for message in self._agent.receive():
                self._obey(message)
        if self._agent.at_end:
            self._end("the end of the agent's messages")
        if ready.get(self._agent.stdout, 0) & _HUNG_UP:
            self._agent.gone = True
        if self._agent.gone:
            self._end("the agent's leaving")

    def _obey(self, message: Union[Message, UsageError]) -> None:
        if isinstance(message, UsageError):
            self._agent.log(f"passed over: {message}")
        elif message.kind == "ping":
            self._agent.send(message._replace(address=""))
        elif message.kind == "stop":
            self._end(STOPPED)
        elif message.kind == "config":
            self._configure(message.parameters)
        else:
            self._agent.log(f"passed over: a message of the class {message.kind!r}")

    def _configure(self, parameters: object) -> None:
        given = parameters.get("config") if isinstance(parameters, dict) else None
        try:
            self._configured = self._module.configured(given or {})
        except Exception as error:  # noqa: BLE001  # queries need none
            told = error if isinstance(error, MigAuditError) else unexpected(error)
            self._agent.log(f"the configuration is not used: {told}")
            return
        what = "runs the configured parameters" if self._configured is not None else "is an error"
        self._agent.log(f"configured: a query without parameters {what}")

    def _hear_stop(self) -> None:
        if self._stop.reason:
            self._end(self._stop.reason)
        if self._work and self._stop.requests > 1:
            self._work.hurry()

    def _accept(self, ready: Mapping[int, int]) -> None:
        if not self._endpoint.is_open or self._endpoint.fileno() not in ready:
            return
        try:
            sock, peer = self._endpoint.accept()
        except OSError as error:  # nobody is there any more
            # Or there is no descriptor: who waits is still there later, and is not to be looked at all the time.
            self._no_room = error.errno in NO_DESCRIPTORS
            return
        except MigAuditError as error:
            self._agent.log(f"a query was refused: {error}")
            return
        self._queries.append(Query(sock, peer, self._clock()))

    def _hear_queries(self, ready: Mapping[int, int]) -> None:
        for query in self._queries:
            events = ready.get(query.fileno(), 0)
            if events & select.POLLIN:
                for message in query.receive():
                    self._hear(query, message)
            elif events & _HUNG_UP:
                query.gone = True
            if events & select.POLLOUT:
                query.send(self._clock())
            late = query.overdue(self._clock())
            if late:
                self._agent.log(f"hung up on process {query.peer.pid}: {late}")
                query.gone = True

    def _hear(self, query: Query, message: Union[Message, UsageError]) -> None:
        if self._work and query is self._work.query:
            if isinstance(message, Message) and message.kind == "stop":
                self._work.client_stops()
            return
        try:
            self._ask(query, message)
        except MigAuditError as error:
            self._agent.log(f"a query of process {query.peer.pid} was refused: {error}")
            query.answer(Result.failure(error).to_line().encode("utf-8"), self._clock())

    def _ask(self, query: Query, message: Union[Message, UsageError]) -> None:
        """Begin what a query asks for.

        Raises:
            MigAuditError: it is no query, or this is not the time for it.
        """
        if isinstance(message, UsageError):
            raise message
        document = message.document()
        if self._ending:
            raise BusyError("this process is ending", "ask again when it has been started again")
        if self._work:
            seconds = self._clock() - self._work.began
            raise BusyError(
                f"busy: query {self._work.number} has been running for {seconds:.0f} s",
                "ask again when it is done",
            )
        if document == {} and self._configured is not None:
            document = self._configured
        run = SeparateRun.start(self._module, document, lambda _text: None)
        self._asked += 1
        self._work = UnderWay(self._asked, run, query, self._clock())
        self._agent.log(f"query {self._asked} of process {query.peer.pid} began, as process {run.pid}")

    def _sweep(self) -> None:
        """Hang up where nobody is any more; at the end of a turn, so that no descriptor has two meanings in one."""
        for query in [query for query in self._queries if query.gone]:
            query.close()
            self._queries.remove(query)
            if self._work and query is self._work.query:
                self._work.query = None
                self._work.end("the hanging up of who asked", self._clock())

    def _hear_run(self, ready: Mapping[int, int]) -> None:
        """Take what there is of the answer; pass all of it on when the run has ended."""
        work = self._work
        if not work or work.run.fileno() not in ready or work.run.receive():
            return
        self._work = None
        finished = work.run.finish()
        self._tell(work, finished)
        if work.query:
            work.query.answer(finished.line, self._clock())

    def _tell(self, work: UnderWay, finished: Finished) -> None:
        """Have it in the agent's log, and as an alert if work was done, and something came out that is to be known."""
        seconds = self._clock() - work.began
        said = "answered" if work.query else "ended, and nobody was there to be answered"
        errors = cast("Optional[list[str]]", finished.glance["errors"])
        why = f": {errors[0]}" if errors else ""
        self._agent.log(f"query {work.number} {said} after {seconds:.1f} s{why}")
        if finished.worked and (finished.glance["foundanything"] or errors):
            self._agent.alert({"module": self._name, "query": work.number, **_cut(finished.glance)})

    def _speak(self, ready: Mapping[int, int]) -> None:
        if ready.get(self._agent.stdout, 0) & select.POLLOUT and self._agent.waiting:
            self._agent.flush()

    def _look_at_the_clock(self) -> None:
        if self._agent.deaf_for > _DEAF:
            self._agent.gone = True
            self._code = 1
            self._end("an agent that reads nothing")
        if self._work:
            self._work.look_at_the_clock(self._clock())

    def _end(self, reason: str) -> None:
        """Take no more queries, and have the run that is under way end."""
        if self._ending:
            return
        self._ending, self._ending_since = reason, self._clock()
        self._endpoint.close()
        self._agent.log(f"ending: stopped by {reason}")
        if self._work:
            self._work.end(reason, self._clock())
        for query in self._queries:
            query.gone = query.gone or query.is_idle

    def _is_over(self) -> bool:
        if not self._ending:
            return False
        passed = self._clock() - self._ending_since
        if passed > _LONGEST_END:
            self._code = 1
            return True
        if self._work or self._queries:
            return False
        return not self._agent.waiting or self._agent.deaf_for > LAST_WORDS


def _cut(glance: Mapping[str, object]) -> Mapping[str, object]:
    """Return what an alert has room for; the client has all of it."""
    errors = glance["errors"]
    if len(json.dumps(glance)) <= _LONGEST_ALERT or not isinstance(errors, list):
        return glance
    return {**glance, "statistics": None, "errors": [str(error)[:500] for error in errors[:20]]}
