"""Whatever a log holds, it becomes rows that fit their schema, and the same ones each time."""

from __future__ import annotations

import json
import random

import pytest
from file_truth import content, rows_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mig_audit.modules.audit.files.families.table import CALLS
from mig_audit.modules.audit.files.formats import FORMATS, make_row_format
from mig_audit.modules.audit.tables import syscall_number
from mig_audit.validation import find_problems

_ARCHES = (("x86_64", "c000003e"), ("i386", "40000003"), ("aarch64", "c00000b7"), ("ppc", "14"))
_NUMBERS = st.sampled_from([0, 1, 2, 3, 4, 9, 2**31 - 1, 2**32 - 100, 2**32 - 1, 2**63, 2**64 - 1])
_NAMES = st.sampled_from(
    [
        '"a"',
        '"/a/b"',
        '"../c"',
        '"."',
        '""',
        "(null)",
        "2F0A",
        '"/proc/self/fd/3"',
        '"/proc/self/cwd"',
        '"/dev/stdin"',
        "?",
    ]
)
_PIDS = st.integers(1, 4)


@st.composite
def _events(draw: st.DrawFn) -> bytes:
    """Draw one event of a call that is followed, with whatever records and values."""
    machine, arch = draw(st.sampled_from(_ARCHES))
    name = draw(st.sampled_from(sorted(CALLS)))
    number = syscall_number(machine, str(name)) or draw(st.integers(0, 450))
    stamp = f"msg=audit(1700000000.{draw(st.integers(0, 999)):03}:{draw(st.integers(1, 60))}):"
    outcome = draw(
        st.sampled_from(
            ["success=yes exit=3", "success=yes exit=0", "success=no exit=-9", "success=yes exit=-1", ""]
        )
    )
    args = " ".join(f"a{index}={draw(_NUMBERS):x}" for index in range(4))
    pid, ppid, items = draw(_PIDS), draw(_PIDS), draw(st.integers(0, 3))
    ids = "auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0"
    lines = [
        f"type=SYSCALL {stamp} arch={arch} syscall={number} {outcome} {args} items={items} ppid={ppid} pid={pid} {ids}"
        f' tty=(none) ses=1 comm="p" exe="/p" key=(null)'.replace("  ", " ")
    ]
    if draw(st.booleans()):
        lines.append(f"type=CWD {stamp} cwd={draw(_NAMES)}")
    for index in range(draw(st.integers(0, items))):
        kind = draw(st.sampled_from(["NORMAL", "PARENT", "CREATE", "DELETE", "UNKNOWN", "?"]))
        inode = f"inode={draw(st.integers(1, 4))} dev=fe:00 mode={draw(st.sampled_from(['0100644', '040755', '010600', '9']))}"
        lines.append(
            f"type=PATH {stamp} item={index} name={draw(_NAMES)} {inode} ouid=0 ogid=0 rdev=00:00 nametype={kind}"
        )
    lines += draw(
        st.sampled_from(
            [
                [],
                [f"type=FD_PAIR {stamp} fd0=3 fd1=x"],
                [f"type=MMAP {stamp} fd=3 flags=0x1"],
                [f"type=OPENAT2 {stamp} oflag=9"],
            ]
        )
    )
    if draw(st.integers(0, 9)):
        lines.append(f"type=EOE {stamp} ")
    return "".join(f"{line}\n" for line in lines).encode()


@given(st.lists(_events(), max_size=25))
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_no_log_of_calls_breaks_anything(events: list[bytes]) -> None:
    """Each record is in an event, each event has an outcome, each row fits the schema."""
    rows, pipeline = rows_of(b"".join(events))
    account = pipeline.account()

    assert account.balanced
    assert sum(pipeline.activity.outcomes.values()) == account.events
    encode = make_row_format("jsonl", "host").encode
    for row in rows:
        document = json.loads(encode(row) or b"")
        assert find_problems(document, "audit.files.v1.schema.json") == []
    for name in FORMATS:
        form = make_row_format(name, "host")
        assert not any(b"\n" in (form.encode(row) or b"") for row in rows)


@given(st.integers(0, 2**32), st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_no_shuffled_log_breaks_anything(seed: int, mistakes: int) -> None:
    """Lines of a real one that are doubled, lost, cut and exchanged."""
    lines = content("d3_forkexec", "raw.log").splitlines(keepends=True)
    chance = random.Random(seed)  # noqa: S311  # it is to be repeatable, not secret
    for _ in range(mistakes):
        place, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        line = lines[place]
        lines[place] = chance.choice([b"", line + line, line[: len(line) // 2] + b"\n", lines[other]])

    _, pipeline = rows_of(b"".join(lines))

    assert pipeline.account().balanced
    assert sum(pipeline.activity.outcomes.values()) == pipeline.account().events


@pytest.mark.parametrize("size", [1 << 12, 1 << 16])
def test_the_same_log_gives_the_same_rows(size: int) -> None:
    """However it is cut into blocks of lines."""
    log = content("d6_apps", "raw.log")
    form = make_row_format("jsonl", "host")
    whole = [form.encode(row) for row in rows_of(log)[0]]
    rows = rows_of(log, size)[0]

    assert [form.encode(row) for row in rows] == whole
