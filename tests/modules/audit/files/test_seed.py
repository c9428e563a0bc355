"""A snapshot of what ran when the log began."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from file_calls import PID, birth, call, item, names, places, told
from file_truth import content, coverage, precision, rows_of, score, serials_of

from mig_audit.errors import ParametersError
from mig_audit.modules.audit.files.confidence import WORDS
from mig_audit.modules.audit.files.seed import parse_seed

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.call import Call
    from mig_audit.modules.audit.files.rows import Row

_DATA = {
    "fd": 3,
    "path": "/work/data",
    "dev": "fe:00",
    "inode": 7,
    "mode": "100644",
    "flags": "100002",
    "position": 40,
}


def _seeded(document: dict[str, Any], *calls: Call) -> list[Row]:
    return told(*calls, seed=parse_seed(document))


def _process(*descriptors: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"processes": [{"pid": PID, "threads": 1, "descriptors": list(descriptors), **more}]}


def test_what_was_open_is_known_and_only_probable() -> None:
    """Its position until the first seek."""
    read = call("read", 3, exit=5)
    rows = _seeded(_process(_DATA), read, call("lseek", 3, 0, 0, exit=0), read)

    assert names(rows) == [(row.kind, "/work/data", "probable") for row in rows]
    assert places(rows) == [("READ", 40, "probable"), ("LSEEK", 0, "exact"), ("READ", 0, "exact")]
    assert {row.flags for row in rows} == {("seeded",)}


def test_descriptors_that_share_an_open_file_share_its_position() -> None:
    """In one process or several."""
    document = _process({**_DATA, "file": "a"}, {**_DATA, "fd": 4, "file": "a"})
    document["processes"].append({"pid": 11, "threads": 1, "descriptors": [{**_DATA, "fd": 9, "file": "a"}]})
    rows = _seeded(
        document,
        call("read", 3, exit=5),
        call("read", 4, exit=5),
        call("read", 9, exit=5, pid=11),
        call("read", 3, exit=1),
    )

    assert [row.start for row in rows] == [40, 45, 50, 55]
    assert "shared_ofd" in rows[-1].flags


def test_the_flags_and_the_size_of_a_descriptor_count() -> None:
    """O_APPEND and O_CLOEXEC."""
    log = {**_DATA, "flags": "2102001", "size": 900}
    rows = _seeded(_process(log), call("write", 3, exit=5), birth(), call("read", 3, exit=1))

    assert places(rows)[0] == ("WRITE", 900, "probable")
    assert names(rows)[1:] == [("CLOSE", "/work/data", "probable"), ("READ", "/work/data", "probable")]


def test_what_is_no_file_has_no_name_and_no_position() -> None:
    """Pipes, sockets, and a ring, through which more is done than is seen."""
    pipe = {"fd": 3, "path": "pipe:[77]", "mode": "10600"}
    ring = {"fd": 4, "path": "anon_inode:[io_uring]"}
    rows = _seeded(_process(pipe, ring), call("read", 3, exit=5), call("read", 4, exit=5))

    assert {WORDS[row.start_confidence] for row in rows} == {"n/a"}
    assert {row.path for row in rows} == {None}
    assert all("uring" in row.flags for row in rows)


def test_directories_are_known() -> None:
    """Where relative names, and names in /proc, begin."""
    jailed = _process(_DATA, cwd="/jail/home", root="/jail")
    opened = call("openat", 2**32 - 100, exit=5, paths=(item("/etc/passwd", 8),))
    linked = call("openat", 2**32 - 100, exit=6, paths=(item("/proc/self/cwd", 9),), cwd=None)

    assert names(_seeded(jailed, linked, opened)) == [
        ("OPEN", "/jail/home", "probable"),
        ("OPEN", "/jail/etc/passwd", "probable"),
    ]


def test_a_snapshot_is_of_one_host() -> None:
    """The processes of another one have the same numbers."""
    rows = _seeded(
        {"node": "web1", **_process(_DATA)},
        *[call("read", 3, exit=5, node=node) for node in ("web1", "web2")],
    )

    assert [row.path for row in rows] == ["/work/data", None]


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"processes": [{"pid": -1, "descriptors": []}]},
        _process({"fd": 2**31}),
        _process({"fd": 3, "path": "a\nb"}),
        _process({"fd": 3, "flags": "9"}),
        _process({"fd": 3, "colour": "red"}),
    ],
)
def test_a_snapshot_that_does_not_fit_its_schema_is_refused(document: object) -> None:
    """With every problem."""
    with pytest.raises(ParametersError):
        parse_seed(document)


def test_with_a_snapshot_the_rest_of_a_log_is_known() -> None:
    """A log from its middle on, and what the kernel said of its descriptors then."""
    log = content("d1_seqpos", "raw.log")
    first = 9713300
    serials = serials_of("d1_seqpos")
    lines = log.splitlines(keepends=True)
    rest = b"".join(line for line in lines if int(line.partition(b"): ")[0].rpartition(b":")[2]) >= first)
    found: dict[int, dict[str, Any]] = {}
    pid = 0
    for true in map(json.loads, content("d1_seqpos", "truth.jsonl").splitlines()):
        if "in0" in true and serials[true["n"]] >= first:
            pid = true["pid"]
            found.setdefault(true["in0"]["fd"], true["in0"])
    known = found[3]
    descriptor = {
        "fd": 3,
        "path": known["path"],
        "dev": known["dev"],
        "inode": known["ino"],
        "mode": known["mode"],
        "position": known["pos"],
        "flags": known["flags"],
        "size": known["size"],
    }
    seed = parse_seed({"processes": [{"pid": pid, "threads": 1, "descriptors": [descriptor]}]})

    without = score("d1_seqpos", rows_of(rest)[0])
    result = score("d1_seqpos", rows_of(rest, seed=seed)[0])

    assert coverage(without.paths) < 0.5
    assert coverage(result.paths) == coverage(result.starts) == 1
    assert precision(result.paths, "probable") == precision(result.starts, "exact") == 1
