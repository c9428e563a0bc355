"""The command line, as a process, without a kernel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from subprocess import PIPE
from typing import TYPE_CHECKING

import pytest
from interruptions import interrupted

import mig_audit
from mig_audit.__main__ import entrypoint
from mig_audit.cli import build_parser
from mig_audit.documents import MAX_DOCUMENT
from mig_audit.errors import EXIT_CODES
from mig_audit.stop import SIGNALS

if TYPE_CHECKING:
    import signal
    from pathlib import Path
    from typing import NoReturn

pytest_plugins = ["heeded"]
pytestmark = pytest.mark.smoke

_EXAMPLE = {"rules": ["-a always,exit -F arch=b64 -S execve -k exec"]}


def _mig_audit(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mig_audit", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


def test_the_version_is_printed() -> None:
    """For scripts that collect it."""
    assert _mig_audit("--version").stdout == f"mig-audit {mig_audit.__version__}\n"


def test_every_exit_code_is_in_the_help() -> None:
    """They are a contract."""
    text = re.sub(r"\s+", " ", build_parser().format_help())

    for code, meaning in EXIT_CODES.items():
        assert f"{code} {meaning}" in text


def test_without_a_command_the_usage_is_shown() -> None:
    """On stderr, with exit code 2."""
    result = _mig_audit()

    assert (result.returncode, result.stdout) == (2, "")
    assert "usage: mig-audit" in result.stderr


def test_help_needs_neither_requests_nor_jsonschema() -> None:
    """They take longer to import than everything else together."""
    code = "import sys; from mig_audit.cli import build_parser; build_parser(); print(sorted({'requests', 'jsonschema', 'psutil'} & set(sys.modules)))"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "[]\n"


@pytest.mark.parametrize("name", ["parameters", "results", "event", "action"])
def test_a_schema_is_printed_as_it_is_published(name: str) -> None:
    """By its short name."""
    schema = json.loads(_mig_audit("schema", name).stdout)

    assert schema["$id"].endswith(f"{name}.v1.schema.json")


_SCHEMAS = [
    "parameters",
    "configuration",
    "results",
    "event",
    "records",
    "files",
    "file-seed",
    "doctor",
    "restore",
    "action",
]


def test_the_names_of_the_schemas_are_listed() -> None:
    """One a line."""
    assert sorted(_mig_audit("schema").stdout.splitlines()) == sorted(_SCHEMAS)


def test_an_unknown_schema_is_a_usage_error() -> None:
    """With the names that exist."""
    result = _mig_audit("schema", "nosuch")

    assert result.returncode == 2
    said = "mig-audit: there is no schema 'nosuch': known schemas: "
    assert result.stderr.startswith(said)
    assert sorted(result.stderr[len(said) :].strip().split(", ")) == sorted(_SCHEMAS)


def test_a_valid_document_is_valid(tmp_path: Path) -> None:
    """Data on stdout, nothing on stderr."""
    path = tmp_path / "params.json"
    path.write_text(json.dumps(_EXAMPLE))

    result = _mig_audit("validate", str(path))

    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {"valid": True, "problems": []}


def test_every_problem_is_reported_at_once() -> None:
    """As data on stdout and in words on stderr."""
    result = _mig_audit("validate", "-", stdin='{"rules": 1, "windw": "3s"}')

    assert result.returncode == 2
    problems = json.loads(result.stdout)["problems"]
    assert [(problem["path"], problem["keyword"]) for problem in problems] == [
        ("$.rules", "type"),
        ("$.windw", "additionalProperties"),
    ]
    assert result.stderr.splitlines()[1] == "mig-audit: $.windw: unknown field; did you mean window?"


def test_bad_rules_are_problems_too() -> None:
    """With their place in the document and the column in their text."""
    result = _mig_audit(
        "validate", "-", stdin=json.dumps({"rules": [*_EXAMPLE["rules"], "-a always,exit -S nosuch"]})
    )

    assert result.returncode == 2
    (problem,) = json.loads(result.stdout)["problems"]
    assert (problem["path"], problem["keyword"]) == ("$.rules[1]", "rule")
    assert "column 19" in problem["message"]


def test_an_unknown_profile_is_a_problem() -> None:
    """With the names that exist."""
    result = _mig_audit("validate", "-", stdin='{"rules": [{"profile": "nosuch"}]}')

    assert result.returncode == 2
    assert "no profile 'nosuch'; known: exec, identity, network" in result.stderr


@pytest.mark.parametrize("text", ["{", "[1,", '{"rules": [], "rules": []}'])
def test_a_document_that_is_not_json_is_a_usage_error(text: str) -> None:
    """Exit code 2 and one sentence."""
    result = _mig_audit("validate", "-", stdin=text)

    assert result.returncode == 2
    assert result.stderr.startswith("mig-audit: stdin is not JSON:")
    assert len(result.stderr.splitlines()) == 1


def test_a_document_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    """The error names the file and the reason."""
    result = _mig_audit("run", str(tmp_path / "nosuch.json"))

    assert result.returncode == 2
    assert "nosuch.json cannot be read: No such file or directory" in result.stderr
    assert json.loads(result.stdout)["errors"] == [result.stderr.removeprefix("mig-audit: ").strip()]


def test_invalid_parameters_give_an_envelope_too() -> None:
    """For scripts that read nothing else."""
    result = _mig_audit("run", "-", stdin='{"rules": 1}')

    assert result.returncode == 2
    envelope = json.loads(result.stdout)
    assert list(envelope) == ["foundanything", "success", "elements", "statistics", "errors"]
    assert envelope["errors"] == ["$.rules: 1 is not an array"]


def test_an_output_that_cannot_be_written_costs_no_window(tmp_path: Path) -> None:
    """It is tried before anything else."""
    result = _mig_audit("run", "-", "-o", str(tmp_path / "no" / "result.json"), stdin=json.dumps(_EXAMPLE))

    assert result.returncode == 2
    assert "cannot be written: No such file or directory" in result.stderr


def test_the_output_file_is_private_and_nothing_else_is_left(tmp_path: Path) -> None:
    """Complete, or not at all."""
    target = tmp_path / "result.json"
    _mig_audit("run", "-", "-o", str(target), stdin='{"rules": 1}')

    assert json.loads(target.read_text())["success"] is False
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [target]


def test_found_only_prints_nothing_where_nothing_was_found(tmp_path: Path) -> None:
    """Neither to stdout nor to a file."""
    result = _mig_audit("run", "-", "--found-only", "-o", str(tmp_path / "result.json"), stdin='{"rules": 1}')

    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_result_for_people_is_lines() -> None:
    """In MIG's order: elements, errors, statistics."""
    result = _mig_audit("run", "-", "--pretty", stdin='{"rules": 1}')

    assert result.stdout == "error: $.rules: 1 is not an array\n"


