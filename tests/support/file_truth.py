"""What the kernel said of files, descriptors and positions while a log was recorded, and how far rows agree with it.

Each workload in ``tests/data/file-activity`` was run under ptrace: for every system call the tracer asked the kernel for the
descriptor's path, position and flags before and after. Pids, arguments and results join the calls with those of the log.
"""

from __future__ import annotations

import json
import lzma
import os
import posixpath
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mig_audit.modules.audit.events import TableNames
from mig_audit.modules.audit.files.confidence import WORDS
from mig_audit.modules.audit.files.pipeline import FilesPipeline
from mig_audit.modules.audit.records import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mig_audit.modules.audit.files.rows import Row
    from mig_audit.modules.audit.files.seed import Seed

DATA = Path(__file__).parents[1] / "data" / "file-activity"
WORKLOADS = ("d1_seqpos", "d2_dupappend", "d3_forkexec", "d4_threads", "d5_paths", "d6_apps")
_FAMILIES = {"PREAD": "READ", "PWRITE": "WRITE"}
_NO_NAME = frozenset({"FORK", "THREAD", "FAIL"})
_POSITIONED = frozenset({"READ", "WRITE", "PREAD", "PWRITE", "LSEEK"})
_DELETED = " (deleted)"
# Symbolic links to folders, of the host and of the workloads.
_LINKS = (("/lib/", "/usr/lib/"), ("/lib64/", "/usr/lib64/"), ("/bin/", "/usr/bin/"), ("/dirlink/", "/a/b/"))


class Rows:
    """Keeps the rows that it is told."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def tell(self, row: Row) -> None:
        """Take one row."""
        self.rows.append(row)


class Score(NamedTuple):
    """How many values had which confidence, and how many of them were right; and how many processes were found.

    ``paths`` and ``starts`` count by confidence and whether it was right.
    """

    paths: Counter[tuple[str, bool]]
    starts: Counter[tuple[str, bool]]
    forks: Counter[bool]
    wrong: list[tuple[str, Any, Any]]


@cache
def content(workload: str, name: str) -> bytes:
    """Return a file of a workload."""
    return lzma.decompress((DATA / workload / f"{name}.xz").read_bytes())


def rows_of(log: bytes, size: int = 1 << 20, seed: Seed | None = None) -> tuple[list[Row], FilesPipeline]:
    """Return the rows of a log that is read in blocks of at least this size, and what made them."""
    rows = Rows()
    pipeline = FilesPipeline(rows, TableNames({}, {}), seed)
    start = 0
    while start < len(log):
        end = log.find(b"\n", min(start + size, len(log)) - 1) + 1 or len(log)
        pipeline.feed(log[start:end])
        start = end
    pipeline.flush()
    return rows.rows, pipeline


def score(workload: str, rows: Sequence[Row]) -> Score:
    """Compare rows with the truth."""
    truth = [json.loads(line) for line in content(workload, "truth.jsonl").splitlines()]
    told = [json.loads(line) for line in content(workload, "truth_rows.jsonl").splitlines()]
    serials = serials_of(workload)
    made: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        made[row.call.serial].append(row)
    result = Score(Counter(), Counter(), Counter(), [])
    aliases = _aliases(truth)
    forks = {(row.pid, row.child) for row in rows if row.kind == "FORK"}
    for true in told:
        if true["act"] == "FORK":
            result.forks[(true["parent"], true["child"]) in forks] += 1
        elif true["act"] not in _NO_NAME:
            found = _matching(true, made[serials[true["n"]]])
            if found is not None:
                _compare(true, found, aliases, result)
    return result


def total(scores: Iterable[Score]) -> Score:
    """Return several scores together."""
    together = Score(Counter(), Counter(), Counter(), [])
    for each in scores:
        together.paths.update(each.paths)
        together.starts.update(each.starts)
        together.forks.update(each.forks)
        together.wrong.extend(each.wrong)
    return together


def precision(counts: Mapping[tuple[str, bool], int], word: str) -> float:
    """Return which share of the values of this confidence is right."""
    right, wrong = counts[word, True], counts[word, False]
    return right / (right + wrong)


def coverage(counts: Mapping[tuple[str, bool], int]) -> float:
    """Return which share of the values is known."""
    known = sum(number for (word, _), number in counts.items() if word != "unknown")
    return known / sum(counts.values())


@cache
def serials_of(workload: str) -> dict[int, int]:
    """Return the serial of each call of the truth: the n-th call of a process with its arguments and result is the same."""
    seen: Counter[tuple[Any, ...]] = Counter()
    serials, last = {}, -1
    for row in sorted(rows_of(content(workload, "raw.log"))[0], key=lambda row: row.call.serial):
        call = row.call
        if call.serial != last:
            last = call.serial
            serials[_numbered(seen, call.pid, call.name or "", call.args, call.exit)] = call.serial
    seen.clear()
    truth = [json.loads(line) for line in content(workload, "truth.jsonl").splitlines()]
    found = {}
    for true in sorted(
        (each for each in truth if "ret" in each), key=lambda each: each.get("t1", each["t0"])
    ):
        args = [argument % 2**64 for argument in true["a"][:4]]
        found[true["n"]] = serials.get(_numbered(seen, true["pid"], true["sc"], args, true["ret"]), 0)
    return found


def _numbered(
    seen: Counter[tuple[Any, ...]], pid: int, name: str, args: Sequence[int], returned: int | None
) -> tuple[Any, ...]:
    key = (pid, name.replace("64", ""), *args, returned)
    seen[key] += 1
    return (*key, seen[key])


def _matching(true: dict[str, Any], rows: Sequence[Row]) -> Row | None:
    family = _FAMILIES.get(true["act"], true["act"])
    for row in rows:
        if _FAMILIES.get(row.kind, row.kind) == family and "implicit" not in row.flags:
            return row
    return None


def _compare(true: dict[str, Any], row: Row, aliases: Mapping[str, set[str]], result: Score) -> None:
    file = _clean(true["file"])
    if file.startswith("/") and row.path_confidence is not None:
        right = row.path is not None and (_resolved(row.path) == file or file in aliases.get(row.path, ()))
        _count(result, "path", WORDS[row.path_confidence], right=right, pair=(true, row))
    if row.kind in _POSITIONED and true["mode"].startswith("100") and true.get("start") is not None:
        right = row.start == true["start"]
        _count(result, "start", WORDS[row.start_confidence], right=right, pair=(true, row))


def _count(result: Score, what: str, word: str, *, right: bool, pair: tuple[Any, Any]) -> None:
    counts = result.paths if what == "path" else result.starts
    counts[word, right and word != "unknown"] += 1
    if not right and word != "unknown":
        result.wrong.append((what, *pair))


def _clean(path: str) -> str:
    path = path.removesuffix(_DELETED)
    return printable(os.fsencode(path))


def _resolved(path: str) -> str:
    for link, target in _LINKS:
        if link in path and (path.startswith(link) or not link.startswith("/lib")):
            return path.replace(link, target, 1)
    return path


def _aliases(truth: Sequence[dict[str, Any]]) -> dict[str, set[str]]:
    """Return what the names that programs gave led to: a row has the name, and the kernel says what it is a link to."""
    aliases: dict[str, set[str]] = defaultdict(set)
    for call in truth:
        if "new" in call and "name" in call and "cwd" in call:
            name = posixpath.normpath(posixpath.join(call["cwd"], call["name"]))
            aliases[printable(os.fsencode(name))].add(_clean(call["new"]["path"]))
    return aliases
