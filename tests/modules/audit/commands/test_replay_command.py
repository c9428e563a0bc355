"""`mig-audit replay`, as a process."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from interruptions import interrupted

import mig_audit
from mig_audit.modules.audit.formats import FORMATS
from mig_audit.stop import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["heeded"]
_SHORT = 160_000  # bytes of a log
_RECORDS = Path(__file__).parents[3] / "data" / "records"
_EVENT = (
    b"type=SYSCALL msg=audit(1700000000.000:%d): arch=c000003e syscall=59 success=yes exit=0 a0=0 a1=0 a2=0 a3=0 items=0"
    b" ppid=1 pid=2 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=(none) ses=1"
    b' comm="true" exe="/usr/bin/true" key="exec"\n'
    b'type=EXECVE msg=audit(1700000000.000:%d): argc=2 a0="true" a1="%d"\n'
    b"type=EOE msg=audit(1700000000.000:%d): \n"
)


def _events(*serials: int) -> bytes:
    return b"".join(_EVENT % ((serial,) * 4) for serial in serials)


def _replay(*arguments: object, stdin: bytes = b"", code: int = 0) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mig_audit", "replay", *map(str, arguments)]
    result = subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60)
    assert result.returncode == code, result.stderr.decode()
    return result


def _numbers(output: bytes) -> list[str]:
    return [json.loads(line)["details"]["argv"][1] for line in output.splitlines()]


def _stats(result: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    ledger: dict[str, Any] = json.loads(result.stderr.splitlines()[-1])
    return ledger


def test_a_whole_log_becomes_events_and_not_a_word() -> None:
    """Data on stdout alone."""
    result = _replay("-", stdin=_events(1, 2, 3))

    assert _numbers(result.stdout) == ["1", "2", "3"]
    assert result.stderr == b""


def test_a_busy_log_is_all_there() -> None:
    """20,719 events, of 99,995 records."""
    result = _replay(_RECORDS / "busy-host.log.xz", "--stats")

    assert len(result.stdout.splitlines()) == 20_719
    assert _stats(result)["records"] == {
        "received": 99_995,
        "in_events": 99_995,
        "unparsed": 0,
        "unparsed_samples": [],
        "balanced": True,
    }


def _pythons() -> list[str]:
    """Return the other supported Pythons that are on PATH or under pyenv; replay needs no more than one of them."""
    found = []
    for minor in range(9, 16):
        under_pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"3.{minor}.*/bin/python3"))
        candidates = [shutil.which(f"python3.{minor}"), *map(str, under_pyenv)]
        works = (
            candidate
            for candidate in candidates
            if candidate
            and not subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode
        )
        found += [next(works, "")] if minor != sys.version_info.minor else []
    return [python for python in found if python]


@pytest.mark.corpus
def test_the_bytes_are_the_same_on_every_python() -> None:
    """On a host of other names, in another time zone and language."""
    pythons = _pythons()
    if not pythons:
        pytest.skip("no other Python is installed to compare with")
    root = str(Path(mig_audit.__file__).resolve().parent.parent)
    digests = {}
    for python in (sys.executable, *pythons):
        digest = hashlib.sha256()
        for path in sorted(_RECORDS.glob("*.log.xz")):
            command = [
                python,
                "-m",
                "mig_audit",
                "replay",
                str(path),
                "--passwd",
                str(_RECORDS / "passwd"),
                "--hostname",
                "h",
            ]
            environment = {
                "PYTHONPATH": root,
                "TZ": "UTC" if python is sys.executable else "Asia/Tokyo",
                "LC_ALL": "C",
            }
            digest.update(subprocess.run(command, capture_output=True, check=False, env=environment).stdout)
        digests[python] = digest.hexdigest()

    assert set(digests.values()) == {digests[sys.executable]}, digests


@pytest.mark.corpus
def test_every_formats_bytes_are_the_same_on_every_python() -> None:
    """Of the short logs, which have the odd records; the others are compared in the default format alone."""
    pythons = _pythons()
    if not pythons:
        pytest.skip("no other Python is installed to compare with")
    program = (
        "import sys; from mig_audit.cli import main\n"
        "for name in sys.argv[1].split(','): main(['replay', '--format', name, *sys.argv[2:]])"
    )
    logs = [
        str(path)
        for path in sorted(_RECORDS.glob("*.log.xz"))
        if len(lzma.decompress(path.read_bytes())) < _SHORT
    ]
    assert len(logs) > 8
    arguments = [",".join(sorted(FORMATS)), *logs, "--passwd", str(_RECORDS / "passwd"), "--hostname", "h"]
    environment = {"PYTHONPATH": str(Path(mig_audit.__file__).resolve().parent.parent), "LC_ALL": "C"}
    made = {
        python: subprocess.run(
            [python, "-c", program, *arguments], capture_output=True, check=False, env=environment
        ).stdout
        for python in (sys.executable, *pythons)
    }

    assert made[sys.executable].count(b"\n") > 1000
    assert set(made.values()) == {made[sys.executable]}, {python: len(data) for python, data in made.items()}


def test_a_rotated_set_is_one_stream(tmp_path: Path) -> None:
    """An event that a rotation cut in two is one event; the order is said."""
    text = _events(1, 2, 3)
    cut = text.index(b"type=EXECVE", len(text) // 2)
    (tmp_path / "audit.log.2.gz").write_bytes(gzip.compress(_events(0)))
    (tmp_path / "audit.log.1").write_bytes(text[:cut])
    (tmp_path / "audit.log").write_bytes(text[cut:])
    result = _replay(tmp_path / "audit.log", tmp_path / "audit.log.2.gz", tmp_path / "audit.log.1")

    assert _numbers(result.stdout) == ["0", "1", "2", "3"]
    order = " ".join(str(tmp_path / name) for name in ["audit.log.2.gz", "audit.log.1", "audit.log"])
    assert result.stderr.decode() == f"mig-audit: read in this order: {order}\n"


def test_what_is_not_whole_is_told_in_one_line() -> None:
    """And in the exit code, if lines were kept aside."""
    text = _events(1) + b"nonsense\n" + _events(3)[: -len(_events(3).splitlines()[-1]) - 1]
    result = _replay("-", stdin=text, code=1)

    assert result.stderr.decode() == (
        "mig-audit: 6 lines, 2 events: 1 line is no record; 1 event is incomplete; 1 serial missing (2)\n"
    )


def test_the_ledger_can_be_read_by_programs(tmp_path: Path) -> None:
    """On stderr or in a file."""
    result = _replay("-", "--stats", "--stats-file", tmp_path / "ledger.json", stdin=_events(1, 4, 5, 7))

    ledger = _stats(result)
    assert ledger == json.loads((tmp_path / "ledger.json").read_text())
    assert ledger["serials"][""]["missing"] == 3
    assert ledger["serials"][""]["ranges"] == [[2, 3], [6, 6]]
    assert ledger["events"]["endings"] == {"eoe": 4}


def test_a_torn_last_line_is_read_as_it_is_and_told() -> None:
    """Exit code 1."""
    result = _replay("-", stdin=_events(1)[:-4], code=1)

    assert result.stderr.decode().splitlines()[-1] == (
        "mig-audit: the last line of stdin has no newline: it may be torn"
    )


def test_what_can_be_read_of_a_torn_compressed_log_is_read(tmp_path: Path) -> None:
    """Then it is an error."""
    path = tmp_path / "audit.log.xz"
    path.write_bytes(lzma.compress(_events(*range(2000)))[:-20])
    result = _replay(path, code=1)

    assert _numbers(result.stdout)[:1500] == [str(number) for number in range(1500)]
    assert b"is compressed, and torn: its end is missing" in result.stderr


def test_a_line_of_a_gigabyte_is_kept_aside_in_little_memory() -> None:
    """What is around it is read."""
    program = (
        "import sys, subprocess, resource\n"
        "p = subprocess.Popen([sys.executable, '-m', 'mig_audit', 'replay', '-'], stdin=subprocess.PIPE)\n"
        "before, after = sys.argv[1].encode(), sys.argv[2].encode()\n"
        "p.stdin.write(before)\n"
        "for _ in range(1024): p.stdin.write(b'x' * (1 << 20))\n"
        "p.stdin.write(b'\\n' + after)\n"
        "p.stdin.close(); p.wait()\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program, _events(1).decode(), _events(2).decode()]
    result = subprocess.run(command, capture_output=True, check=True)

    assert _numbers(result.stdout) == ["1", "2"]
    assert b"7 lines, 2 events: 1 line is no record" in result.stderr
    assert int(result.stderr.splitlines()[-1]) < 64 * 1024


@pytest.mark.parametrize("form", ["mozdef", "records"])
def test_a_log_that_went_through_another_system_has_the_same_events(form: str) -> None:
    """Where its lines end is no part of a record."""
    log = lzma.decompress((_RECORDS / "file-enriched.log.xz").read_bytes())
    plain, other = (_replay("--format", form, "-", stdin=each) for each in (log, log.replace(b"\n", b"\r\n")))

    assert plain.stdout == other.stdout


def test_audisp_json_reads_line_ends_as_its_original_does() -> None:
    """As a part of the last field, which is an argument here."""
    log = _events(1).replace(b'a1="1"', b"a1=xyz").replace(b"\n", b"\r\n")
    original, ours = (_replay("--format", name, "-", stdin=log) for name in ("audisp-json", "mozdef"))

    assert b'"command": "true xyz015"' in original.stdout
    assert b'"command":"true xyz"' in ours.stdout


def test_names_and_host_are_those_that_are_given(tmp_path: Path) -> None:
    """Of the host that the log is from; an id without a name there has none."""
    (tmp_path / "passwd").write_text("boss:x:0:0::/:/bin/sh\n")
    named = json.loads(
        _replay("-", "--passwd", tmp_path / "passwd", "--hostname", "elsewhere", stdin=_events(1)).stdout
    )

    assert (named["hostname"], named["details"]["user"]) == ("elsewhere", "boss")
    assert "originaluser" not in named["details"]


def test_changes_to_audit_by_a_run_are_shown_unless_its_process_is_named() -> None:
    """A run does not count them as findings."""
    text = (
        b"type=CONFIG_CHANGE msg=audit(1700000000.000:1): op=set audit_pid=2 old=0 auid=0 ses=1 res=1\n"
        + _events(1)
    )
    with_own, without = _replay("-", stdin=text), _replay("-", "--own-pid", "2", "--stats", stdin=text)

    assert (len(with_own.stdout.splitlines()), without.stdout) == (1, b"")
    assert _stats(without)["events"]["own"] == 1


def test_an_output_file_is_complete_or_not_there(tmp_path: Path) -> None:
    """Also if there are no events."""
    _replay("-", "-o", tmp_path / "events", stdin=_events(1))
    _replay("-", "-o", tmp_path / "none", stdin=b"")
    _replay(tmp_path / "nosuch", "-o", tmp_path / "not", code=2)

    assert _numbers((tmp_path / "events").read_bytes()) == ["1"]
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "events": 0o600,
        "none": 0o600,
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch.log"], "nosuch.log cannot be read: No such file"),
        (["/"], "there are no logs in /"),
        (["-", "--format", "nosuch"], "nosuch"),
        (["-", "--passwd", "nosuch"], "nosuch cannot be read: No such file"),
        (["-", "-o", "/nosuch/file"], "/nosuch/file cannot be written: No such file"),
        (["-", "-o", "/nosuch/file", "--follow"], "/nosuch/file cannot be written: No such file"),
    ],
)
def test_what_cannot_be_done_is_a_usage_error(arguments: list[str], words: str) -> None:
    """Exit code 2, and one sentence."""
    result = _replay(*arguments, code=2)

    assert result.stdout == b""
    assert words in result.stderr.decode()
    assert len(result.stderr.splitlines()) == 1


def test_a_full_disk_is_told() -> None:
    """Not silently less than all."""
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "mig_audit", "replay", "-"]
        result = subprocess.run(command, input=_events(1), stdout=full, stderr=subprocess.PIPE, check=False)

    assert result.returncode == 2
    assert b"the events could not be written: No space left on device" in result.stderr


@pytest.mark.parametrize(
    "options", [["-o", "LOG"], ["--follow", "-o", "LOG"], ["-o", "LINK"], ["--stats-file", "LOG"]]
)
def test_a_log_is_not_written_over(tmp_path: Path, options: list[str]) -> None:
    """It is evidence, whatever it is called."""
    log, link = tmp_path / "raw.log", tmp_path / "link"
    log.write_bytes(_events(1))
    link.symlink_to(log)
    places = {"LOG": str(log), "LINK": str(link)}

    result = _replay(str(log), *(places.get(option, option) for option in options), code=2)

    assert (
        result.stderr.decode() == f"mig-audit: {log} is also where the output goes: write to another file\n"
    )
    assert log.read_bytes() == _events(1)


def test_no_output_replaces_another_or_what_is_read(tmp_path: Path) -> None:
    """The events would be lost to the ledger, or the log's users."""
    both, users = tmp_path / "both", tmp_path / "passwd"
    users.write_text("root:x:0:0::/:/bin/sh\n")

    for options in (
        ["-o", both, "--stats-file", both],
        ["-o", users, "--passwd", users],
        ["--stats-file", users, "--passwd", users],
    ):
        result = _replay("-", *options, code=2, stdin=_events(1))
        assert b"is also where the output goes" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["passwd"]
    assert users.read_text() == "root:x:0:0::/:/bin/sh\n"


