"""The persistent process, with a module that needs no kernel."""

from __future__ import annotations

import errno
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_module import command, install
from waiting import until

from mig_audit.messages import Message
from mig_audit.persistent.agent import Agent
from mig_audit.persistent.endpoint import Endpoint
from mig_audit.persistent.process import PersistentProcess
from mig_audit.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mig_audit.interface import Module

pytest_plugins = ["heeded"]

_START = (
    "import sys; from mig_audit.persistent import run_persistent; "
    "sys.exit(run_persistent(sys.argv[1], 0, 1, sys.argv[2]))"
)
# For it, time passes when a test says so.
_START_TIMELESS = """
import sys
from pathlib import Path
from mig_audit.persistent.agent import Agent
from mig_audit.persistent.endpoint import Endpoint
from mig_audit.persistent.process import PersistentProcess
from mig_audit.registry import find_module
from mig_audit.stop import Stop
def clock():
    return float(Path("clock").read_text())
endpoint = Endpoint(sys.argv[2], sys.argv[1])
module = find_module(sys.argv[1])
sys.exit(PersistentProcess(sys.argv[1], module, Agent(0, 1, clock), endpoint, Stop(), clock).run())
"""


class _Persistent:
    """One as an agent sees it."""

    def __init__(self, folder: Path, environment: dict[str, str], start: str = _START) -> None:
        self._environment = environment
        self.run_folder = folder / "run"
        self.process = subprocess.Popen(
            [sys.executable, "-c", start, "sample", str(self.run_folder)],
            bufsize=0,  # what select(2) does not see is not there
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=folder,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self._stdout = self.process.stdin, self.process.stdout
        self.address = ""
        self.seen: list[dict[str, Any]] = []

    def register(self) -> None:
        """Wait until it has said where it is."""
        self.address = self.next("register")["parameters"]["sockpath"]

    def send(self, kind: str, parameters: object = None) -> None:
        """Send a message."""
        self.stdin.write(Message(kind, parameters).to_line())
        self.stdin.flush()

    def next(self, kind: str) -> dict[str, Any]:
        """Return the next message of a class; those before it are `seen`."""
        while True:
            assert select.select([self._stdout], [], [], 60)[0], self.seen
            line = self._stdout.readline()
            assert line, self.process.communicate()
            message = json.loads(line)
            self.seen.append(message)
            if message["class"] == kind:
                return cast("dict[str, Any]", message)

    def turn(self) -> None:
        """Have it look at everything that there is to be seen by now, twice: what it has heard, it acts upon."""
        for _ in range(2):
            self.send("ping")
            self.next("ping")

    def query(self, **parameters: object) -> subprocess.Popen[str]:
        """Ask, as an agent does: by a process of its own."""
        message = {"class": "parameters", "persistsock": self.address, "parameters": parameters}
        process = subprocess.Popen(
            command("-m", "sample"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(message))
        process.stdin.close()
        process.stdin = None
        return process

    def connect(self, said: bytes) -> socket.socket:
        """Ask by a connection of the test's own."""
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(30)
        sock.connect(self.address.partition(":")[2])
        sock.sendall(said)
        return sock

    def finish(self) -> int:
        """Read the rest, and return the exit code."""
        stdout, stderr = self.process.communicate(timeout=60)
        self.seen += [json.loads(line) for line in stdout.splitlines()]
        assert stderr == b""
        return self.process.returncode

    def peak(self) -> int:
        """Return the most bytes of memory that it has had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024

    def logged(self, words: str) -> bool:
        """Say whether a log message has these words."""
        return any(
            words in message["parameters"]["message"] for message in self.seen if message["class"] == "log"
        )


@pytest.fixture
def persistent(tmp_path: Path) -> Iterator[_Persistent]:
    """Start one; none is left behind."""
    started = _Persistent(tmp_path, install(tmp_path))
    started.register()
    yield started
    started.process.kill()
    started.process.communicate()


class _Clock:
    """The time of a process that has no other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now = 0.0

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        (self._folder / "clock.new").write_text(str(self._now))
        (self._folder / "clock.new").rename(self._folder / "clock")


@pytest.fixture
def clock(tmp_path: Path) -> _Clock:
    """Stand still."""
    return _Clock(tmp_path)


@pytest.fixture
def timeless(tmp_path: Path, clock: _Clock) -> Iterator[_Persistent]:
    """Start one for which time passes when the test says so: what is late does not depend on the host."""
    clock.pass_by(0)
    started = _Persistent(tmp_path, install(tmp_path), _START_TIMELESS)
    started.register()
    yield started
    started.process.kill()
    started.process.communicate()


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    return cast("dict[str, Any]", json.loads(stdout))


def _read(sock: socket.socket) -> dict[str, Any]:
    with sock:
        return cast("dict[str, Any]", json.loads(b"".join(iter(lambda: sock.recv(1 << 16), b""))))


def test_a_query_is_answered_by_a_run_of_its_own(persistent: _Persistent) -> None:
    """Which gives up what it has no use for; the process stays, and answers the next."""
    first = _answer(persistent.query(say="one"))
    second = _answer(persistent.query(say="two"))

    assert [first["elements"]["said"], second["elements"]["said"]] == ["one", "two"]
    assert first["elements"]["last"]
    persistent.stdin.close()
    persistent.process.stdin = None
    assert persistent.finish() == 0
    assert not (persistent.run_folder / "persist-sample.sock").exists()


def test_a_ping_is_answered_while_a_query_is_worked_on(persistent: _Persistent, tmp_path: Path) -> None:
    """The agent kills what does not answer in 30 seconds, and a window may be longer."""
    query = persistent.query(began="began", wait=60)
    until((tmp_path / "began").exists)
    for number in range(3):
        persistent.send("ping", {"n": number} if number else None)
    pings = [persistent.next("ping") for _ in range(3)]

    assert pings == [
        {"class": "ping"},
        {"class": "ping", "parameters": {"n": 1}},
        {"class": "ping", "parameters": {"n": 2}},
    ]
    assert query.poll() is None
    persistent.send("stop")
    assert _answer(query)["elements"]["stopped"] == "stop message"


def test_one_query_is_worked_on_at_a_time(persistent: _Persistent, tmp_path: Path) -> None:
    """Another one is told so at once."""
    query = persistent.query(began="began", wait=60)
    until((tmp_path / "began").exists)
    busy = _answer(persistent.query(say="me too"))

    assert not busy["success"]
    assert re.match(r"busy: query 1 has been running for \d+ s: ask again when it is done", busy["errors"][0])
    persistent.send("stop")
    assert _answer(query)["success"]


@pytest.mark.parametrize("how", ["stop", "end", "gone", "SIGTERM", "SIGINT", "SIGHUP"])
@pytest.mark.usefixtures("signals_heeded")
def test_the_end_is_in_order(persistent: _Persistent, tmp_path: Path, how: str) -> None:
    """What is under way undoes what it has begun, and is answered; then it is over."""
    query = persistent.query(began="began", wait=60, undoing=0.5, undone="undone")
    until((tmp_path / "began").exists)
    persistent.next("log")
    if how == "stop":
        persistent.send("stop")
        persistent.send("ping")
        persistent.next("ping")
    elif how == "end":
        persistent.stdin.close()
        persistent.process.stdin = None
    elif how == "gone":
        assert persistent.process.stdout is not None
        persistent.process.stdout.close()
        persistent.process.stdout = None
    else:
        persistent.process.send_signal(signal.Signals[how])

    reasons = {
        "stop": "stop message",
        "end": "the end of the agent's messages",
        "gone": "the agent's leaving",
    }
    answer = _answer(query)
    assert answer["elements"]["stopped"] == reasons.get(how, how)
    assert (tmp_path / "undone").exists()
    assert persistent.process.wait(60) == 0
    assert not (persistent.run_folder / "persist-sample.sock").exists()


def test_a_client_that_hangs_up_ends_its_query(persistent: _Persistent, tmp_path: Path) -> None:
    """The agent kills it at its deadline: nobody is left to be answered."""
    query = persistent.query(began="began", wait=60, undone="undone")
    until((tmp_path / "began").exists)
    query.kill()
    query.communicate()
    undone = tmp_path / "undone"
    until(lambda: undone.exists() and undone.read_text())

    assert undone.read_text() == "the hanging up of who asked"
    while not persistent.logged("query 1 ended, and nobody was there to be answered"):
        persistent.next("log")
    assert _answer(persistent.query(say="next"))["elements"]["said"] == "next"


def test_a_client_that_says_no_more_is_answered(persistent: _Persistent) -> None:
    """As by `nc -N`: the end of what it says is not a request to stop."""
    sock = persistent.connect(b'{"class":"parameters","parameters":{"wait":0.5,"say":"hello"}}')
    sock.shutdown(socket.SHUT_WR)

    answer = _read(sock)
    assert (answer["elements"]["said"], answer["elements"]["stopped"]) == ("hello", "")


def test_a_client_may_ask_to_stop(persistent: _Persistent, tmp_path: Path) -> None:
    """As a signal to `-m` does, and a stop message to its stdin."""
    sock = persistent.connect(b'{"class":"parameters","parameters":{"wait":60,"began":"began"}}\n')
    until((tmp_path / "began").exists)
    sock.sendall(b'nonsense\n{"class":"stop"}\n')

    assert _read(sock)["elements"]["stopped"] == "stop message"


def test_a_stop_that_comes_right_behind_the_query_is_heard(persistent: _Persistent) -> None:
    """The run may not have begun by then."""
    sock = persistent.connect(b'{"class":"parameters","parameters":{"wait":60}}\n{"class":"stop"}\n')

    answer = _read(sock)
    assert "stop message" in json.dumps(answer)


def test_a_client_that_asks_to_stop_without_end_holds_up_nobody(
    persistent: _Persistent, tmp_path: Path
) -> None:
    """Even if its run stands still, and so hears nothing of it: a ping is answered all the same."""
    sock = persistent.connect(b'{"class":"parameters","parameters":{"wait":60,"began":"began"}}\n')
    until((tmp_path / "began").exists)
    run = int((tmp_path / "began").read_text())
    os.kill(run, signal.SIGSTOP)
    sock.sendall(b'{"class":"stop"}\n' * 6000)
    persistent.turn()
    os.kill(run, signal.SIGCONT)

    assert _read(sock)["elements"]["stopped"] == "stop message"


@pytest.mark.usefixtures("signals_heeded")
def test_a_signal_to_the_client_is_passed_on(persistent: _Persistent, tmp_path: Path) -> None:
    """And it still has the answer."""
    query = persistent.query(began="began", wait=60)
    until((tmp_path / "began").exists)
    query.send_signal(signal.SIGTERM)

    assert _answer(query)["elements"]["stopped"] == "stop message"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"nonsense\n", "the query is not JSON"),
        (b'{"class":"ping"}\n', "unexpected input is not module parameters"),
        (b"\n", "the query is empty"),
    ],
)
def test_what_is_no_query_is_refused(persistent: _Persistent, said: bytes, words: str) -> None:
    """With an envelope; and the agent's log has it."""
    answer = _read(persistent.connect(said))

    assert words in answer["errors"][0]
    persistent.next("log")
    assert persistent.logged(words)


