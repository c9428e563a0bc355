"""`mig-audit -i`, as a process, with a module that needs no kernel."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any, Callable

import pytest
from sample_module import command, install
from waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["heeded"]

_KEYS = ["foundanything", "success", "elements", "statistics", "errors"]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Start it with operations, or with a document."""
    environment = install(tmp_path)

    def started(operations: object, *options: str) -> subprocess.Popen[str]:
        document = {"operations": operations} if isinstance(operations, list) else operations
        (tmp_path / "action.json").write_text(json.dumps(document))
        return subprocess.Popen(
            command("-i", str(tmp_path / "action.json"), *options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=tmp_path,
        )

    return started


def _done(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def _sample(**parameters: object) -> dict[str, object]:
    return {"module": "sample", "parameters": parameters}


def test_each_operation_is_answered_in_order(start: Start) -> None:
    """In an indented array of whole envelopes."""
    code, stdout, stderr = _done(start([_sample(say="one", found=True), _sample(say="two\n")]))

    results = json.loads(stdout)
    assert (code, stderr) == (0, "")
    assert stdout == json.dumps(results, indent=2) + "\n"
    assert [list(result) for result in results] == [_KEYS, _KEYS]
    assert [(result["elements"]["said"], result["foundanything"]) for result in results] == [
        ("one", True),
        ("two\n", False),
    ]


def test_each_operation_gives_up_what_it_has_no_use_for(start: Start) -> None:
    """It is a process that does nothing else."""
    _, stdout, _ = _done(start([_sample(), _sample()]))

    assert [result["elements"]["last"] for result in json.loads(stdout)] == [True, True]


def test_what_goes_wrong_with_one_operation_costs_no_other(start: Start) -> None:
    """It is in the result of that one, and on stderr, with the exit code that explains the most."""
    packed = base64.b64encode(gzip.compress(b'{"say": "packed"}')).decode()
    operations = [
        {"module": "nosuch"},
        _sample(error="something to know"),
        {"module": "sample", "parameters": "text"},
        {"module": "sample", "parameters": "text", "is_compressed": True},
        {"module": "sample", "parameters": packed, "is_compressed": True},
    ]

    code, stdout, stderr = _done(start(operations))

    results = json.loads(stdout)
    assert code == 2
    assert [result["success"] for result in results] == [False, True, False, False, True]
    assert results[4]["elements"]["said"] == "packed"
    errors = [
        "operation 1 (nosuch): module 'nosuch' is not available: known modules: audit, sample",
        "operation 2 (sample): something to know",
        "operation 3 (sample): $: it is not an object",
        "operation 4 (sample): the compressed parameters cannot be decompressed: ",
    ]
    for line, error in zip(stderr.splitlines(), errors):
        assert line.startswith(f"mig-audit: {error}")
    assert len(stderr.splitlines()) == 4


def test_something_to_know_is_exit_code_1(start: Start) -> None:
    """As with `run`."""
    assert _done(start([_sample(), _sample(error="something to know")]))[0] == 1


def test_a_fault_is_an_envelope_and_no_traceback(start: Start) -> None:
    """Exit code 6; the operations behind it are run."""
    code, stdout, stderr = _done(start([{"module": "sample", "parameters": {"raise": "oh"}}, _sample()]))

    assert code == 6
    assert [result["success"] for result in json.loads(stdout)] == [False, True]
    assert "RuntimeError: oh" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("parameters", "words", "code"),
    [
        (
            {"object": 1},
            "the result is no JSON: TypeError: Object of type object is not JSON serializable",
            6,
        ),
        ({"exit": 0}, "the process of this run ended with exit code 6 before it answered", 1),
    ],
)
def test_a_module_that_does_not_answer_properly_is_told(
    start: Start, parameters: dict[str, object], words: str, code: int
) -> None:
    """The operations behind it are run."""
    returned, stdout, stderr = _done(start([_sample(**parameters), _sample(say="and on")]))

    told, other = json.loads(stdout)
    assert returned == code
    assert told["errors"][0].startswith(words)
    assert other["elements"]["said"] == "and on"
    assert "Traceback" not in stderr


def test_a_run_that_is_killed_is_answered_too(start: Start) -> None:
    """In its place, with what killed it."""
    code, stdout, _ = _done(start([_sample(kill=True), _sample(say="and on")]))

    killed, other = json.loads(stdout)
    assert code == 1
    assert killed["errors"][0].startswith("the process of this run was killed by SIGKILL before it answered")
    assert other["elements"]["said"] == "and on"


@pytest.mark.usefixtures("signals_heeded")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_one_operation_and_the_others_are_not_run(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    """All of them are answered for."""
    process = start(
        [_sample(say="done"), _sample(began="began", wait=60), _sample(say="never"), {"module": "nosuch"}]
    )
    until((tmp_path / "began").exists)
    process.send_signal(number)
    code, stdout, _ = _done(process)

    done, stopped, *rest = json.loads(stdout)
    assert code == 1
    assert done["elements"]["said"] == "done"
    assert stopped["elements"]["stopped"] == number.name
    not_run = [f"not run: stopped by {number.name} before its turn came: nothing was done"]
    assert [(each["success"], each["errors"]) for each in rest] == [(False, not_run)] * 2


@pytest.mark.usefixtures("signals_heeded")
def test_ctrl_c_in_a_terminal_is_one_request(start: Start, tmp_path: Path) -> None:
    """It goes to every process of the terminal's, and a second request would be a hurry."""
    process = start([_sample(began="began", wait=60)])
    until((tmp_path / "began").exists)
    run = int((tmp_path / "began").read_text())

    assert os.getsid(run) == run
    process.send_signal(signal.SIGINT)
    assert json.loads(_done(process)[1])[0]["elements"]["stopped"] == "SIGINT"


def test_a_run_ends_with_who_asked_for_it(start: Start, tmp_path: Path) -> None:
    """And undoes what it has begun: nobody would read its answer."""
    process = start([_sample(began="began", wait=60, undone="undone")])
    until((tmp_path / "began").exists)
    process.kill()
    process.communicate()

    undone = tmp_path / "undone"
    until(lambda: undone.exists() and bool(undone.read_text()))
    assert undone.read_text() == "the end of the process that asked for it"


def test_a_file_that_is_no_action_is_one_envelope(start: Start) -> None:
    """For scripts that read nothing else; on stderr each problem has its line."""
    code, stdout, stderr = _done(start({"operations": [{"modul": "audit"}], "nam": 1}))

    (result,) = json.loads(stdout)
    assert code == 2
    assert list(result) == _KEYS
    assert stderr.splitlines() == [
        "mig-audit: $.nam: unknown field; did you mean name?",
        "mig-audit: $.operations[0]: 'module' is missing",
        "mig-audit: $.operations[0].modul: unknown field; did you mean module?",
    ]


def test_a_file_that_cannot_be_read_is_one_envelope(tmp_path: Path) -> None:
    """With the reason."""
    process = subprocess.run(
        command("-i", str(tmp_path / "nosuch")), capture_output=True, text=True, check=False
    )

    assert process.returncode == 2
    assert "nosuch cannot be read: No such file or directory" in json.loads(process.stdout)[0]["errors"][0]


def test_an_action_may_come_by_stdin(tmp_path: Path) -> None:
    """As `-`."""
    action: dict[str, Any] = {"operations": [_sample(say="hello")]}
    process = subprocess.run(
        command("-i", "-"),
        input=json.dumps(action),
        capture_output=True,
        text=True,
        check=True,
        env=install(tmp_path),
    )

    assert json.loads(process.stdout)[0]["elements"]["said"] == "hello"


def test_lines_for_people_have_a_heading_for_each_operation(start: Start) -> None:
    """What is under it is what the module says."""
    code, stdout, _ = _done(start([_sample(say="a\x1b"), {"module": "no\nsuch"}], "-p"))

    assert code == 2
    assert stdout.splitlines() == [
        "operation 1 (sample):",
        "said: a\\x1b",
        "operation 2 (no\\nsuch):",
        "error: module 'no\\nsuch' is not available: known modules: audit, sample",
    ]


def test_a_module_that_cannot_describe_its_result_costs_no_other(start: Start) -> None:
    """It is a fault, and the operations behind it are run."""
    code, stdout, _ = _done(start([_sample(say="unspeakable"), _sample(say="and on")], "-p"))

    assert code == 6
    heading, fault, *rest = stdout.splitlines()
    assert heading == "operation 1 (sample):"
    assert fault.startswith("error: the result cannot be shown: KeyError: 'said'")
    assert rest == ["operation 2 (sample):", "said: and on"]


def test_people_may_want_no_more_than_what_was_found(start: Start) -> None:
    """As with `run`; errors are on stderr."""
    code, stdout, stderr = _done(
        start([_sample(say="a", error="b"), {"module": "nosuch"}], "-p", "--found-only")
    )

    assert code == 2
    assert stdout.splitlines() == ["operation 1 (sample):", "said: a", "operation 2 (nosuch):"]
    assert len(stderr.splitlines()) == 2


def test_without_a_stdout_nothing_is_run(tmp_path: Path) -> None:
    """Nobody would know what came of it."""
    (tmp_path / "action.json").write_text(json.dumps({"operations": [_sample(began="began")]}))
    process = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command("-i", "action.json")],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=install(tmp_path),
        cwd=tmp_path,
    )

    assert (process.returncode, process.stderr) == (
        2,
        "mig-audit: stdout is closed: give the command one\n",
    )
    assert not (tmp_path / "began").exists()


