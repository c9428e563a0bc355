"""File activity of a recorded window: what a program knows that it did is what is told of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Callable

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.kernel

_PARAMETERS = {
    "window": "30s",
    "drain": "20s",
    "events": {"limit": 0},
    "kernel": {"backlog_limit": 30000},
}
# It says of each thing that it did what the row must be: kind, path, position, bytes, process; None where there is none.
_WORK = r"""
import json, os, tempfile
folder = tempfile.mkdtemp()
os.chdir(folder)
done = []
def did(kind, name, start=None, amount=None, pid=None):
    done.append([kind, f"{folder}/{name}", start, amount, pid or os.getpid()])
for i in range(40):
    name = f"file {i}"
    fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o600); did("OPEN", name)
    os.write(fd, b"x" * (i + 100)); did("WRITE", name, 0, i + 100)
    os.write(fd, b"y" * 7); did("WRITE", name, i + 100, 7)
    os.lseek(fd, i, os.SEEK_SET); did("LSEEK", name, i)
    other = os.dup(fd); did("DUP", name)
    os.read(other, 50); did("READ", name, i, 50)
    os.pread(fd, 9, 3); did("PREAD", name, 3, 9)
    os.pwrite(fd, b"zz", 90); did("PWRITE", name, 90, 2)
    os.read(fd, 4); did("READ", name, i + 50, 4)
    os.rename(name, name + " new"); did("RENAME", name); name += " new"
    if i % 10 == 0:
        child = os.fork()
        if not child:
            os.read(fd, 5)
            os._exit(0)
        os.waitpid(child, 0); did("READ", name, i + 54, 5, child)
        done.append(["FORK", None, None, None, os.getpid(), child])
        os.read(fd, 6); did("READ", name, i + 59, 6)
    os.close(other); did("CLOSE", name)
    os.ftruncate(fd, 8); did("TRUNCATE", name, 8)
    os.unlink(name); did("UNLINK", name)
    os.close(fd); did("CLOSE", name)
    try:
        os.open(f"gone {i}", os.O_RDONLY)
    except FileNotFoundError:
        did("FAIL", f"gone {i}")
directory = os.open(".", os.O_RDONLY | os.O_DIRECTORY); done.append(["OPEN DIR", folder, None, None, os.getpid()])
os.mkdir("d", 0o700)
os.chdir("/")
fd = os.open("d/deep", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600, dir_fd=directory); did("OPEN", "d/deep")
os.write(fd, b"12345"); did("WRITE", "d/deep", 0, 5)
os.write(fd, b"678"); did("WRITE", "d/deep", 5, 3)
print(json.dumps(done))
"""


def _told(row: dict[str, Any]) -> list[Any]:
    shown = [row["row"], row.get("path"), row.get("start"), row.get("bytes"), row["pid"]]
    return [*shown, row["child"]] if row["row"] == "FORK" else shown


def _rows(log: Path, *options: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "mig_audit", "files", str(log), *options]
    result = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def recorded(run: Callable[..., Any], workload: Callable[[str], str]) -> Callable[[str], tuple[Any, Any]]:
    """Record a profile's window in which the program runs; return the raw log and what the program did."""

    def record(profile: str) -> tuple[Any, Any]:
        begun = run({**_PARAMETERS, "rules": [{"profile": profile}]})
        done = json.loads(workload(_WORK))
        begun.process.send_signal(signal.SIGTERM)
        envelope = begun.finish()
        assert envelope["elements"]["kernel"]["restored"]
        return begun.log, done

    return record


def test_all_that_a_program_did_is_told_as_it_was(recorded: Callable[[str], tuple[Any, Any]]) -> None:
    """With the full profile: some 560 things, each in its order and with its position."""
    log, done = recorded("files-full")
    pids = {each[4] for each in done}
    rows = [row for row in _rows(log) if row.get("pid") in pids]
    told = [_told(row) for row in rows]
    wanted = {json.dumps(each) for each in done}

    assert [each for each in done if each not in told] == []
    main = done[0][4]
    ours = [each for each in told if json.dumps(each) in wanted and each[4] == main and each[0] != "FORK"]
    assert ours == [each for each in done if each[4] == main and each[0] != "FORK"]
    of_files = [
        row for row in rows if str(row.get("path", "")).startswith(f"{done[-1][1][: -len('/d/deep')]}/file")
    ]
    assert {row["path_confidence"] for row in of_files} == {"exact"}
    alone = [
        row for row in of_files if row["pid"] == main and row.get("start_confidence") not in {None, "n/a"}
    ]
    assert [row["start_confidence"] for row in alone].count("exact") > 0.9 * len(alone)