def test_a_result_for_people_is_printable() -> None:
    """Whatever names are in it."""
    result = _mig_audit("run", "/nowhere/\x1b[31m", "--pretty")

    assert result.stdout.count("\n") == 1
    assert result.stdout.rstrip("\n").isprintable()
    assert "x1b[31m" in result.stdout


@pytest.mark.parametrize("arguments", [("\x1b[31m",), ("run", "a.json", "--\x1b[31m"), ("rules", "\x1b[31m")])
def test_what_is_wrong_with_the_arguments_is_printable(arguments: tuple[str, ...]) -> None:
    """They may be the names of anybody's files."""
    result = _mig_audit(*arguments)

    assert result.returncode == 2
    assert "x1b[31m" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("", "stdin ended before a message"),
        ("nonsense", "is not JSON"),
        ('{"class":"ping"}', "unexpected input is not module parameters"),
        ('{"class":"parameters","parameters":{"rules":1}}', "$.rules: 1 is not an array"),
    ],
)
def test_an_agent_gets_an_envelope_and_exit_code_0_whatever_it_sends(message: str, words: str) -> None:
    """MIG's agent throws away the output of a module that exits with anything else."""
    result = _mig_audit("-m", "audit", stdin=message)

    assert result.returncode == 0
    envelope = json.loads(result.stdout)
    assert envelope["success"] is False
    assert words in envelope["errors"][0]
    assert not result.stdout.endswith("\n")


def test_an_unknown_module_is_answered_with_errors_alone() -> None:
    """As MIG's own binary does."""
    result = _mig_audit("-m", "nosuch", stdin="")

    assert (result.returncode, result.stdout) == (0, '{"errors": ["module \'nosuch\' is not available"]}')


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("audit", "error: $.rules: 1 is not an array\n"),
        ("nosuch", "error: module 'nosuch' is not available\n"),
    ],
)
def test_an_agent_may_ask_for_lines_for_people(module: str, line: str) -> None:
    """Exit code 0, as always."""
    result = _mig_audit("-p", "-m", module, stdin='{"class":"parameters","parameters":{"rules":1}}')

    assert (result.returncode, result.stdout, result.stderr) == (0, line, "")


