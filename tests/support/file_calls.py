"""Calls for the tests of file activity, and what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mig_audit.modules.audit.events import PathItem
from mig_audit.modules.audit.files.activity import Activity
from mig_audit.modules.audit.files.call import NOBODY, Call, Who
from mig_audit.modules.audit.files.confidence import WORDS
from mig_audit.modules.audit.files.reordering import Arrival

if TYPE_CHECKING:
    from mig_audit.modules.audit.files.rows import Row
    from mig_audit.modules.audit.files.seed import Seed

AT_FDCWD = 0xFFFF_FF9C
FILE, FOLDER, PIPE = "0100644", "040755", "010600"
PID = 10


def call(name: str, *args: int, exit: int = 0, **more: Any) -> Call:  # noqa: A002, ANN401  # as the records have it
    """Return a call of the program with the number 10 in /work, which succeeded; ``more`` are members of a call."""
    registers = (*[arg % 2**64 for arg in args], 0, 0, 0, 0)[:4]
    known: dict[str, Any] = {
        "seconds": 1_700_000_000,
        "name": name,
        "machine": "x86_64",
        "success": True,
        "exit": exit,
        "args": registers,
        "pid": PID,
        "ppid": 1,
        "who": Who("/usr/bin/p", "root", "alice"),
        "cwd": "/work" if more.get("paths") else None,
    }
    return NOBODY._replace(**{**known, **more})


def item(
    name: str | None, inode: int = 7, nametype: str = "NORMAL", mode: str = FILE, dev: str = "fe:00"
) -> PathItem:
    """Return a PATH record; of what does not exist, that it does not."""
    if nametype == "UNKNOWN":
        return PathItem(0, name, None, None, None, None, None, None, None, nametype, ())
    return PathItem(0, name, None, inode, dev, mode, 0, 0, "00:00", nametype, ())


def opened(  # noqa: PLR0913  # what there is of an open
    name: str,
    fd: int = 3,
    *,
    flags: int = 0,
    directory: int = AT_FDCWD,
    inode: int = 7,
    mode: str = FILE,
    nametype: str = "NORMAL",
    **more: Any,  # noqa: ANN401  # see `call`
) -> Call:
    """Return an openat that gave a descriptor."""
    paths = (item(name, inode, nametype, mode),)
    return call("openat", directory, 0, flags, exit=fd, **{"paths": paths, **more})


def failed(name: str, *args: int, errno: str = "ENOENT", **more: Any) -> Call:  # noqa: ANN401  # see `call`
    """Return a call that failed."""
    return call(name, *args, exit=-2, success=False, errno=errno, **more)


def birth(pid: int = PID) -> Call:
    """Return the start of a program, from which on everything of the process is known."""
    return call("execve", pid=pid, paths=(item("/usr/bin/p", 1, mode="0100755"),))


def told(*calls: Call, serial: int = 1000, seed: Seed | None = None) -> list[Row]:
    """Return the rows of some calls, one after the other, but for those of programs that are started."""
    return [row for row in all_told(*calls, serial=serial, seed=seed) if row.kind != "EXEC"]


def all_told(*calls: Call, serial: int = 1000, seed: Seed | None = None) -> list[Row]:
    """Return all rows of some calls."""
    activity = Activity(seed)
    rows: list[Row] = []
    for number, each in enumerate(calls, serial):
        numbered = each._replace(serial=each.serial or number)
        arrival = Arrival(numbered.serial, each.seconds, each.milliseconds, numbered)
        rows += activity.take(each.node, arrival)
    rows += activity.flush()
    return rows


def places(rows: list[Row]) -> list[tuple[str, int | None, str]]:
    """Return of each row its kind, position and how sure that is."""
    return [(row.kind, row.start, WORDS[row.start_confidence]) for row in rows]


def names(rows: list[Row]) -> list[tuple[str, str | None, str]]:
    """Return of each row its kind, path and how sure that is."""
    return [(row.kind, row.path, WORDS[row.path_confidence]) for row in rows]
