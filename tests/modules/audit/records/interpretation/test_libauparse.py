"""Every field means what libauparse says, or the difference is listed with its reason."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Optional

import libauparse
import libauparse_answers as answers_of
import pytest
import synthetic_records
from interpretation_differences import Answer, Difference, differences, reasons
from streams import groups_of

from mig_audit.modules.audit.events import names_from_files
from mig_audit.modules.audit.records import Record, parse_fields, parse_line
from mig_audit.modules.audit.records.interpretation import Interpreted, interpret
from mig_audit.modules.audit.tables import arch_name, syscall_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_RECORDS = answers_of.DATA / "records"
_NAMES = names_from_files((_RECORDS / "passwd").read_bytes(), (_RECORDS / "group").read_bytes())
_ASK = answers_of.DATA / "interpretation" / "ask_libauparse.py"
_DIFFERENCES = differences()
_CALLS = answers_of.Calls()
_KEYS = re.compile(r"(?:2[134-9A-BD-F]|[3-6][0-9A-F]|7[0-9A-E]|01)+")  # printable, without quotes and commas


@cache
def _golden() -> tuple[dict[answers_of.Key, Optional[str]], dict[str, int]]:
    return answers_of.read_golden()


def _read(log: str) -> Iterator[tuple[Record, tuple[Interpreted, ...]]]:
    """Yield the records that libauparse gives out; the end of an event is none of them."""
    lines = answers_of.lines(log) if log else [line.encode() for line in synthetic_records.records()]
    for line in lines:
        record = parse_line(line)
        if record.type != "EOE":
            yield record, interpret(record, _NAMES)


def _answers(record: Record, fields: tuple[Interpreted, ...]) -> Iterator[Answer]:
    """Yield what both say of a record's fields, but for answers of libauparse that are no text."""
    values = {field.name: field.raw.decode("latin-1") for field in reversed(fields)}
    for field in fields:
        key = _CALLS.key(record.type, field.name, field.raw.decode("latin-1"), values)
        theirs = _theirs(key)
        if theirs is not None:
            yield Answer(*key[:3], *_call(key[3]), theirs, field.text)


def _theirs(key: answers_of.Key) -> Optional[str]:
    answers, _ = _golden()
    record, name, raw, _ = key
    if name != "key" or not re.fullmatch("(?:[0-9A-F]{2})+", raw):
        return answers.get(key, answers_of.expected(name, raw))
    # libauparse makes a field of each key, and puts quotes around it.
    keys = bytes.fromhex(raw).decode("latin-1").split("\x01") if _KEYS.fullmatch(raw) else []
    texts = [answers.get((record, name, f'"{text}"', "")) for text in keys]
    return ",".join(text for text in texts if text) if texts and all(texts) else None


def _call(context: str) -> tuple[str, str]:
    elf, _, rest = context.partition(" ")
    number = rest.partition(" ")[0]
    machine = arch_name(int(elf, 16)) if elf else None
    call = syscall_name(machine, int(number)) if machine and number.isdigit() else None
    return machine or "", call or ""


@cache
def _differing(log: str) -> frozenset[Answer]:
    return frozenset(
        answer
        for record, fields in _read(log)
        for answer in _answers(record, fields)
        if answer.ours != answer.theirs
    )


@pytest.mark.corpus
@pytest.mark.parametrize("log", [*answers_of.LOGS, ""])
def test_every_field_means_what_libauparse_says(log: str) -> None:
    """Of captured logs and of synthetic records; where it does not, one listed difference says why."""
    assert [answer for answer in _differing(log) if len(reasons(_DIFFERENCES, answer)) != 1] == []


@pytest.mark.corpus
def test_every_event_of_a_busy_host_has_the_fields_that_libauparse_finds() -> None:
    """20,719 events, each of their 82,672 records field by field."""
    log = answers_of.LOGS[0]
    groups = groups_of(answers_of.lines(log))
    assert len({group.records[0].serial for group in groups}) == len(groups) == 20_719
    shapes = Counter(
        answers_of.shape(record.type, [field.name for field in interpret(record, _NAMES)])
        for group in groups
        for record in group.records
        if record.type != "EOE"
    )
    assert shapes == _golden()[1]
    assert sum(shapes.values()) == 82_672


@pytest.mark.corpus
def test_every_listed_difference_is_one() -> None:
    """None is listed that no record shows, and the calls whose arguments only we interpret are complete."""
    seen: Counter[str] = Counter()
    more: defaultdict[str, set[str]] = defaultdict(set)
    for log in (*answers_of.LOGS, ""):
        for answer in _differing(log):
            names = reasons(_DIFFERENCES, answer)
            seen.update(names)
            if names == ["more-arguments"]:
                more[answer.call].add(answer.field)
    assert seen.keys() == {difference.name for difference in _DIFFERENCES}
    listed = next(difference.calls for difference in _DIFFERENCES if difference.name == "more-arguments")
    assert {call: tuple(sorted(names)) for call, names in more.items()} == listed