@pytest.mark.usefixtures("signals_heeded")
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    "arguments",
    [("validate", "-"), ("validate", "fifo"), ("rules", "check", "-"), ("rules", "explain", "fifo")],
)
def test_a_signal_ends_the_wait_for_a_document(
    tmp_path: Path, arguments: tuple[str, ...], number: signal.Signals
) -> None:
    """With one line and the exit code of a stop; on stdin, or a pipe that nobody opens for writing."""
    os.mkfifo(tmp_path / "fifo")

    result = interrupted(arguments, number, tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    name = "stdin" if arguments[-1] == "-" else "fifo"
    assert result.stderr == f"mig-audit: stopped by {number.name} before {name} was read: nothing was done\n"


@pytest.mark.usefixtures("signals_heeded")
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    ("arguments", "code"), [(("run", "-"), 1), (("run", "fifo"), 1), (("-m", "audit"), 0)]
)
def test_a_signal_is_answered_with_an_envelope_before_there_are_parameters(
    tmp_path: Path, arguments: tuple[str, ...], code: int, number: signal.Signals
) -> None:
    """Whatever happens."""
    os.mkfifo(tmp_path / "fifo")

    result = interrupted(arguments, number, tmp_path)
    envelope = json.loads(result.stdout)

    assert result.returncode == code
    assert envelope["success"] is False
    assert envelope["errors"][0].startswith(f"stopped by {number.name} before ")
    assert "Traceback" not in result.stderr


def test_an_interrupt_before_anything_heeds_it_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback."""

    def interrupt() -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("mig_audit.cli.main", interrupt)
    monkeypatch.setattr("gc.freeze", lambda: None)
    monkeypatch.setattr("gc.set_threshold", lambda *_: None)

    assert entrypoint() == 1
    assert capsys.readouterr().err == "mig-audit: stopped by SIGINT\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "/dev/zero"),
        ("run", "/dev/zero"),
        ("rules", "check", "/dev/zero"),
        ("rules", "explain", "/dev/zero"),
        ("replay", "--passwd", "/dev/zero", "/dev/null"),
        ("events", "--group", "/dev/zero", "/dev/null"),
    ],
)
def test_what_has_no_end_is_refused_in_little_memory(arguments: tuple[str, ...]) -> None:
    """Exit code 2, and the bound."""
    command = f'ulimit -v 2000000; exec "{sys.executable}" -m mig_audit "$@"'
    result = subprocess.run(
        ["sh", "-c", command, "sh", *arguments], capture_output=True, text=True, check=False, timeout=60
    )

    assert result.returncode == 2
    assert f"/dev/zero has more than {MAX_DOCUMENT} bytes" in result.stderr


def test_too_few_descriptors_are_told(tmp_path: Path) -> None:
    """Exit code 2: they are the caller's to give."""
    pipes = [tmp_path / str(number) for number in range(40)]
    for pipe in pipes:
        os.mkfifo(pipe)
    command = f'ulimit -n 32; exec "{sys.executable}" -m mig_audit replay "$@"'
    result = subprocess.run(
        ["sh", "-c", command, "sh", *pipes], capture_output=True, text=True, check=False, timeout=60
    )

    assert result.returncode == 2
    assert result.stderr.startswith("mig-audit: too few files may be open: EMFILE")
    assert "ulimit -n" in result.stderr


def test_a_reader_that_leaves_early_is_not_an_error() -> None:
    """SIGPIPE is quiet."""
    command = f"{sys.executable} -m mig_audit schema parameters | head -c 10"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert (result.stdout[0], result.stderr) == ("{", "")


def test_data_is_utf8_whatever_the_locale_says(tmp_path: Path) -> None:
    """Also for a rule file that is not."""
    rules = tmp_path / "site.rules"
    rules.write_bytes(b"-w /etc/\xff -p wa -k \xc3\xbc\n-a never,\xc3\xbc\xff\n")
    document = {"rules": [{"file": str(rules)}], "strict_rules": True}
    command = [sys.executable, "-m", "mig_audit", "run", "-"]
    environment = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PATH": "/usr/bin:/bin"}

    result = subprocess.run(
        command, input=json.dumps(document).encode(), capture_output=True, env=environment, check=False
    )

    assert result.returncode == 2
    assert "site.rules line 2" in json.loads(result.stdout.decode("utf-8"))["errors"][0]