@pytest.mark.usefixtures("signals_heeded")
def test_a_signal_to_all_of_them_is_one_request(persistent: _Persistent, tmp_path: Path) -> None:
    """As from a service manager: to the client, to the process, and to the run."""
    query = persistent.query(began="began", wait=60, undoing=1)
    until((tmp_path / "began").exists)
    os.kill(int((tmp_path / "began").read_text()), signal.SIGTERM)
    persistent.process.send_signal(signal.SIGTERM)
    query.send_signal(signal.SIGTERM)

    elements = _answer(query)["elements"]
    assert (elements["stopped"], elements["requests"]) == ("SIGTERM", 1)


def test_behind_a_query_that_is_refused_no_other_is_heard(persistent: _Persistent, tmp_path: Path) -> None:
    """Its connection has its answer: nothing is begun for it."""
    sock = persistent.connect(b'nonsense\n{"class":"parameters","parameters":{"began":"began"}}\n')

    assert "the query is not JSON" in _read(sock)["errors"][0]
    assert _answer(persistent.query(say="next"))["elements"]["said"] == "next"
    persistent.next("log")
    persistent.next("log")
    assert persistent.logged("query 1 of process")
    assert not (tmp_path / "began").exists()
    persistent.send("stop")
    persistent.finish()
    assert not persistent.logged("query 2")


