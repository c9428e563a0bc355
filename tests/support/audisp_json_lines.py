"""Single events through the `audisp-json` format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional

from mig_audit.modules.audit.events import Decoder, Origin, TableNames, make_group
from mig_audit.modules.audit.formats import make_format
from mig_audit.modules.audit.records import parse_line

if TYPE_CHECKING:
    from pathlib import Path

USERS = TableNames({0: "root", 1000: "kang", 54322: "audit two", 4_294_966_296: "wrapped"}, {})
CALL = (
    "arch=c000003e syscall={number} success=yes exit=0 a0=2 a1=80001 a2=7 a3=8 items=1 ppid=100 pid=200 auid=1000 uid=0"
    ' gid=10 euid=11 suid=12 fsuid=13 egid=14 sgid=15 fsgid=16 tty=pts0 ses=7 comm="cmd" exe="/bin/cmd" key="k1"'
)
PATH = "item=0 name={name} inode={inode} dev=fe:00 mode=0100640 ouid=1 ogid=2 rdev=00:00 nametype=NORMAL"

_PAIR = re.compile(rb'"([a-z_]+)": "([^"]*)"')


def call(number: int = 87) -> str:
    """Return a SYSCALL record; 87 is unlink."""
    return "SYSCALL " + CALL.format(number=number)


def path(name: str = '"/x"', inode: int = 1) -> str:
    """Return a PATH record."""
    return "PATH " + PATH.format(name=name, inode=inode)


def line(*records: str, proc: Optional[Path] = None, hostname: str = "h", second: int = 1) -> Optional[bytes]:
    """Return the line of one event, whose records are each ``TYPE fields``."""
    lines = []
    for record in records:
        kind, _, body = record.partition(" ")
        lines.append(f"type={kind} msg=audit({second}.000:42): {body}".encode("latin-1"))
    group = make_group([parse_line(each) for each in lines], "eoe")
    return make_format("audisp-json", Origin(hostname, USERS, proc)).encode(Decoder(USERS).decode(group))


def head(*records: str) -> tuple[bytes, bytes]:
    """Return category and summary of an event that has a line."""
    pairs = dict(_pairs(line(*records)))
    return pairs[b"category"], pairs[b"summary"]


def details(*records: str, proc: Optional[Path] = None) -> list[tuple[bytes, bytes]]:
    """Return keys and values of an event that has a line, in the order of its records: the last one first."""
    data = line(*records, proc=proc)
    assert data is not None
    return list(reversed(_pairs(data.partition(b'"details": {')[2])))


def detail(key: str, *records: str, proc: Optional[Path] = None) -> list[bytes]:
    """Return the values of one key, in the order of the records."""
    return [value for known, value in details(*records, proc=proc) if known == key.encode()]


def _pairs(data: Optional[bytes]) -> list[tuple[bytes, bytes]]:
    assert data is not None
    return [(key, value) for key, value in _PAIR.findall(data)]
