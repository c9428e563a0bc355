#!/usr/bin/env python3
"""Make from a captured log others that are harder to read in one way each; records stay as many, in the same order.

    python bench/variants.py corpus.log FOLDER [--records 300000] [NAME...]

    spread    the same records at 200 events a second
    dense     the same at 100,000 events a second, so that thousands of events are open at once where their ends come late
    no-eoe    the same without the record that ends an event (as auditd's remote logging leaves it out)
    unique    no path, argument, title, process or inode is there twice: nothing that was seen can be used again
    entropy   every path, argument and title is of random bytes, which records write in hex
    enriched  with auditd's interpretations after each record, as it writes them by default, with this host's names
    node      with the name of the host before each record, as auditd writes it for logs that are collected; without the
              record that ends an event, as auditd 3.0.9 was seen to write it then
    nodes     the same, of four hosts in turn

Streams, so a log of any size will do.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from mig_audit.errors import RecordError
from mig_audit.modules.audit.events import HostNames
from mig_audit.modules.audit.records import parse_line
from mig_audit.modules.audit.records.interpretation import interpret
from mig_audit.modules.audit.records.interpretation.fields import field_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mig_audit.modules.audit.events import Names
    from mig_audit.modules.audit.records import Record

_STAMP = re.compile(rb"msg=audit\(([0-9]+\.[0-9]{3}:[0-9]+)\)")
_EVENTS_LIMIT = 100_000
# What a program that wants to fill caches can choose: quoted text, the same in hex, and numbers.
_TEXTS = re.compile(
    rb'\b(name|comm|exe|cwd|acct|unit|a[0-9]+|proctitle)=(?:"([^"]*)"|((?:[0-9A-F]{2}){2,}))(?=[ \'\n])'
)
_NUMBERS = re.compile(rb"\b(pid|ppid|inode|ses|exit|opid)=([0-9]+)\b")
_IDS = re.compile(rb"\b((?:a|e|s|fs|o)?uid|(?:e|s|fs|o)?gid)=([0-9]+)\b")
_IDS_TOLD_APART = 4000
_ARGUMENT = re.compile(rb"^type=SYSCALL ")
_POINTERS = re.compile(rb"\ba([0-3])=[0-9a-f]+")
# The kinds of fields that auditd interprets: those that it writes in quotes, and the others.
_QUOTED, _BARE = frozenset({"user", "group"}), frozenset({"machine", "syscall", "address"})
_NODES = (b"web1.example.com", b"web2.example.com", b"db.example.com", b"mail.example.com")


def _retimed(lines: Iterable[bytes], rate: int) -> Iterator[bytes]:
    """Yield the lines with times of so many events a second, in the order in which the events began."""
    begun: dict[bytes, bytes] = {}
    numbers = count()

    def stamp(match: re.Match[bytes]) -> bytes:
        old = match[1]
        if old not in begun:
            if len(begun) > _EVENTS_LIMIT:
                begun.pop(next(iter(begun)))
            milliseconds = next(numbers) * 1000 // rate
            serial = old.rpartition(b":")[2]
            begun[old] = b"%d.%03d:%s" % (1_700_000_000 + milliseconds // 1000, milliseconds % 1000, serial)
        return b"msg=audit(%s)" % begun[old]

    return (_STAMP.sub(stamp, line, count=1) for line in lines)


def spread(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the variant of that name; so do the others."""
    return _retimed(lines, 200)


def dense(lines: Iterable[bytes]) -> Iterator[bytes]:
    """See above."""
    return _retimed(lines, 100_000)


def no_eoe(lines: Iterable[bytes]) -> Iterator[bytes]:
    """See above."""
    return (line for line in lines if not line.startswith(b"type=EOE "))