def test_a_run_that_is_killed_is_answered_too(persistent: _Persistent) -> None:
    """And the process goes on."""
    answer = _answer(persistent.query(kill=True))

    assert answer["errors"][0].startswith("the process of this run was killed by SIGKILL before it answered")
    assert _answer(persistent.query(say="on"))["elements"]["said"] == "on"


def test_an_answer_of_any_size_comes_whole(persistent: _Persistent) -> None:
    """Beside pings; it is passed on as it is, and takes its own size of memory, not several times that."""
    before = persistent.peak()
    query = persistent.query(size=20_000_000)
    persistent.send("ping")
    persistent.next("ping")

    assert len(_answer(query)["elements"]["filling"]) == 20_000_000
    assert persistent.peak() - before < 40_000_000


def test_the_configuration_has_parameters_for_queries_without(persistent: _Persistent) -> None:
    """Others come with their own."""
    persistent.send("config", {"config": {"document": {"say": "configured"}}, "hostname": "h", "tags": {}})
    persistent.next("log")

    assert _answer(persistent.query())["elements"]["said"] == "configured"
    assert _answer(persistent.query(say="own"))["elements"]["said"] == "own"


def test_a_bad_configuration_is_told_and_not_used(persistent: _Persistent) -> None:
    """The process stays: queries may have parameters of their own."""
    persistent.send("config", {"config": {"bad": 1}})
    persistent.next("log")
    persistent.send("config")
    persistent.next("log")

    assert persistent.logged("the configuration is not used: $.bad: it is bad")
    assert persistent.logged("configured: a query without parameters is an error")
    assert _answer(persistent.query(say="own"))["elements"]["said"] == "own"