@pytest.mark.parametrize("option", ["-o", "--stats-file"])
def test_an_output_that_cannot_be_written_is_refused_before_anything_is_read(
    tmp_path: Path, option: str
) -> None:
    """Not when all the work is done."""
    for target, words in (
        (tmp_path, b"is a folder"),
        ("", b"has no name"),
        (tmp_path / "no" / "x", b"No such"),
    ):
        result = _replay("-", option, target, code=2, stdin=_events(1))
        assert result.stdout == b""
        assert words in result.stderr


@pytest.mark.parametrize("command", ["replay", "events"])
def test_a_log_is_not_appended_to(tmp_path: Path, command: str) -> None:
    """As with ``>> raw.log``."""
    log = tmp_path / "raw.log"
    log.write_bytes(_events(1))
    with log.open("ab") as file:
        result = subprocess.run(
            [sys.executable, "-m", "mig_audit", command, str(log)],
            stdout=file,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert (result.returncode, b"is also where the output goes" in result.stderr) == (2, True)
    assert log.read_bytes() == _events(1)


def test_a_reader_that_leaves_early_is_not_an_error() -> None:
    """SIGPIPE is quiet."""
    command = f"{sys.executable} -m mig_audit replay {_RECORDS / 'busy-host.log.xz'} | head -n 1"
    result = subprocess.run(["sh", "-c", command], capture_output=True, check=False)

    assert (len(result.stdout.splitlines()), result.stderr) == (1, b"")


def _until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 20
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_a_log_is_followed_until_a_signal(tmp_path: Path) -> None:
    """Events are there as soon as nothing more is, and at the signal the open ones too."""
    log, events = tmp_path / "audit.log", tmp_path / "events"
    log.write_bytes(_events(1))
    command = [sys.executable, "-m", "mig_audit", "replay", "--follow", str(log), "-o", str(events)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        _until(lambda: events.exists() and _numbers(events.read_bytes()) == ["1"], process)
        log.rename(tmp_path / "audit.log.1")
        log.write_bytes(_events(2) + _events(3)[: -len(_events(3).splitlines()[-1]) - 1])
        _until(lambda: _numbers(events.read_bytes()) == ["1", "2"], process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)

    assert process.returncode == 0
    assert _numbers(events.read_bytes()) == ["1", "2", "3"]
    assert said.decode() == "mig-audit: 8 lines, 3 events: 1 event is incomplete\n"


@pytest.mark.usefixtures("signals_heeded")
def test_a_pipe_is_read_as_it_is_filled() -> None:
    """Whoever waits for events gets them; a signal before its end is told."""
    command = [sys.executable, "-m", "mig_audit", "replay", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(_events(1))
        process.stdin.flush()
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.wait(20)
        assert process.stderr is not None
        said = process.stderr.read()

    assert _numbers(first) == ["1"]
    assert process.returncode == 1
    assert said == b"mig-audit: stopped by SIGINT before the end: what was read by then was written\n"


@pytest.mark.usefixtures("signals_heeded")
def test_a_signal_leaves_an_output_file_as_it_was(tmp_path: Path) -> None:
    """It would not be complete."""
    (tmp_path / "events").write_bytes(b"earlier")
    os.mkfifo(tmp_path / "fifo")

    result = interrupted(["replay", "fifo", "-o", "events"], signal.SIGINT, tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "mig-audit: stopped by SIGINT before the end: events was not written\n"
    assert (tmp_path / "events").read_bytes() == b"earlier"


def test_a_torn_line_of_an_earlier_time_is_not_lengthened(tmp_path: Path) -> None:
    """The disk was full, and now there is room again."""
    log, events = tmp_path / "audit.log", tmp_path / "events"
    log.write_bytes(_events(1))
    events.write_bytes(b'{"torn')
    command = [sys.executable, "-m", "mig_audit", "replay", "--follow", str(log), "-o", str(events)]
    with subprocess.Popen(command) as process:
        _until(lambda: events.read_bytes().endswith(b"}\n"), process)
        process.send_signal(signal.SIGTERM)

    torn, event = events.read_bytes().splitlines()
    assert torn == b'{"torn'
    assert _numbers(event) == ["1"]


@pytest.mark.usefixtures("signals_heeded")
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", ["replay", "events"])
def test_a_signal_ends_the_wait_for_a_pipes_writer(
    tmp_path: Path, command: str, number: signal.Signals
) -> None:
    """As it ends the reading of one that is open."""
    os.mkfifo(tmp_path / "fifo")

    result = interrupted([command, "fifo"], number, tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"mig-audit: stopped by {number.name} before the end: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_pipe_is_opened_before_its_writer_comes(tmp_path: Path) -> None:
    """And read to its end."""
    os.mkfifo(tmp_path / "fifo")
    command = [sys.executable, "-m", "mig_audit", "replay", str(tmp_path / "fifo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        with (tmp_path / "fifo").open("wb") as writer:  # waits for the reader
            writer.write(_events(1, 2))
        stdout, stderr = process.communicate(timeout=20)

    assert (process.returncode, stderr) == (0, b"")
    assert _numbers(stdout) == ["1", "2"]


@pytest.mark.usefixtures("signals_heeded")
@pytest.mark.parametrize("option", ["--passwd", "--group"])
def test_a_signal_ends_the_wait_for_an_account_file(tmp_path: Path, option: str) -> None:
    """Nothing has been read by then."""
    os.mkfifo(tmp_path / "fifo")

    result = interrupted(["replay", option, "fifo", "-"], signal.SIGTERM, tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "mig-audit: stopped by SIGTERM before fifo was read: nothing was done\n"


def test_a_log_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    """Exit code 1, and the reason in the ledger."""
    (tmp_path / "good.log").write_bytes(_events(1))

    result = _replay("/proc/self/mem", tmp_path / "good.log", "--stats", code=1)

    assert _numbers(result.stdout) == ["1"]
    assert ["could not be read on" in error for error in _stats(result)["errors"]] == [True]


def test_there_may_be_more_logs_than_open_files(tmp_path: Path) -> None:
    """They are read one after the other, and the line on their order is short."""
    for number in range(1, 101):
        (tmp_path / f"audit.log.{number}").write_bytes(_events(101 - number))
    command = f'ulimit -n 64; exec "{sys.executable}" -m mig_audit replay "$@"'
    result = subprocess.run(
        ["sh", "-c", command, "sh", tmp_path], capture_output=True, check=False, timeout=60
    )

    assert result.returncode == 0, result.stderr
    assert _numbers(result.stdout) == [str(serial) for serial in range(1, 101)]
    names = [f"{tmp_path}/audit.log.{number}" for number in (100, 99, 98, 97, 4, 3, 2, 1)]
    assert result.stderr.decode() == (
        f"mig-audit: read in this order: {' '.join(names[:4])} ... {' '.join(names[4:])} (100 logs)\n"
    )


def test_nothing_is_imported_that_is_not_needed() -> None:
    """Start-up is a good part of the time that a small log takes."""
    code = (
        "import sys; from mig_audit.__main__ import entrypoint\n"
        "entrypoint()\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "replay", "-"]
    done = subprocess.run(command, input=_events(1), capture_output=True, check=True)
    imported = set(done.stderr.decode().split())
    unwanted = (
        "dataclasses inspect socket pathlib datetime ipaddress zlib lzma bz2 tempfile subprocess shutil"
        " importlib.metadata http email hashlib asyncio requests jsonschema psutil orjson"
    )

    assert _numbers(done.stdout) == ["1"]
    assert "mig_audit.modules.audit.replay" in imported
    assert imported.isdisjoint(unwanted.split())
    rooms = ("kernel", "sinks", "rules", "recorder", "events.filters", "events.enrichment")
    ours = tuple(f"mig_audit.modules.audit.{room}" for room in rooms)
    assert [name for name in imported if name.startswith((*ours, "mig_audit.validation"))] == []
