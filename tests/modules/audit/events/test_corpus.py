"""Captured logs are grouped as ausearch groups them, and decoded to what is known about them."""

from __future__ import annotations

import csv
import lzma
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from streams import groups_of

from mig_audit.modules.audit.events import Decoder, Event, Ledger, TableNames

DATA = Path(__file__).parents[3] / "data" / "records"
LOGS = "cfg exec execlong file file-enriched login longpath special synth-fields synth-interleave uid user user-enriched watch"
MALFORMED = (
    "apparmor-info-unlink apparmor-noinfo-unlink argc-huge argc-negative ctrl-json json-over-4096 json-over-4096-hex"
    " paths-30 paths-31 paths-32 paths-34 paths-40 records-200 type-empty type-uppercase type-zero"
)


def _log(name: str) -> list[bytes]:
    """Return the lines of a captured log."""
    path = DATA / name
    content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return [line for line in content.split(b"\n") if line]


def _events(lines: list[bytes]) -> list[Event]:
    decoder = Decoder(TableNames({}, {}))
    return [decoder.decode(group) for group in groups_of(lines)]


@pytest.mark.parametrize("name", [f"{name}.log.xz" for name in LOGS.split()])
def test_every_record_of_a_log_is_in_an_event(name: str) -> None:
    """None of them is refused."""
    lines = _log(name)

    assert sum(len(event.records) for event in _events(lines)) == len(lines)


def test_times_from_1970_to_9999_are_read() -> None:
    """The year 10000 is kept aside: no format has it."""
    ledger = Ledger()
    groups = groups_of(_log("synth-tz.log.xz"), ledger)
    times = sorted(Decoder(TableNames({}, {})).decode(group).timestamp for group in groups)

    assert (times[0], times[-1]) == ("1970-01-01T00:00:00.999+00:00", "9999-12-31T23:59:59.999+00:00")
    assert (len(groups), ledger.account().aside) == (18, 5)


@pytest.mark.parametrize("name", [f"malformed/{name}.log" for name in MALFORMED.split()])
def test_malformed_input_does_not_disturb_what_follows(name: str) -> None:
    """Each of these crashes, hangs or corrupts the program whose format we write."""
    last = _events(_log(name))[-1]

    assert (last.serial, last.category, last.complete) == (99, "write", True)
    assert [path.path for path in last.paths] == ["/tmp/survived"]  # noqa: S108 - in a record


def test_the_arguments_of_long_commands_are_whole() -> None:
    """What the workload ran: one argument of every length, and two thousand short ones."""
    commands = [
        event.process.argv for event in _events(_log("execlong.log.xz")) if event.category == "execve"
    ]
    echo = "/bin/echo"

    assert commands == [
        (echo, "L" * 7400),
        (echo, "L" * 7600, "after"),
        (echo, "M" * 20_000, "after"),
        (echo, r"\xff" * 9000, "after"),
        (echo, *(f"n{number:05}" for number in range(2000))),
        (echo, *["N" * 1500] * 10),
    ]


def test_a_busy_host_did_what_it_did() -> None:
    """Every event has a category; the counts are those of the system calls and types in the log."""
    counts = Counter(event.category for event in _events(_log("busy-host.log.xz")))

    assert sum(counts.values()) == 20_719
    assert counts["connect"] == 5588
    assert counts["execve"] == 667
    assert counts["read"] + counts["write"] == 5237 + 3990 + 1667 + 122 + 45
    assert counts["authentication"] == 308 + 306 + 299 + 307 + 324
    assert counts["session"] == 297 + 317 + 338 + 1
    assert counts["service"] == 299 + 276
    assert counts["command"] == 323


def test_enriched_and_plain_logs_give_the_same_events() -> None:
    """But for names: auditd's additions are no fields."""
    plain, enriched = (
        [
            (event.category, event.syscall and event.syscall.name, event.rest, event.gaps)
            for event in _events(
                [line.partition(b"\x1d")[0] if strip else line for line in _log("file-enriched.log.xz")]
            )
        ]
        for strip in (True, False)
    )

    assert plain == enriched


@pytest.mark.corpus
@pytest.mark.skipif(
    shutil.which("ausearch") is None, reason="ausearch is not installed: nothing to compare with"
)
@pytest.mark.parametrize(
    "name",
    [
        "busy-host",
        "cfg",
        "exec",
        "execlong",
        "file",
        "file-enriched",
        "login",
        "special",
        "uid",
        "user",
        "watch",
    ],
)
def test_ausearch_finds_the_same_events(name: str, tmp_path: Path) -> None:
    """The same ids, and as many events of each: but ausearch takes a LOGIN record from its system call."""
    lines = _log(f"{name}.log.xz")
    path = tmp_path / "raw.log"
    path.write_bytes(b"\n".join(lines) + b"\n")
    output = subprocess.run(
        ["ausearch", "-if", str(path), "--format", "csv"], check=True, capture_output=True, timeout=60
    ).stdout.decode("utf-8", "replace")
    theirs = Counter(
        row["SERIAL_NUM"] for row in csv.DictReader(output.splitlines()) if row["EVENT"] != "LOGIN"
    )
    ours = Counter(str(event.serial) for event in _events(lines) if event.types != ("LOGIN",))

    assert ours == theirs
