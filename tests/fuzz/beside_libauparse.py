"""The grouping of `audisp-json` beside that of the installed libauparse, on logs that both can read."""

from __future__ import annotations

import ctypes
import json
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Optional

import libauparse
from both_ways import BrokenError

from mig_audit.errors import RecordError
from mig_audit.modules.audit.events.auparse_feed import AuparseFeed
from mig_audit.modules.audit.records import parse_line
from mig_audit.modules.audit.records.auparse import type_number

if TYPE_CHECKING:
    from mig_audit.modules.audit.records import Record

Numbers = list[list[int]]

_HEAD = re.compile(rb"msg=audit\([0-9.:]+\):")
_NUMBER = re.compile(rb" line=([0-9]+) ")
# Of what docs/audisp-json.md says that it is different: lines that the library cuts, cannot keep, or takes for none.
_UNLIKE = re.compile(rb"[\0\r]|^[^(]*\x1d")
_LONGEST, _LONGEST_TYPE = 4000, 32


class Library:
    """What the installed libauparse makes of logs; ``missing`` is why there is none, or empty."""

    def __init__(self) -> None:
        """Look for it."""
        self.missing = libauparse.missing()

    def check(self, lines: list[bytes]) -> None:
        """See that a log is put together as the library does it.

        Raises:
            BrokenError: it is not.
        """
        numbered = _numbered(lines)
        ours, theirs = _ours(numbered), _theirs(numbered)
        if theirs is not None and ours != theirs:
            raise BrokenError(f"libauparse makes of the lines {theirs}, and we {ours}")


def _numbered(lines: list[bytes]) -> list[bytes]:
    """Return the lines that both can read, each with its number as its first field."""
    numbered: list[bytes] = []
    for line in lines:
        record = _record(line)
        if record is not None:
            end = _HEAD.search(line).end()  # type: ignore[union-attr]  # a record has that
            numbered.append(line[:end] + b" line=%d " % len(numbered) + line[end:])
    return numbered


def _record(line: bytes) -> Optional[Record]:
    if _UNLIKE.search(line) or len(line) > _LONGEST:
        return None
    try:
        record = parse_line(line, AuparseFeed.seconds_limit)
    except RecordError:
        return None
    # To the library there is no event at the very beginning of time, and of some types it does not know the names.
    return record if record.seconds and _is_known(record.type) else None


@lru_cache(maxsize=1024)
def _is_known(name: str) -> bool:
    number: int = ctypes.CDLL("libaudit.so.1").audit_name_to_msg_type(name.encode())
    return number == type_number(name) and len(name) <= _LONGEST_TYPE


def _ours(lines: list[bytes]) -> Numbers:
    feed = AuparseFeed()
    records = (parse_line(line, AuparseFeed.seconds_limit) for line in lines)
    bundles = [bundle for record in records for bundle in feed.add(record)]
    bundles += feed.flush()
    return [[_number(record.body) for record in bundle.group().records] for bundle in bundles]


def _number(body: bytes) -> int:
    match = _NUMBER.match(b" " + body)
    return int(match[1]) if match else -1


def _theirs(lines: list[bytes]) -> Optional[Numbers]:
    """Ask the library, in a process of its own: it may crash, and then there is no answer."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            events = [
                [int(dict(record).get(b"line") or b"-1") for record in event]
                for event in libauparse.events(lines)
            ]
            with os.fdopen(writer, "w") as answer:
                json.dump(events, answer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None