def test_findings_and_errors_are_alerts(persistent: _Persistent) -> None:
    """With the envelope, but not its elements; what found nothing is none."""
    _answer(persistent.query(say="nothing"))
    _answer(persistent.query(found=True, error="something to know", say="secret"))
    alert = json.loads(persistent.next("alert")["parameters"]["message"])

    assert alert == {
        "module": "sample",
        "query": 2,
        "foundanything": True,
        "success": True,
        "statistics": {},
        "errors": ["something to know"],
    }
    assert persistent.logged("query 1 answered after ")


def test_a_long_alert_is_cut(persistent: _Persistent) -> None:
    """The client has all of it."""
    answer = _answer(persistent.query(error="x" * 100_000))
    alert = json.loads(persistent.next("alert")["parameters"]["message"])

    assert answer["errors"] == ["x" * 100_000]
    assert alert["errors"] == ["x" * 500]


def test_a_run_that_does_not_end_is_told_to_hurry(
    timeless: _Persistent, clock: _Clock, tmp_path: Path
) -> None:
    """Ten seconds after the end was asked for; then it has still time to undo what it has begun."""
    query = timeless.query(began="began", requests=2, undone="undone")
    until((tmp_path / "began").exists)
    timeless.send("stop")
    timeless.turn()
    clock.pass_by(10.5)

    assert _answer(query)["elements"]["stopped"] == "stop message"
    assert (tmp_path / "undone").exists()
    assert timeless.finish() == 0