@pytest.mark.parametrize("arguments", [("--version",), ("rules", "--help"), ("--help",)])
def test_a_command_imports_nothing_of_the_others(arguments: tuple[str, ...]) -> None:
    """None of these records a window, or validates a document."""
    code = (
        "import sys; from mig_audit.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted(name for name in sys.modules if name.startswith('mig_audit.')), file=sys.stderr)"
    )

    result = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )

    assert "mig_audit.modules.audit.module" in result.stderr
    assert not re.search(
        r"mig_audit\.(runner|validation|modules\.audit\.(window|report|sinks))", result.stderr
    )


def test_every_command_says_what_its_options_are() -> None:
    """Though its implementation is imported for that alone."""
    commands = re.findall(r"^    ([a-z]+) ", build_parser().format_help(), re.MULTILINE)

    assert {"run", "validate", "schema", "rules"} <= set(commands)
    for command in commands:
        assert "  -h, --help" in _mig_audit(command, "--help").stdout


def _in_shell(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = f'exec "$@" {redirection}'
    command = ["sh", "-c", script, "sh", sys.executable, "-m", "mig_audit", *arguments]
    return subprocess.run(
        command, input="-w /etc/passwd -p wa\n", capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [["schema"], ["-m", "audit"], ["rules", "convert", "-"]])
@pytest.mark.parametrize(
    ("redirection", "reason"), [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")]
)
def test_a_stdout_that_takes_nothing_is_told(redirection: str, reason: str, arguments: list[str]) -> None:
    """Its reader would take what is missing for nothing found."""
    result = _in_shell(redirection, *arguments)

    *errors, last = result.stderr.splitlines()
    assert last == f"mig-audit: stdout could not be written: {reason}: write to another place"
    assert len(errors) == (arguments[0] == "-m")  # what the envelope would have said
    assert result.returncode == 2


@pytest.mark.parametrize("command", [["replay", "-"], ["events", "-"], ["rules", "check", "-"]])
def test_a_closed_stdin_is_not_some_other_file(command: list[str]) -> None:
    """Whatever is opened first would have its number."""
    result = _in_shell("<&-", *command)

    assert result.returncode in {1, 2}
    assert "Bad file descriptor" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_agent_is_answered_even_without_a_stdin() -> None:
    """An envelope and exit code 0, as always."""
    result = _in_shell("<&-", "-m", "audit")

    assert (result.returncode, result.stderr) == (0, "")
    assert "stdin cannot be read: Bad file descriptor" in json.loads(result.stdout)["errors"][0]


def test_a_name_that_the_locale_cannot_write_is_told(tmp_path: Path) -> None:
    """It is a name as good as any other where the locale is one of UTF-8."""
    document = tmp_path / "params.json"
    document.write_text(
        json.dumps({"rules": [{"file": f"{tmp_path}/r\xfcles"}]}, ensure_ascii=False), "utf-8"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "mig_audit", "validate", str(document)]
    result = subprocess.run(
        command, env={**os.environ, **ascii_only}, capture_output=True, text=True, check=False
    )

    assert result.returncode == 2
    assert "the locale's encoding, ascii, cannot write" in result.stderr
    assert "PYTHONUTF8=1" in result.stderr


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-", ""])
def test_a_stderr_that_takes_nothing_changes_no_result(stderr: str) -> None:
    """It is where people read, and they may be gone: their terminal was hung up, or `head` had enough."""
    reading, writing = os.pipe()
    os.close(reading)
    shell = ["sh", "-c", f'exec "$@" {stderr}', "sh", sys.executable, "-m", "mig_audit"]
    log = "no record\ntype=AVC msg=audit(1.000:1): pid=1\n"
    command = [*shell, "replay", "--format", "text", "-"]
    result = subprocess.run(command, input=log, stdout=PIPE, stderr=writing, text=True, check=False)
    os.close(writing)

    assert result.returncode == 1  # a line was kept aside
    assert result.stdout.count("\n") == 1


def test_a_ledger_that_was_asked_for_and_cannot_be_written_is_told() -> None:
    """By the exit code: there is no other way left."""
    result = _in_shell("2>/dev/full", "replay", "--stats", os.devnull)

    assert result.returncode == 2


def test_a_closed_stderr_is_not_in_the_way() -> None:
    """Who starts programs without one has nothing to read there."""
    result = _in_shell("2>&-", "schema", "event")

    assert (result.returncode, json.loads(result.stdout)["$schema"][:5]) == (0, "https")
