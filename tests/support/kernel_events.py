"""Events for tests, made of lines as the kernel writes them."""

from __future__ import annotations

import lzma
from pathlib import Path

from streams import groups_of

from mig_audit.modules.audit.events import (
    Decoder,
    Event,
    TableNames,
)

_RECORDS = Path(__file__).parents[1] / "data" / "records"
_DEFAULTS = {
    "arch": "c000003e", "syscall": "59", "success": "yes", "exit": "0", "a0": "0", "a1": "0", "a2": "0", "a3": "0",
    "items": "0", "ppid": "1", "pid": "100", "auid": "1000", "uid": "0", "gid": "0", "euid": "0", "suid": "0",
    "fsuid": "0", "egid": "0", "sgid": "0", "fsgid": "0", "tty": "(none)", "ses": "1", "comm": '"true"',
    "exe": '"/usr/bin/true"', "key": '"exec"',
}  # fmt: skip
NAMES = TableNames({0: "root", 1000: "alice", 1001: "bob"}, {0: "root"})


def syscall_body(**fields: object) -> str:
    """Return the body of a SYSCALL record: of an execve of /usr/bin/true by root, but for the fields given."""
    return " ".join(f"{name}={value}" for name, value in {**_DEFAULTS, **fields}.items())


def lines_of(*records: tuple[str, str], serial: int = 1, time: float = 1_700_000_000.0) -> list[bytes]:
    """Return the lines of one event: each record is its type and its body."""
    stamp = f"msg=audit({time:.3f}:{serial})"
    return [f"type={kind} {stamp}: {body}".encode("utf-8", "surrogateescape") for kind, body in records]


def events_of(lines: list[bytes]) -> list[Event]:
    """Return the events of a log."""
    decoder = Decoder(NAMES)
    return [decoder.decode(group) for group in groups_of(lines)]


def event_of(*records: tuple[str, str], serial: int = 1, time: float = 1_700_000_000.0) -> Event:
    """Return one event."""
    (event,) = events_of(lines_of(*records, serial=serial, time=time))
    return event


def syscall_event(
    *others: tuple[str, str], serial: int = 1, time: float = 1_700_000_000.0, **fields: object
) -> Event:
    """Return the event of a system call."""
    records = [("SYSCALL", syscall_body(**fields)), *others, ("EOE", "")]
    return event_of(*records, serial=serial, time=time)


def log_lines(name: str) -> list[bytes]:
    """Return the lines of a captured log."""
    content = lzma.decompress((_RECORDS / f"{name}.log.xz").read_bytes())
    return [line for line in content.split(b"\n") if line]