def test_an_operation_that_there_is_no_process_for_is_told(tmp_path: Path) -> None:
    """In its envelope, with what to do."""
    (tmp_path / "action.json").write_text(json.dumps({"operations": [_sample()]}))
    process = subprocess.run(
        ["sh", "-c", 'ulimit -n 7; exec "$@"', "sh", *command("-i", "action.json")],
        capture_output=True,
        text=True,
        check=False,
        env=install(tmp_path),
        cwd=tmp_path,
    )

    (result,) = json.loads(process.stdout)
    assert result["errors"][0].startswith("no process could be started: too few files may be open: EMFILE")
    assert process.returncode == 2


def test_a_reader_that_leaves_ends_the_rest(start: Start, tmp_path: Path) -> None:
    """Quietly: who reads no more has had enough."""
    process = start([_sample(size=1 << 20), _sample(began="began")])
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == ""

    assert process.wait(60) == 0
    assert not (tmp_path / "began").exists()


def test_one_thing_at_a_time_is_asked_of_it() -> None:
    """Exit code 2."""
    for arguments in (
        ("-m", "audit", "-i", "-"),
        ("-i", "-", "-P", "audit"),
        ("-p",),
        ("-p", "-P", "audit"),
        ("--found-only", "-m", "audit"),
    ):
        result = subprocess.run(command(*arguments), capture_output=True, text=True, check=False)
        assert (result.returncode, result.stdout) == (2, "")