def test_a_run_that_hangs_is_killed_at_last(timeless: _Persistent, clock: _Clock, tmp_path: Path) -> None:
    """Two minutes after nobody waits for it any more: the next query is not to wait for it."""
    query = timeless.query(began="began", requests=1000)
    until((tmp_path / "began").exists)
    query.kill()
    query.communicate()
    timeless.turn()
    clock.pass_by(119)
    timeless.turn()
    assert "busy" in _answer(timeless.query())["errors"][0]
    clock.pass_by(2)
    while not timeless.logged("was killed by SIGKILL"):
        timeless.next("log")

    assert _answer(timeless.query(say="next"))["elements"]["said"] == "next"


def test_a_client_that_takes_nothing_is_hung_up_on(timeless: _Persistent, clock: _Clock) -> None:
    """After thirty seconds, and others are answered meanwhile."""
    sock = timeless.connect(b'{"class":"parameters","parameters":{"size":20000000}}\n')
    while not timeless.logged("query 1 answered"):
        timeless.next("log")
    assert _answer(timeless.query(say="other"))["elements"]["said"] == "other"
    while not timeless.logged("it did not take its answer"):
        clock.pass_by(31)
        timeless.turn()
    with sock:
        assert len(b"".join(iter(lambda: sock.recv(1 << 20), b""))) < 20_000_000

    assert _answer(timeless.query(say="next"))["elements"]["said"] == "next"


def test_a_client_that_asks_nothing_is_hung_up_on(timeless: _Persistent, clock: _Clock) -> None:
    """After ten seconds, half a message or not."""
    with timeless.connect(b'{"class":"parameters"') as sock:
        timeless.turn()
        clock.pass_by(9)
        timeless.turn()
        assert not timeless.logged("it asked nothing")
        clock.pass_by(2)
        assert sock.recv(1) == b""
    timeless.next("log")
    assert timeless.logged("it asked nothing")


def test_a_query_leaves_nothing_behind(persistent: _Persistent) -> None:
    """Neither a descriptor nor a process."""
    _answer(persistent.query(say="first"))
    process = Path(f"/proc/{persistent.process.pid}")
    before = sorted((process / "fd").iterdir())
    for _ in range(3):
        _answer(persistent.query(kill=True))
        _answer(persistent.query(say="more"))
    persistent.connect(b"").close()
    persistent.send("ping")
    persistent.next("ping")

    until(lambda: sorted((process / "fd").iterdir()) == before)
    assert (process / f"task/{persistent.process.pid}/children").read_text() == ""


def test_nobody_waits_for_a_client_that_asks_nothing(persistent: _Persistent) -> None:
    """Others are answered meanwhile, sixteen of them or more."""
    silent = [persistent.connect(b"") for _ in range(15)]

    assert _answer(persistent.query(say="hello"))["elements"]["said"] == "hello"
    persistent.send("stop")
    assert [sock.recv(1) for sock in silent] == [b""] * 15
    for sock in silent:
        sock.close()
    assert persistent.finish() == 0


def test_there_is_one_of_a_module(persistent: _Persistent, tmp_path: Path) -> None:
    """The second one says so to its agent, and fails."""
    second = subprocess.run(
        [sys.executable, "-c", _START, "sample", str(persistent.run_folder)],
        input=b"",
        capture_output=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
        check=False,
    )

    (message,) = map(json.loads, second.stdout.splitlines())
    assert message["class"] == "log"
    assert "another process answers at" in message["parameters"]["message"]
    assert second.returncode != 0
    assert _answer(persistent.query(say="first"))["elements"]["said"] == "first"


def test_what_cannot_begin_is_told_to_the_agent_and_to_people(tmp_path: Path) -> None:
    """With an exit code that a service manager takes for a failure."""
    result = subprocess.run(
        command("-P", "nosuch"), input="", capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert result.returncode == 2
    assert json.loads(result.stdout)["parameters"]["message"].startswith("module 'nosuch' is not available")
    assert result.stderr.startswith("mig-audit: module 'nosuch' is not available")


def test_without_a_stdout_it_does_not_begin(tmp_path: Path) -> None:
    """There is nobody to be told where it is."""
    result = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command("-P", "sample")],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=install(tmp_path),
    )

    assert result.returncode == 2
    assert result.stderr.startswith("mig-audit: stdout is closed: ")


