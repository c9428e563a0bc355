"""From the command line to the loop, and what is said where there is none."""

from __future__ import annotations

import select

from mig_audit.errors import MigAuditError, OutputError
from mig_audit.persistent.agent import Agent
from mig_audit.persistent.endpoint import Endpoint
from mig_audit.persistent.process import LAST_WORDS, PersistentProcess
from mig_audit.private_folder import RUN_FOLDER
from mig_audit.registry import find_module
from mig_audit.standard_streams import stdout_is_closed
from mig_audit.stop import Stop


def run_persistent(name: str, stdin: int, stdout: int, folder: str = RUN_FOLDER) -> int:
    """Be the persistent process of a module until it is told to end, and return the exit code."""
    if stdout_is_closed():
        raise OutputError("stdout is closed", "start it as an agent does, with pipes to and from it")
    agent = Agent(stdin, stdout)
    stop = Stop()
    with stop.on_signals():
        try:
            module = find_module(name)
            endpoint = Endpoint(folder, name)
        except MigAuditError as error:
            agent.log(str(error))
            _say_last_words(agent)
            raise
        process = PersistentProcess(name, module, agent, endpoint, stop)
        try:
            return process.run()
        finally:
            endpoint.close()


def _say_last_words(agent: Agent) -> None:
    poll = select.poll()
    poll.register(agent.stdout, select.POLLOUT)
    while agent.waiting and poll.poll(LAST_WORDS * 1000):
        agent.flush()