@pytest.mark.parametrize("difference", _DIFFERENCES, ids=lambda difference: difference.name)
def test_the_example_of_a_difference_shows_it(difference: Difference) -> None:
    """What is documented is what happens."""
    kind, _, body = difference.record.partition(" ")
    record = parse_line(f"{kind} msg=audit(1700000000.000:1): {body}".encode())
    fields = interpret(record, _NAMES)
    assert {field.name: field.text for field in fields}[difference.field] == difference.mig_audit
    theirs = {answer.field: answer.theirs for answer in _answers(record, fields)}
    # What is no UTF-8 is no text: `cafe` is one word for us and two bytes for them.
    assert (
        theirs.get(difference.field, difference.libauparse) == difference.libauparse != difference.mig_audit
    )


_WORDS_IN_QUOTES = re.compile(rb'"[^"]* [^"]*"')
_OURS_ALONE = frozenset({"text", "seresult", "seperms"})
_FORMER = {"old-auid": "auid", "old-ses": "ses"}  # libauparse's names of what LOGIN once called old


def _kinds() -> list[bytes]:
    """Return records of every kind, but for those with fields that libauparse cuts, or joins."""
    lines = (answers_of.DATA / "records" / "kinds.log").read_bytes().split(b"\n")[:-1]
    return [line for line in lines if not _WORDS_IN_QUOTES.search(line) and b"5op=" not in line]


def _our_fields(record: Record) -> tuple[str, ...]:
    former = _FORMER if b" old auid=" in record.body else {}
    names = [former.get(name, name) for name, raw in parse_fields(record.body) if raw]
    return (record.type, *(name for name in names if name not in _OURS_ALONE))


def _their_fields(record: libauparse.Seen) -> tuple[str, ...]:
    kind, *names = [(value if name == b"type" else name) or b"" for name, value in record]
    texts = [name.decode() for name in names]
    first = [name for index, name in enumerate(texts) if name != "key" or "key" not in texts[:index]]
    return (kind.decode(), *(name for name in first if name not in _OURS_ALONE))


def test_every_kind_of_record_has_the_fields_that_libauparse_finds() -> None:
    """But for words without a name, what is granted, and several keys."""
    if libauparse.missing():
        pytest.skip(libauparse.missing())
    ours = Counter(_our_fields(record) for record in map(parse_line, _kinds()) if record.type != "EOE")
    seen = [record for event in libauparse.events(_kinds()) for record in event]
    theirs = Counter(fields for fields in map(_their_fields, seen) if fields != ("EOE",))

    assert theirs == ours
    assert sum(theirs.values()) > 170


def _beside_our_users(*command: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run a program that sees our users and groups in place of the host's, or skip the test."""
    if os.geteuid() != 0:
        pytest.skip("needs root to hide the host's users from libauparse")
    mount = " && ".join(f"mount --bind {_RECORDS / name} /etc/{name}" for name in ("passwd", "group"))
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh", *command],
        check=True,
        capture_output=True,
    )


def _need(path: str, what: str) -> None:
    if not Path(path).exists():
        pytest.skip(f"{what} is not installed: make test-tools")
    version = subprocess.run(
        ["dpkg-query", "-W", "-f=${Version}", "libauparse0"], check=False, capture_output=True, text=True
    ).stdout
    if not version.startswith("1:3.0.9-"):
        pytest.skip(f"the golden answers are of libauparse 3.0.9, here is {version or 'another'}")


@pytest.mark.corpus
def test_the_golden_answers_are_libauparse_s(tmp_path: Path) -> None:
    """Asked again, it says the same."""
    _need("/usr/lib/python3/dist-packages/auparse.cpython-311-x86_64-linux-gnu.so", "python3-audit")
    again = tmp_path / "answers"
    _beside_our_users("/usr/bin/python3", _ASK, again)
    assert again.read_bytes() == answers_of.GOLDEN.read_bytes()


@pytest.mark.corpus
def test_ausearch_says_the_same_as_libauparse(tmp_path: Path) -> None:
    """Each record of a busy host, whole: our fields with libauparse's answers are a line of ``ausearch -i``."""
    _need("/usr/sbin/ausearch", "ausearch")
    log = tmp_path / "log"
    log.write_bytes(b"\n".join(answers_of.lines("busy-host")) + b"\n")
    output = _beside_our_users("/usr/sbin/ausearch", "-i", "-if", log).stdout
    theirs = Counter(
        (int(serial), kind.decode(), _unwrapped(line.decode("utf-8")))
        for kind, serial, line in re.findall(rb"(?m)^type=(\S+) msg=audit\(.*?:(\d+)\) : (.*)$", output)
        if kind != b"EOE"
    )
    ours = Counter(
        (
            record.serial,
            record.type,
            " ".join(f"{each.field}={each.theirs}" for each in _answers(record, fields)),
        )
        for record, fields in _read("busy-host")
    )
    assert output.count(b"----\n") >= 20_719
    assert ours == theirs


def _unwrapped(line: str) -> str:
    """Return a line without the marks of a message that stands in another."""
    line = line.rstrip(" ")
    return line.replace("msg='", "", 1)[:-1] if "msg='" in line else line