_MESSAGES = st.one_of(
    st.sampled_from(
        [b'{"class":"ping"}', b'{"class":"pong"}', b'{"class":"register"}', b'{"class":"config"}']
    ),
    st.sampled_from([b'{"class":"ping","class":"stop"}', b'{"class":"alert","parameters":1}', b"", b"{}"]),
    st.binary(max_size=40).map(lambda line: line.replace(b"\n", b" ")),
)


class _Idle:
    """A module that nobody asks for anything."""

    def configured(self, _configuration: object) -> None:
        """Have no parameters."""


@settings(deadline=None, max_examples=50)
@given(st.lists(_MESSAGES, max_size=15))
def test_whatever_the_agent_says_it_hears_only_what_it_knows(lines: list[bytes]) -> None:
    """It kills a module for a message of another class, and one that leaves a ping unanswered."""
    stdin, to_us = os.pipe()
    from_us, stdout = os.pipe()
    os.write(to_us, b"\n".join(lines) + b"\n")
    os.close(to_us)
    stop = Stop()
    with tempfile.TemporaryDirectory() as folder:
        endpoint = Endpoint(folder, "idle")
        agent = Agent(stdin, stdout)
        code = PersistentProcess("idle", cast("Module", _Idle()), agent, endpoint, stop).run()
        endpoint.close()
    os.close(stdout)
    with os.fdopen(from_us, "rb") as file:
        said = [json.loads(line) for line in file]
    os.close(stdin)
    stop.close()

    assert code == 0
    assert said[0]["class"] == "register"
    assert {each["class"] for each in said} <= {"register", "ping", "log"}
    assert sum(each["class"] == "ping" for each in said) == lines.count(b'{"class":"ping"}')


class _Full:
    """An endpoint at which somebody waits, in a process that may open no more."""

    def __init__(self, readable: int, stop: Stop) -> None:
        self._readable = readable
        self._stop = stop
        self.is_open = True
        self.address = "unix:full"
        self.looks = 0

    def fileno(self) -> int:
        """Say that somebody waits."""
        return self._readable

    def accept(self) -> None:
        """Fail, and end it all with the third time."""
        self.looks += 1
        if self.looks == 3:
            self._stop.request("enough")
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def close(self) -> None:
        """Wait for nobody any more."""
        self.is_open = False


def test_without_a_descriptor_for_who_waits_it_does_not_turn_all_the_time() -> None:
    """It looks again after half a second."""
    stdin, to_us = os.pipe()
    from_us, stdout = os.pipe()
    stop = Stop()
    full = _Full(from_us, stop)
    agent = Agent(stdin, stdout)
    agent.log("so that something is there to be read")
    agent.flush()
    began = time.monotonic()
    code = PersistentProcess("idle", cast("Module", _Idle()), agent, cast("Endpoint", full), stop).run()

    assert code == 0
    assert time.monotonic() - began >= 1.0
    for descriptor in (stdin, to_us, from_us, stdout):
        os.close(descriptor)
    stop.close()


def test_an_agent_that_reads_nothing_is_left(tmp_path: Path) -> None:
    """After as long as it would wait for us; with exit code 1, and nothing waits for it meanwhile."""
    stdin, to_us = os.pipe()
    from_us, stdout = os.pipe()
    os.write(stdout, b"x" * (1 << 16))  # pipe(7): what one holds
    times = iter(range(0, 10_000, 8))
    stop = Stop()
    tmp_path.chmod(0o700)
    endpoint = Endpoint(str(tmp_path), "idle")

    def clock() -> float:
        return float(next(times))

    agent = Agent(stdin, stdout, clock)
    code = PersistentProcess("idle", cast("Module", _Idle()), agent, endpoint, stop, clock).run()

    assert code == 1
    assert not endpoint.is_open
    for descriptor in (stdin, to_us, from_us, stdout):
        os.close(descriptor)
    stop.close()