@pytest.mark.parametrize(
    ("profile", "kinds"),
    [
        (
            "files-lean",
            {
                "OPEN",
                "OPEN DIR",
                "CLOSE",
                "READ",
                "WRITE",
                "PREAD",
                "PWRITE",
                "LSEEK",
                "DUP",
                "FORK",
                "RENAME",
                "UNLINK",
            },
        ),
        ("files-opens", {"OPEN", "OPEN DIR", "CLOSE", "FORK", "RENAME", "UNLINK", "FAIL"}),
    ],
)
def test_a_smaller_profile_tells_less_and_nothing_else(
    recorded: Callable[[str], tuple[Any, Any]], profile: str, kinds: set[str]
) -> None:
    """What it records is as right as in the full one."""
    log, done = recorded(profile)
    pids = {each[4] for each in done}
    told = [_told(row) for row in _rows(log) if row.get("pid") in pids]

    assert [each for each in done if each[0] in kinds and each not in told] == []


# Each read has a length of its own, by which its row is found: what was read, from where, as the kernel says it before.
_HIDDEN_WORK = r"""
import array, ctypes, json, os, socket, sys, tempfile, threading
libc = ctypes.CDLL(None)
folder = os.path.realpath(tempfile.mkdtemp())
os.chdir(folder)
seen = []
def made(name):
    with open(name, "wb") as file:
        file.write(bytes(5000))
    return os.open(f"{folder}/{name}", os.O_RDWR)
def read(fd):
    with open(f"/proc/self/fdinfo/{fd}") as told:
        position = int(told.readline().split()[1])
    amount = 1000 + len(seen)
    seen.append([amount, os.readlink(f"/proc/self/fd/{fd}"), position])
    assert len(os.read(fd, amount)) == amount
def child(work):
    pid = os.fork()
    if not pid:
        work()
        os._exit(0)
    os.waitpid(pid, 0)

kept = made("kept")
def execute():
    os.set_inheritable(kept, True)  # by an ioctl
    os.execv(sys.executable, [sys.executable, "-S", "-c", f"import os; os.read({kept}, 50)"])
child(execute)
read(kept)

ours, theirs = socket.socketpair()
first = os.fork()
if not first:
    ours.close()
    _, sent, _, _ = theirs.recvmsg(1, 100)
    os.read(array.array("i", sent[0][2][:4])[0], 70)
    theirs.send(b"x")
    os._exit(0)
passed = made("passed")
socket.send_fds(ours, [b"x"], [passed])
ours.recv(1)
read(passed)

a, b = made("a"), made("b")
assert libc.renameat2(-100, f"{folder}/a".encode(), -100, f"{folder}/b".encode(), 2) == 0
read(a)
read(b)

os.makedirs("real/d")
os.symlink("real", "link")
inside = made("real/d/f")
os.rename("link/d", "link/e")
read(inside)

shared = made("shared")
made("other")
pid = libc.syscall(56, 0x4400 | 17, 0, 0, 0, 0)  # clone: the table of descriptors is one
if not pid:
    os.close(shared)
    os.open("other", os.O_RDONLY)
    os._exit(0)
os.waitpid(pid, 0)
read(shared)
print(json.dumps([os.getpid(), seen]))
"""


def test_nothing_is_exact_that_others_changed_unseen(
    run: Callable[..., Any], workload: Callable[[str], str]
) -> None:
    """By ways that no record shows: a mark taken off, a descriptor sent, a folder renamed by a link, a shared table."""
    begun = run({**_PARAMETERS, "rules": [{"profile": "files-full"}]})
    pid, seen = json.loads(workload(_HIDDEN_WORK))
    begun.end()
    rows = {row["bytes"]: row for row in _rows(begun.log) if row["row"] == "READ" and row["pid"] == pid}

    wrong = []
    for amount, path, start in seen:
        row = rows[amount]
        if row["path_confidence"] == "exact" and row["path"] != path:
            wrong.append((row["path"], path))
        if row["start_confidence"] == "exact" and row["start"] != start:
            wrong.append((row["start"], start))
    assert wrong == []
    assert len(seen) == 6