def unique(lines: Iterable[bytes]) -> Iterator[bytes]:
    """See above; the numbers of an event's processes differ from record to record, which no reader minds."""
    numbers = count(1)

    def text(match: re.Match[bytes]) -> bytes:
        number = next(numbers)
        if match[3] is not None:
            return b"%s=%s%s" % (match[1], match[3], (b"%08d" % number).hex().upper().encode())
        return b'%s="%s.%d"' % (match[1], match[2], number)

    for line in lines:
        number = next(numbers)
        head, separator, body = line.partition(b"): ")
        body = _TEXTS.sub(text, body)
        body = _NUMBERS.sub(lambda match, number=number: b"%s=%d" % (match[1], number), body)  # type: ignore[misc]
        body = _IDS.sub(lambda match, number=number: b"%s=%d" % (match[1], number % _IDS_TOLD_APART), body)  # type: ignore[misc]
        if _ARGUMENT.match(head):
            body = _POINTERS.sub(lambda match, number=number: b"a%s=%x" % (match[1], number), body)  # type: ignore[misc]
        yield head + separator + body


def entropy(lines: Iterable[bytes]) -> Iterator[bytes]:
    """See above."""
    source = random.Random(7)  # noqa: S311 - to be repeatable, not secret

    def text(match: re.Match[bytes]) -> bytes:
        if match[1] == b"unit":
            return match[0]
        longest = 15 if match[1] == b"comm" else 120
        content = b"\xff" + bytes(byte or 1 for byte in source.randbytes(source.randint(4, longest)))
        return b"%s=%s" % (match[1], content.hex().upper().encode())

    for line in lines:
        head, separator, body = line.partition(b"): ")
        yield head + separator + _TEXTS.sub(text, body)


def enriched(lines: Iterable[bytes], names: Names | None = None) -> Iterator[bytes]:
    """See above; ``names`` are this host's if they are not given."""
    known = names or HostNames()
    for line in lines:
        try:
            added = b" ".join(_interpretations(parse_line(line), known))
        except RecordError:
            added = b""
        yield line[:-1] + b"\x1d" + added + b"\n" if added else line


def _interpretations(record: Record, names: Names) -> Iterator[bytes]:
    for field in interpret(record, names):
        kind = field_kind(record.type, field.name)
        name, text = field.name.upper().encode(), field.text.encode()
        if kind is not None and kind.name in _QUOTED:
            yield b'%b="%b"' % (name, text)
        elif kind is not None and kind.name in _BARE:
            yield b"%b=%b" % (name, text)


def node(lines: Iterable[bytes]) -> Iterator[bytes]:
    """See above."""
    return (b"node=%b %b" % (_NODES[0], line) for line in no_eoe(lines))


def nodes(lines: Iterable[bytes]) -> Iterator[bytes]:
    """See above; all records of an event are of the same host, and each host numbers its own events."""
    for line in no_eoe(lines):
        stamp = _STAMP.search(line)
        time, _, serial = stamp[1].partition(b":") if stamp else (b"", b"", b"0")
        number, place = divmod(int(serial), len(_NODES))
        own = _STAMP.sub(b"msg=audit(%b:%d)" % (time, number), line, count=1)
        yield b"node=%b %b" % (_NODES[place], own)


VARIANTS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "spread": spread,
    "dense": dense,
    "no-eoe": no_eoe,
    "unique": unique,
    "entropy": entropy,
    "enriched": enriched,
    "node": node,
    "nodes": nodes,
}


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("log", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: {' '.join(VARIANTS)}")
    parser.add_argument("--records", type=int, help="only so many of the first records")
    options = parser.parse_args()
    unknown = set(options.names) - set(VARIANTS)
    if unknown:
        parser.error(f"there is no variant {', '.join(sorted(unknown))}")
    options.folder.mkdir(exist_ok=True, parents=True)
    for name in options.names or VARIANTS:
        with options.log.open("rb") as log, (options.folder / f"{name}.log").open("wb") as variant:
            variant.writelines(VARIANTS[name](islice(log, options.records)))
        print(options.folder / f"{name}.log")
    return 0


if __name__ == "__main__":
    sys.exit(main())
